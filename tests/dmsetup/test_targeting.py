"""message, wait and setgeometry, which only profile standard has."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import netbsd_dm
from netbsd_dm.plist import PlistDict
from tests.helpers.processes import running_server

from .conftest import SCRIPT, Dmsetup, Finished, run_process

TABLE = "0 8 linear /dev/disk0 0"


def echo(request: PlistDict) -> PlistDict:
    """A target that answers a message with it."""
    if request["command"] != "message":
        return {}
    return {"cmd_data": [str(request["cmd_data"])]}


def test_a_message_goes_with_its_sector_and_its_answer_is_printed(
    play: Callable[..., Finished],
) -> None:
    finished = play(["message", "vol1", "12", "reset", "all", "now"], echo)
    assert finished.last["cmd_data"] == [{"sector": 12, "message": "reset all now"}]
    assert finished.last["name"] == "vol1"
    assert "reset all now" in finished.out
    assert finished.status == 0


def test_a_message_to_a_device_of_the_options(play: Callable[..., Finished]) -> None:
    finished = play(["message", "-u", "U-1", "0", "reset"], lambda _: {})
    assert (finished.last["uuid"], finished.out) == ("U-1", "")
    assert finished.last["cmd_data"] == [{"sector": 0, "message": "reset"}]


def test_a_message_without_words_is_told_and_sent(play: Callable[..., Finished]) -> None:
    finished = play(["message", "vol1", "0"], lambda _: {})
    assert (finished.status, finished.err) == (0, "No message supplied.\n\n")
    assert finished.last["cmd_data"] == [{"sector": 0, "message": ""}]


def test_a_target_that_takes_no_message_says_so(dmsetup: Dmsetup) -> None:
    dmsetup.done("create", "vol1", "--table", TABLE)
    finished = dmsetup("message", "vol1", "0", "hello")
    assert finished.status == 1
    assert "message ioctl failed: target linear takes no messages" in finished.err


def test_wait_is_over_at_once_for_an_event_that_was(dmsetup: Dmsetup) -> None:
    dmsetup.done("create", "vol1", "--table", TABLE)
    finished = dmsetup("wait", "-v", "vol1", "0")
    assert finished.last["event_nr"] == 0
    assert "Event number:      1\n" in finished.out
    assert (finished.status, finished.err) == (0, "")


def test_wait_takes_the_number_after_a_device_of_the_options(play: Callable[..., Finished]) -> None:
    finished = play(["wait", "-u", "U-1", "7"], lambda _: {})
    assert (finished.last["uuid"], finished.last["event_nr"]) == ("U-1", 7)


def test_wait_without_a_number_is_for_the_next_event(play: Callable[..., Finished]) -> None:
    assert "event_nr" not in play(["wait", "vol1"], lambda _: {}).last


def test_wait_needs_a_device(dmsetup: Dmsetup) -> None:
    finished = dmsetup("wait")
    assert (finished.status, finished.err) == (1, "No device specified.\nCommand failed\n")


def test_a_process_waits_until_something_happens(tmp_path: Path) -> None:
    with running_server(tmp_path / "dm.sock") as path, netbsd_dm.connect(path) as dm:
        dm.create("vol1")
        finished: list[Finished] = []
        waiter = threading.Thread(
            target=lambda: finished.append(run_process("wait", "-v", "vol1", "0", socket=path))
        )
        waiter.start()
        dm.reload("vol1", [netbsd_dm.TableLine(0, 8, "zero")])
        dm.resume("vol1")
        waiter.join()
    assert finished[0].status == 0, finished
    assert "Event number:      1\n" in finished[0].out


def test_who_waits_can_be_interrupted(tmp_path: Path) -> None:
    with running_server(tmp_path / "dm.sock") as path, netbsd_dm.connect(path) as dm:
        dm.create("vol1")
        environment = os.environ | {"NETBSD_DM_SOCKET": str(path), "PYTHONUNBUFFERED": "1"}
        with subprocess.Popen(
            [sys.executable, "-c", SCRIPT, "wait", "-vv", "vol1"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as waiter:
            assert waiter.stdout is not None
            assert any(b"waitevent" in line for line in waiter.stdout)
            waiter.send_signal(signal.SIGINT)
            _, err = waiter.communicate()
    assert (waiter.returncode, err) == (-signal.SIGINT, b"")


def test_the_geometry_is_what_disk_information_reports(dmsetup: Dmsetup) -> None:
    dmsetup.done("create", "vol1", "-u", "U-1", "--table", TABLE)
    finished = dmsetup("setgeometry", "vol1", "16", "64", "32", "2")
    assert (finished.status, finished.err) == (0, "")
    assert finished.commands == ["info", "setgeometry"]
    given = {"cylinders": 16, "heads": 64, "sectors": 32, "start": 2}
    assert finished.last["cmd_data"] == [given]
    assert "version" not in finished.last


def test_the_geometry_of_a_device_of_the_options_has_a_word_too_many(dmsetup: Dmsetup) -> None:
    dmsetup.done("create", "vol1", "-u", "U-1", "--notable")
    finished = dmsetup("setgeometry", "-u", "U-1", "1", "2", "3", "4", "ignored")
    assert finished.status == 0
    assert finished.last["cmd_data"] == [{"cylinders": 1, "heads": 2, "sectors": 3, "start": 4}]


def test_a_geometry_is_numbers(dmsetup: Dmsetup) -> None:
    dmsetup.done("create", "vol1", "--notable")
    finished = dmsetup("setgeometry", "vol1", "1", "x", "3", "4")
    assert (finished.status, finished.commands) == (1, [])
    assert finished.err == "Invalid geometry supplied.\nCommand failed\n"


def test_the_geometry_of_no_device_is_told(dmsetup: Dmsetup) -> None:
    finished = dmsetup("setgeometry", "nosuch", "1", "2", "3", "4")
    assert finished.status == 1
    assert finished.err == (
        "device-mapper: setgeometry ioctl failed: no device named nosuch\nCommand failed\n"
    )


@pytest.mark.parametrize("name", ["vol1", "nosuch"])
def test_a_driver_without_setgeometry_is_not_sent_it(dmsetup_9: Dmsetup, name: str) -> None:
    dmsetup_9.done("create", "vol1", "--notable")
    finished = dmsetup_9("setgeometry", name, "1", "2", "3", "4")
    assert (finished.status, finished.err) == (1, "Command failed\n")
    assert finished.commands == ["info"]
