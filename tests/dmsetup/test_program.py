"""The program as a whole: wrong usage, help, no server, and what it does not import."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import netbsd_dm
from netbsd_dm.cli.dmsetup.verbs import VERBS, usage
from netbsd_dm.plist import PlistDict, PlistError
from tests.helpers.processes import running_server

from .conftest import SCRIPT, Dmsetup, Finished, run_process

USAGE = f"{usage()}\n"

ALL_VERBS = (
    *("help", "create", "remove", "remove_all", "suspend", "resume", "load", "clear", "reload"),
    *("rename", "message", "ls", "info", "deps", "status", "table", "wait", "mknodes"),
    *("udevflags", "udevcomplete", "udevcomplete_all", "udevcookies", "targets", "version"),
    *("setgeometry", "splitname"),
)


def test_the_verbs_are_those_of_dmsetup() -> None:
    assert tuple(VERBS) == ALL_VERBS


def test_the_usage_reads_as_that_of_dmsetup() -> None:
    lines = USAGE.splitlines()
    assert lines[:4] == [
        "Usage:",
        "",
        "dmsetup [--version] [-v|--verbose [-v|--verbose ...]]",
        "        [-r|--readonly] [--noopencount] [--nolockfs] [--inactive]",
    ]
    assert lines[8:11] == [
        "\thelp [-c|-C|--columns]",
        "\tcreate <dev_name> [-j|--major <major> -m|--minor <minor>]",
        "\t                  [-U|--uid <uid>] [-G|--gid <gid>] [-M|--mode <octal_mode>]",
    ]
    for verb in ALL_VERBS:
        assert f"\n\t{verb} " in USAGE
    assert "\n<device> may be device name or -u <uuid> or -j <major> -m <minor>\n" in USAGE
    assert "Tree options are: ascii, utf, vt100; compact, inverted, notrunc;\n" in USAGE


def test_without_a_verb_there_is_the_usage(dmsetup: Dmsetup) -> None:
    for words in ([], ["-v"]):
        finished = dmsetup(*words)
        assert (finished.status, finished.out, finished.err) == (1, "", USAGE)


@pytest.mark.parametrize("verb", ["nosuch", "INFO", "inf", ""])
def test_an_unknown_verb_is_told_before_the_usage(dmsetup: Dmsetup, verb: str) -> None:
    finished = dmsetup(verb)
    assert (finished.status, finished.err) == (1, f"Unknown command\n{USAGE}")
    assert finished.requests == []


@pytest.mark.parametrize(
    ("verb", "count"),
    [
        ("help", 1),
        ("create", 0),
        ("create", 3),
        ("remove", 2),
        ("remove_all", 1),
        ("suspend", 2),
        ("resume", 2),
        ("load", 3),
        ("clear", 2),
        ("reload", 3),
        ("rename", 0),
        ("rename", 3),
        ("message", 1),
        ("ls", 1),
        ("info", 2),
        ("deps", 2),
        ("status", 2),
        ("table", 2),
        ("wait", 3),
        ("mknodes", 2),
        ("udevflags", 0),
        ("udevcomplete", 2),
        ("udevcomplete_all", 1),
        ("udevcookies", 1),
        ("targets", 1),
        ("version", 1),
        ("setgeometry", 4),
        ("setgeometry", 6),
        ("splitname", 0),
        ("splitname", 3),
    ],
)
def test_a_wrong_number_of_words_is_told_before_the_usage(
    dmsetup: Dmsetup, verb: str, count: int
) -> None:
    finished = dmsetup(verb, *["word"] * count)
    assert (finished.status, finished.err) == (1, f"Incorrect number of arguments\n{USAGE}")
    assert (finished.out, finished.requests) == ("", [])


def test_a_wrong_option_is_told(dmsetup: Dmsetup) -> None:
    finished = dmsetup("info", "-m", "5")
    assert (finished.status, finished.out) == (1, "")
    assert finished.err == (
        "Please specify both major number and minor number.\nCouldn't process command line.\n"
    )


def test_help_is_no_failure(dmsetup: Dmsetup) -> None:
    for words in (["help"], ["--help"], ["create", "-h"]):
        finished = dmsetup(*words)
        assert (finished.status, finished.out, finished.err) == (0, "", USAGE)
    finished = dmsetup("help", "-c")
    assert finished.err.startswith(f"{USAGE}Mapped Device Name Fields\n")
    assert (finished.status, finished.requests) == (0, [])


def test_the_directory_of_nodes_is_a_path(
    dmsetup: Dmsetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DM_DEV_DIR", "dev")
    finished = dmsetup("ls")
    assert finished.err == "Invalid DM_DEV_DIR environment variable value.\n"
    assert (finished.status, finished.requests) == (1, [])


def test_no_server_is_a_failure_that_says_how_to_start_one(tmp_path: Path) -> None:
    path = tmp_path / "none.sock"
    finished = run_process("version", socket=path)
    assert (finished.status, finished.out) == (1, "Library version:   1.02.40 (2009-11-24)\n")
    reason, last = finished.err.splitlines()
    assert reason.startswith(f"no server on {path} (No such file or directory): start one with ")
    assert last == "Command failed"


def test_the_option_names_the_socket(tmp_path: Path) -> None:
    with running_server(tmp_path / "dm.sock") as path:
        finished = run_process("ls", "--socket", str(path), socket=tmp_path / "none.sock")
    assert (finished.status, finished.out, finished.err) == (0, "No devices found\n", "")


def test_a_reply_that_is_none_is_told(play: Callable[..., Finished]) -> None:
    def garble(request: PlistDict) -> PlistDict:
        raise PlistError("it ends in the middle")

    finished = play(["ls"], garble)
    assert (finished.status, finished.out) == (1, "")
    assert finished.err == (
        "device-mapper: version ioctl failed: the reply is no property list:"
        " it ends in the middle\nCommand failed\n"
    )


def test_a_connection_that_is_lost_is_told(play: Callable[..., Finished]) -> None:
    def lose(request: PlistDict) -> PlistDict:
        if request["command"] == "names":
            raise netbsd_dm.NoServerError("the server closed the connection")
        return {}

    finished = play(["ls"], lose)
    assert (finished.status, finished.out) == (1, "")
    assert finished.err == "the server closed the connection\nCommand failed\n"


def test_a_request_that_is_refused_as_a_whole_is_told(play: Callable[..., Finished]) -> None:
    finished = play(["info", "vol1"], lambda _: {"errno": 22})
    assert finished.status == 1
    assert finished.err.startswith("device-mapper: version ioctl failed: the server could not")


def test_names_are_bytes_whatever_the_locale(tmp_path: Path) -> None:
    name = b"caf\xe9-\xc3\xa9"
    with running_server(tmp_path / "dm.sock") as path:
        for locale in ("C", "C.UTF-8", "en_US.ISO-8859-1"):
            create = run_process("create", name, "--notable", socket=path)
            assert (create.status, create.err) == (0, ""), locale
            shown = run_process("ls", socket=path, environment={"LC_ALL": locale})
            assert shown.out.encode("utf-8", "surrogateescape").startswith(name + b"\t(169, ")
            gone = run_process("remove", name, socket=path, environment={"LC_ALL": locale})
            assert (gone.status, gone.err) == (0, ""), locale


def test_a_reader_that_goes_away_is_no_reason_for_a_trace(tmp_path: Path) -> None:
    with running_server(tmp_path / "dm.sock") as path, netbsd_dm.connect(path) as dm:
        for number in range(1000):
            dm.create(f"a-device-with-a-rather-long-name-{number}")
        read_end, write_end = os.pipe()
        os.close(read_end)
        with os.fdopen(write_end, "wb") as closed:
            finished = subprocess.run(
                [sys.executable, "-c", SCRIPT, "ls"],
                stdout=closed,
                stderr=subprocess.PIPE,
                check=False,
                env=os.environ | {"NETBSD_DM_SOCKET": str(path)},
            )
    assert (finished.returncode, finished.stderr) == (1, b"")


def test_it_imports_neither_trio_nor_lxml_nor_typer(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from netbsd_dm.cli.dmsetup import main\n"
        "try:\n"
        "    main()\n"
        "except SystemExit as end:\n"
        "    heavy = ('trio', 'lxml', 'typer', 'click', 'rich', 'subprocess', 'asyncio')\n"
        "    print(end.code, [m for m in heavy if m in sys.modules])\n"
    )
    with running_server(tmp_path / "dm.sock") as path:
        for words in (["version"], ["create", "vol1", "--table", "0 8 zero"], ["info", "-c"]):
            finished = subprocess.run(
                [sys.executable, "-c", program, *words],
                capture_output=True,
                check=True,
                env=os.environ | {"NETBSD_DM_SOCKET": str(path)},
            )
            assert finished.stdout.splitlines()[-1] == b"0 []", finished
