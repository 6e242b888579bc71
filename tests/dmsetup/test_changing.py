"""The verbs that change devices: their requests, and what comes of errors."""

from collections.abc import Callable

import pytest

from netbsd_dm.plist import PlistDict

from .conftest import Dmsetup, Finished

TABLE = "0 8 linear /dev/disk0 0"


@pytest.mark.parametrize(
    ("words", "selected"),
    [
        (["vol1"], {"name": "vol1", "flags": 0x4}),
        (["-u", "U-1"], {"uuid": "U-1", "flags": 0x4}),
        (["-j", "169", "-m", "1"], {"minor": 1, "flags": 0xC}),
        (["-j", "-1", "-m", "1"], {"minor": 1, "flags": 0xC}),
        (["vol1", "-u", "U-1", "-j", "169", "-m", "1"], {"name": "vol1", "flags": 0x4}),
        (["-u", "U-1", "-j", "169", "-m", "1"], {"uuid": "U-1", "flags": 0x4}),
    ],
)
@pytest.mark.parametrize("verb", ["resume", "clear", "info", "table", "deps", "remove"])
def test_a_device_is_given_in_three_ways(
    dmsetup: Dmsetup, verb: str, words: list[str], selected: PlistDict
) -> None:
    dmsetup.done("create", "vol1", "-u", "U-1", "--notable")
    finished = dmsetup(verb, *words)
    assert finished.status == 0, finished
    table_bit = 0x10 if verb == "table" else 0
    expected = selected | {"flags": int(str(selected["flags"])) | table_bit}
    for key in ("name", "uuid", "minor", "flags"):
        assert finished.last.get(key) == expected.get(key)


@pytest.mark.parametrize("verb", ["remove", "suspend", "resume", "clear", "rename", "setgeometry"])
def test_a_device_of_another_driver_is_none_of_ours(dmsetup: Dmsetup, verb: str) -> None:
    others = {"rename": ["new"], "setgeometry": ["1", "1", "1", "1", "1"]}.get(verb, [])
    finished = dmsetup(verb, "-j", "5", "-m", "1", *others)
    assert (finished.status, finished.commands) == (1, [])
    assert finished.err == "Command failed\n"


@pytest.mark.parametrize("verb", ["remove", "suspend", "resume", "clear", "rename"])
def test_without_a_device_nothing_is_asked(dmsetup: Dmsetup, verb: str) -> None:
    finished = dmsetup(verb, *(["new"] if verb == "rename" else []))
    assert (finished.status, finished.commands) == (1, [])
    assert finished.err == "No device specified.\nCommand failed\n"


@pytest.mark.parametrize(
    ("verb", "options", "flags"),
    [
        ("suspend", [], 0x6),
        ("suspend", ["--noflush"], 0x806),
        ("suspend", ["--nolockfs", "--noflush"], 0xC06),
        ("suspend", ["--inactive", "--noopencount"], 0x1206),
        ("resume", ["--noflush"], 0x804),
        ("clear", ["--nolockfs"], 0x404),
        ("remove", [], 0x4),
    ],
)
def test_the_flags_of_simple_verbs(
    dmsetup: Dmsetup, verb: str, options: list[str], flags: int
) -> None:
    dmsetup.done("create", "vol1", "--notable")
    assert dmsetup(verb, *options, "vol1").last["flags"] == flags


def test_suspend_and_resume(dmsetup: Dmsetup) -> None:
    dmsetup.done("create", "vol1", "--table", TABLE)
    assert dmsetup.done("suspend", "vol1") == ""
    assert "State:             SUSPENDED\n" in dmsetup.done("info", "vol1")
    assert dmsetup.done("resume", "vol1") == ""
    assert "State:             ACTIVE\n" in dmsetup.done("info", "vol1")


def test_rename(dmsetup: Dmsetup) -> None:
    dmsetup.done("create", "vol1", "-u", "U-1", "--notable")
    assert dmsetup.done("rename", "vol1", "vol2") == ""
    assert dmsetup.done("rename", "-u", "U-1", "vol3") == ""
    assert dmsetup.done("ls") == "vol3\t(169, 1)\n"


@pytest.mark.parametrize(
    ("words", "command", "message"),
    [
        (["remove", "nosuch"], "remove", "no device named nosuch"),
        (["suspend", "nosuch"], "suspend", "no device named nosuch"),
        (["resume", "-u", "U"], "resume", "no device with uuid U"),
        (["clear", "-j169", "-m9"], "clear", "no device with minor 9"),
        (["rename", "nosuch", "x"], "rename", "no device named nosuch"),
        (["load", "nosuch", "--table", TABLE], "reload", "no device named nosuch"),
        (["create", "vol1", "--notable"], "create", "a device with that name exists: choose"),
        (["load", "vol1", "--table", "0 8 pink"], "reload", "line 1: no target 'pink'"),
        (["remove", "vol1"], "remove", "vol1 is used by top: remove that first"),
    ],
)
def test_standard_tells_what_failed(
    dmsetup: Dmsetup, words: list[str], command: str, message: str
) -> None:
    dmsetup.done("create", "vol1", "--table", TABLE)
    dmsetup.done("create", "top", "--table", "0 8 linear /dev/mapper/vol1 0")
    finished = dmsetup(*words)
    assert (finished.status, finished.out) == (1, "")
    told, last = finished.err.splitlines()
    assert told.startswith(f"device-mapper: {command} ioctl failed: {message}")
    assert last == "Command failed"


def test_remove_force_replaces_the_table_first(dmsetup: Dmsetup) -> None:
    dmsetup.done("create", "vol1", "--table", TABLE)
    finished = dmsetup("remove", "--force", "vol1")
    assert finished.commands == ["table", "reload", "resume", "remove"]
    errors = {"start": 0, "length": 8, "type": "error", "params": ""}
    assert finished.requests[2]["cmd_data"] == [errors]
    assert (finished.status, finished.err) == (0, "")
    assert dmsetup.done("ls") == "No devices found\n"


def test_remove_force_goes_on_where_there_is_no_table(dmsetup: Dmsetup) -> None:
    dmsetup.done("create", "vol1", "--notable")
    finished = dmsetup("remove", "-f", "vol1")
    assert finished.status == 0
    assert finished.err.startswith("device-mapper: reload ioctl failed: ")
    assert dmsetup.done("ls") == "No devices found\n"


def test_remove_force_empties_the_slot_that_could_not_be_made_live(
    play: Callable[..., Finished],
) -> None:
    def refuse(request: PlistDict) -> PlistDict:
        if request["command"] == "resume":
            return {"error": {"errno": 16, "message": "busy"}}
        return {}

    finished = play(["remove", "-f", "vol1"], refuse)
    assert finished.commands == ["table", "reload", "resume", "clear", "remove"]
    assert (finished.status, finished.err) == (0, "device-mapper: resume ioctl failed: busy\n")


def test_remove_all_asks_for_the_nodes_of_what_is_left(dmsetup: Dmsetup) -> None:
    dmsetup.done("create", "vol1", "--notable")
    finished = dmsetup("remove_all")
    assert (finished.status, finished.out, finished.err) == (0, "", "")
    assert finished.commands == ["remove_all", "names"]
    assert finished.requests[1] == {"command": "remove_all", "cmd_data": [], "flags": 4, "name": ""}
    assert dmsetup.done("ls") == "No devices found\n"


def test_remove_all_tells_what_is_left(dmsetup: Dmsetup) -> None:
    dmsetup.done("create", "vol1", "--table", TABLE)
    dmsetup.done("create", "vol2", "--table", TABLE)
    with dmsetup.mapper.open("vol1"):
        finished = dmsetup("remove_all")
        forced = dmsetup("remove_all", "--force")
    message = "device-mapper: remove_all ioctl failed: still in use: vol1; all others are removed\n"
    assert (finished.status, finished.err) == (1, f"{message}Command failed\n")
    assert forced.status == 1
    assert forced.err == f"{message}Unable to remove 1 device(s).\n{message}Command failed\n"
    assert dmsetup.done("table") == "vol1: 0 8 error \n"


def test_remove_all_force_is_over_once_all_are_gone(dmsetup: Dmsetup) -> None:
    dmsetup.done("create", "vol1", "--table", TABLE)
    finished = dmsetup("remove_all", "-f")
    assert (finished.status, finished.out, finished.err) == (0, "", "")
    assert finished.commands == ["remove_all", "names", "names"]


def test_a_driver_without_remove_all_leaves_all(dmsetup_9: Dmsetup) -> None:
    dmsetup_9.done("create", "vol1", "--table", TABLE)
    finished = dmsetup_9("remove_all", "-f")
    assert (finished.status, finished.out) == (0, "")
    assert finished.err == "Unable to remove 1 device(s).\n"


def test_verbose_shows_the_device_as_the_last_reply_does(dmsetup: Dmsetup) -> None:
    shown = dmsetup.done("create", "-v", "vol1", "--table", TABLE)
    assert shown.startswith("create and load called \nName:              vol1\n")
    assert dmsetup.done("suspend", "-v", "vol1").splitlines()[:4] == [
        "Name:              vol1",
        "State:             SUSPENDED",
        "Read Ahead:        0",
        "Tables present:    LIVE",
    ]
    for verb in ("resume", "clear"):
        assert dmsetup.done(verb, "-v", "vol1").startswith("Name:              vol1\n")
    assert "Tables present:    INACTIVE\n" in dmsetup.done("load", "-v", "vol1", "--table", TABLE)
    assert dmsetup.done("remove", "-v", "vol1") == ""


def test_a_read_only_device_shows_where_the_driver_tells(dmsetup: Dmsetup) -> None:
    dmsetup.done("create", "vol1", "-r", "--notable")
    assert "State:             SUSPENDED (READ-ONLY)\n" in dmsetup.done("suspend", "-v", "vol1")
