"""The verbs that look: ls, info, deps, status, table, targets, version, mknodes."""

import sys
from collections.abc import Callable

import pytest

from netbsd_dm.plist import PlistDict

from .conftest import Dmsetup, Finished

INFO = """\
Name:              vol1
State:             ACTIVE
Read Ahead:        0
Tables present:    LIVE
Open count:        0
Event number:      1
Major, minor:      169, 1
Number of targets: 2
UUID: U-1

"""


@pytest.fixture
def two(dmsetup: Dmsetup) -> Dmsetup:
    """`vol1` of two lines, with a uuid, and `vol2` without any."""
    dmsetup.done("create", "vol1", "-u", "U-1", stdin="0 8 linear /dev/disk0 0\n8 8 zero\n")
    dmsetup.done("create", "vol2", "--notable")
    return dmsetup


def test_info(two: Dmsetup) -> None:
    assert two.done("info", "vol1") == INFO
    assert two.done("info").startswith(f"{INFO}Name:              vol2\n")
    assert "Tables present:    None\n" in two.done("info", "vol2")
    assert "UUID" not in two.done("info", "vol2")


def test_info_counts_what_has_the_device_open(two: Dmsetup) -> None:
    with two.mapper.open("vol1"):
        assert "Open count:        1\n" in two.done("info", "vol1")


@pytest.mark.parametrize("profile", ["standard", "netbsd-9"])
def test_a_device_that_is_not_there(start: Callable[[str], Dmsetup], profile: str) -> None:
    dmsetup = start(profile)
    finished = dmsetup("info", "nosuch")
    assert (finished.status, finished.out) == (1, "Device does not exist.\n")
    assert finished.err == "Command failed\n"
    assert dmsetup.done("mknodes", "nosuch") == ""


@pytest.mark.parametrize("verb", ["status", "table", "deps"])
def test_standard_says_which_device_is_not_there(dmsetup: Dmsetup, verb: str) -> None:
    finished = dmsetup(verb, "nosuch")
    assert (finished.status, finished.out) == (1, "")
    message = f"device-mapper: {verb} ioctl failed: no device named nosuch\n"
    assert finished.err == f"{message}Command failed\n"


def test_one_device_that_fails_does_not_keep_the_others_from_being_shown(
    play: Callable[..., Finished],
) -> None:
    def reply(request: PlistDict) -> PlistDict:
        if request["command"] == "names":
            return {"cmd_data": [{"dev": n, "name": f"vol{n}"} for n in (1, 2, 3)]}
        if request.get("name") == "vol2":
            return {"error": {"errno": 5, "message": "not today"}}
        return {"cmd_data": [{"start": 0, "length": 8, "type": "zero"}]}

    finished = play(["status"], reply)
    assert finished.out == "vol1: 0 8 zero \nvol3: 0 8 zero \n"
    assert finished.err == "device-mapper: status ioctl failed: not today\nCommand failed\n"
    assert finished.status == 1


def test_table_and_status(two: Dmsetup) -> None:
    assert two.done("table", "vol1") == "0 8 linear /dev/disk0 0\n8 8 zero \n"
    assert two.done("table") == "vol1: 0 8 linear /dev/disk0 0\nvol1: 8 8 zero \nvol2: \n"
    assert two.done("status", "vol1") == "0 8 linear \n8 8 zero \n"
    assert two.done("table", "vol2") == "\n"


def test_only_the_lines_of_a_target(two: Dmsetup) -> None:
    assert two.done("table", "--target", "zero") == "vol1: 8 8 zero \n"
    assert two.done("status", "vol1", "--target", "linear") == "0 8 linear \n"
    assert two.done("table", "--target", "pink") == ""


def test_verbose_tables_stand_below_their_devices(two: Dmsetup) -> None:
    shown = two.done("table", "-v")
    assert shown.startswith("Name:              vol1\n")
    assert "\nUUID:" not in shown, "table replies no uuid"
    assert "\n\n0 8 linear /dev/disk0 0\n8 8 zero \n\nName:              vol2\n" in shown
    assert two.done("table", "-v", "vol1").endswith("\n\n0 8 linear /dev/disk0 0\n8 8 zero \n")


def test_keys_are_shown_only_if_asked_for(play: Callable[..., Finished]) -> None:
    params = "aes-cbc 00ff77 0 /dev/disk0 0"

    def reply(request: PlistDict) -> PlistDict:
        return {"cmd_data": [{"start": 0, "length": 8, "type": "crypt", "params": params}]}

    hidden = "0 8 crypt aes-cbc 000000 0 /dev/disk0 0\n"
    assert play(["table", "vol1"], reply).out == hidden
    assert play(["table", "vol1", "--showkeys"], reply).out == f"0 8 crypt {params}\n"
    assert play(["status", "vol1"], reply).out == f"0 8 crypt {params}\n"


def test_deps(two: Dmsetup) -> None:
    assert two.done("deps", "vol1") == "1 dependencies\t: (197, 0)\n"
    assert two.done("deps") == "vol1: 1 dependencies\t: (197, 0)\nvol2: 0 dependencies\t:\n"
    two.done("load", "vol2", "--table", "0 8 linear /dev/mapper/vol1 0")
    assert two.done("deps", "--inactive", "vol2") == "1 dependencies\t: (169, 1)\n"


def test_verbose_deps_stand_below_their_devices(two: Dmsetup) -> None:
    shown = two.done("deps", "-v")
    assert "UUID: U-1\n\n1 dependencies\t: (197, 0)\n\nName:              vol2\n" in shown
    assert two.done("deps", "-v", "vol1").endswith("\n\n1 dependencies\t: (197, 0)\n")


def test_ls(two: Dmsetup) -> None:
    assert two.done("ls") == "vol1\t(169, 1)\nvol2\t(169, 2)\n"
    assert two.done("ls", "--target", "zero") == "vol1\t(169, 1)\n"
    assert two.done("ls", "--target", "pink") == ""


def test_a_command_is_run_for_each_device(two: Dmsetup) -> None:
    finished = two("ls", "--exec", "echo  a b")
    assert finished.out == "a b /dev/mapper/vol1\na b /dev/mapper/vol2\n"
    assert finished.commands == ["names", "status", "mknodes", "status", "mknodes"]
    assert two.done("ls", "--exec", "echo", "--target", "zero") == "/dev/mapper/vol1\n"
    assert two.done("table", "--exec", "echo", "vol2") == "/dev/mapper/vol2\n"


def test_a_command_runs_after_what_verbose_shows(two: Dmsetup) -> None:
    out = two.done("ls", "-v", "--exec", "echo", "--target", "zero")
    assert out == "vol1\t(169, 1)\n/dev/mapper/vol1\n"


def test_a_command_finds_the_nodes_where_the_environment_says(
    two: Dmsetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DM_DEV_DIR", "/other")
    assert two.done("ls", "--exec", "echo", "--target", "zero") == "/other/mapper/vol1\n"


def test_the_status_of_a_command_is_its_own_business(two: Dmsetup) -> None:
    assert two.done("ls", "--exec", f"{sys.executable} -c raise(SystemExit(3))") == ""


def test_a_command_that_cannot_run_is_named(two: Dmsetup) -> None:
    finished = two("ls", "--exec", "/nosuch/program", "--target", "zero")
    assert finished.status == 0
    message = "netbsd-dmsetup: cannot run /nosuch/program: No such file or directory\n"
    assert finished.err == message


def test_no_command_at_all_is_a_failure(two: Dmsetup) -> None:
    finished = two("ls", "--exec", " ", "--target", "zero")
    assert (finished.status, finished.err) == (1, "Command failed\n")


def test_targets(dmsetup: Dmsetup) -> None:
    out = dmsetup.done("targets")
    assert "linear           v1.0.2\n" in out
    assert "zero             v" in out


def test_version(dmsetup: Dmsetup) -> None:
    versions = "Library version:   1.02.40 (2009-11-24)\nDriver version:    4.16.0\n"
    assert dmsetup.done("version") == versions
    assert dmsetup.done("--version", "whatever") == versions


def test_mknodes_asks_about_every_device(two: Dmsetup) -> None:
    assert two("mknodes").commands == ["names", "mknodes", "mknodes"]
    assert two("mknodes", "vol1").commands == ["mknodes"]


def test_more_than_one_v_shows_every_request(two: Dmsetup) -> None:
    out = two.done("table", "-vv", "vol2")
    assert out.startswith("Ioctl type  version --- flags 4\nIoctl type  table --- flags 20\nName:")


@pytest.mark.parametrize(
    ("cookie", "lines"),
    [
        ("0x00010000", ["DM_UDEV_DISABLE_DM_RULES_FLAG='1'"]),
        ("1048576", ["DM_UDEV_LOW_PRIORITY_FLAG='1'"]),
        (
            "0xa1200001",
            [
                "DM_UDEV_FLAG5='1'",
                "DM_SUBSYSTEM_UDEV_FLAG0='1'",
                "DM_SUBSYSTEM_UDEV_FLAG5='1'",
                "DM_SUBSYSTEM_UDEV_FLAG7='1'",
            ],
        ),
        ("017", []),
    ],
)
def test_the_flags_in_a_cookie(dmsetup: Dmsetup, cookie: str, lines: list[str]) -> None:
    finished = dmsetup("udevflags", cookie)
    assert finished.out.splitlines() == lines
    assert (finished.status, finished.requests) == (0, [])
    assert dmsetup.done("udevcomplete", cookie) == ""


@pytest.mark.parametrize("cookie", ["0", "x", "0x100000000", "-1", "9x", "0x"])
def test_what_is_no_cookie(dmsetup: Dmsetup, cookie: str) -> None:
    for verb in ("udevflags", "udevcomplete"):
        finished = dmsetup(verb, "--", cookie)
        assert (finished.status, finished.err) == (1, "Incorrect cookie value\nCommand failed\n")


@pytest.mark.parametrize("verb", ["udevcomplete_all", "udevcookies"])
def test_there_is_no_udev(dmsetup: Dmsetup, verb: str) -> None:
    finished = dmsetup(verb)
    assert finished.status == 1
    assert finished.err.startswith("Command not supported. Recompile with ")
