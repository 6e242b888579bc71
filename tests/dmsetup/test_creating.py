"""create and load: their requests, and what comes of errors."""

from collections.abc import Callable

import pytest

from netbsd_dm.plist import PlistDict

from .conftest import Dmsetup, Finished

TABLE = "0 8 linear /dev/disk0 0"
LINES = [{"start": 0, "length": 8, "type": "linear", "params": "/dev/disk0 0"}]


def test_a_device_with_a_table_takes_three_requests(dmsetup: Dmsetup) -> None:
    finished = dmsetup("create", "vol1", "-u", "U-1", "--table", TABLE)
    assert finished.out == "create and load called \n"
    assert finished.commands == ["create", "reload", "resume"]
    create, reload, resume = finished.requests[1:]
    assert (create["name"], create["uuid"], create["flags"]) == ("vol1", "U-1", 4)
    assert (reload["cmd_data"], resume["cmd_data"]) == (LINES, LINES)
    assert "uuid" not in reload
    assert "uuid" not in resume
    assert dmsetup.done("table", "vol1") == f"{TABLE}\n"


def test_a_device_without_a_table_takes_one(dmsetup: Dmsetup) -> None:
    for words in (["--notable"], ["-n"]):
        name = f"vol{words[0]}"
        finished = dmsetup("create", name, *words, stdin=f"{TABLE}\n")
        assert (finished.commands, finished.out) == (["create"], "")


@pytest.mark.parametrize(
    ("options", "create", "reload", "resume"),
    [
        ([], 0x4, 0x4, 0x4),
        (["-r"], 0x4, 0x5, 0x5),
        (["--noopencount"], 0x4, 0x4, 0x204),
        (["--inactive"], 0x4, 0x4, 0x1004),
        (["-j", "169", "-m", "250"], 0xC, 0x4, 0xC),
        (["-j", "169", "-m", "-1"], 0x4, 0x4, 0x4),
        (["-U", "0", "-G", "5", "-M", "0600", "--readahead", "auto"], 0x4, 0x4, 0x4),
    ],
)
def test_the_flags_of_create(
    dmsetup: Dmsetup, options: list[str], create: int, reload: int, resume: int
) -> None:
    finished = dmsetup("create", "vol1", "--table", TABLE, *options)
    assert [request["flags"] for request in finished.requests[1:]] == [create, reload, resume]


def test_a_read_only_device_without_a_table_is_made_so(dmsetup: Dmsetup) -> None:
    assert dmsetup("create", "vol1", "-r", "--notable").last["flags"] == 0x5


def test_a_failed_load_takes_the_device_back(dmsetup: Dmsetup) -> None:
    finished = dmsetup("create", "vol1", "--table", "0 8 linear /dev/nosuch 0")
    assert finished.status == 1
    assert finished.commands == ["create", "reload", "remove"]
    told, last = finished.err.splitlines()
    assert told.startswith("device-mapper: reload ioctl failed: line 1: /dev/nosuch is not offered")
    assert last == "Command failed"
    assert dmsetup.done("ls") == "No devices found\n"


def test_a_device_that_cannot_be_taken_back_is_told(play: Callable[..., Finished]) -> None:
    def refuse(request: PlistDict) -> PlistDict:
        if request["command"] in ("reload", "remove"):
            return {"error": {"errno": 22, "message": f"no {request['command']} today"}}
        return {}

    finished = play(["create", "vol1", "--table", TABLE], refuse)
    assert finished.status == 1
    assert finished.err == (
        "device-mapper: reload ioctl failed: no reload today\n"
        "device-mapper: remove ioctl failed: no remove today\n"
        "Failed to revert device creation.\nCommand failed\n"
    )


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a/b", 'Name "a/b" invalid. It contains "/".'),
        ("n" * 128, f'Name "{"n" * 128}" too long'),
        ("é" * 64, f'Name "{"é" * 64}" too long'),
    ],
)
def test_a_name_that_cannot_be_is_not_sent(dmsetup: Dmsetup, name: str, message: str) -> None:
    finished = dmsetup("create", name, "--notable")
    assert (finished.status, finished.err) == (1, f"{message}\nCommand failed\n")
    assert finished.commands == []


def test_a_name_of_127_bytes_is_sent(dmsetup: Dmsetup) -> None:
    dmsetup.done("create", "é" * 63 + "x", "--notable")


def test_the_path_of_a_node_names_the_device(
    dmsetup: Dmsetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    dmsetup.done("create", "vol1", "--notable")
    assert dmsetup("info", "/dev/mapper/vol1").last["name"] == "vol1"
    monkeypatch.setenv("DM_DEV_DIR", "/other/")
    assert dmsetup("info", "/other/mapper/vol1").last["name"] == "vol1"
    finished = dmsetup("info", "/dev/mapper/vol1")
    assert (finished.status, finished.commands) == (1, [])
    assert finished.err == "Device /dev/mapper/vol1 not found\nCommand failed\n"


def test_load_and_clear(dmsetup: Dmsetup) -> None:
    dmsetup.done("create", "vol1", "--notable")
    for verb in ("load", "reload"):
        finished = dmsetup(verb, "vol1", "-r", "--inactive", stdin=f"{TABLE}\n")
        assert (finished.last["cmd_data"], finished.last["flags"]) == (LINES, 0x1005)
        assert dmsetup.done("table", "--inactive", "vol1") == f"{TABLE}\n"
        dmsetup.done("clear", "vol1")
        assert dmsetup.done("table", "--inactive", "vol1") == "\n"


def test_load_takes_the_file_for_the_first_word_where_options_give_the_device(
    dmsetup: Dmsetup,
) -> None:
    dmsetup.done("create", "vol1", "-u", "U-1", "--notable")
    finished = dmsetup("load", "-u", "U-1", "nosuch.table")
    assert finished.err == "Couldn't open 'nosuch.table' for reading\nCommand failed\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "Please specify device.\n\n"),
        (["vol1", "--notable"], "--notable only available when creating new device\n\n"),
        (["-u", "U", "file", "more"], "Too many command line arguments.\n\n"),
    ],
)
def test_load_says_what_it_needs(dmsetup: Dmsetup, words: list[str], message: str) -> None:
    finished = dmsetup("load", *words)
    assert (finished.status, finished.err) == (1, f"{message}Command failed\n")
    assert finished.requests == []
