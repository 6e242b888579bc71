"""netbsd-dm show: the state of a server as text, as tables for a terminal, as JSON."""

import json
import os
import pty
import subprocess
from pathlib import Path

import pytest
import typer

from netbsd_dm import Client, Monitor, Settings, TableLine, __version__
from netbsd_dm.cli.sections import seconds_text
from netbsd_dm.cli.showing import show_state
from tests.helpers.looking import make
from tests.helpers.processes import COMMAND, run


@pytest.fixture
def path(settings: Settings, dm: Client) -> Path:
    """The socket of a server with a device that has both tables, and one on it."""
    dm.create("vol1", "LVM-1")
    dm.reload("vol1", [TableLine(0, 64, "linear", "/dev/wd1a 384"), TableLine(64, 8, "zero")])
    dm.resume("vol1")
    dm.reload("vol1", [TableLine(0, 8, "linear", "/dev/wd1a 0")])
    dm.suspend("vol1")
    make(dm, "top", TableLine(0, 64, "linear", "/dev/mapper/vol1 0"))
    return settings.socket_path


def shown(path: Path, *names: str, shows_all: bool = False) -> None:
    """Print the state as text."""
    show_state(list(names), path, as_json=False, shows_all=shows_all)


def test_the_whole_state_is_shown(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Monitor(path) as monitor:
        monitor.add_fault("reload nth=9 errno=EIO")
        monitor.advance(1.5)
        shown(path)
    pid, uid = str(os.getpid()), str(os.getuid())
    pids, uids = max(3, len(pid)), max(3, len(uid))
    client = f"{pid:>{pids}}  {uid:>{uids}}"
    assert (
        capsys.readouterr().out
        == f"""\
netbsd-dm {__version__}, profile standard, process {pid}, 1.5 s by the manual clock

Devices
NAME  MINOR  STATE                     OPEN  EVENT  SECTORS  UUID
vol1      1  suspended, live+inactive     0      1       72  LVM-1
top       2  live                         0      1       64

Tables
DEVICE  SLOT      START  LENGTH  TYPE    PARAMS
vol1    live          0      64  linear  /dev/wd1a 384
vol1    live         64       8  zero
vol1    inactive      0       8  linear  /dev/wd1a 0
top     live          0      64  linear  /dev/mapper/vol1 0

Physical devices in use
NAME              DEV    SECTORS  REFERENCES  FILE
/dev/mapper/vol1  169:1       72           1  the device vol1
/dev/wd1a         197:0     2048           2  {tmp_path}/wd1a

Offered, not in use
NAME       DEV   FILE
/dev/wd2a  14:0  {tmp_path}/wd2a (read-only)

Clients
CLIENT  {"PID":>{pids}}  {"UID":>{uids}}  REQUESTS
     1  {client}         8
     2  {client}         0

Faults
FAULT                   MATCHES  HITS
reload nth=9 errno=EIO        0     0
"""
    )


def test_what_there_is_not_is_said(
    dm: Client, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    dm.close()
    shown(settings.socket_path)
    out = capsys.readouterr().out
    for nothing in (
        "Devices: no devices",
        "Tables: no tables",
        "Physical devices in use: no physical devices in use",
        "Faults: no faults",
    ):
        assert f"\n{nothing}\n" in out


@pytest.mark.parametrize("name", ["vol1", "LVM-1", "1"])
def test_a_name_chooses_a_device_and_its_disks(
    path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shown(path, name)
    _, devices, tables, pdevs = capsys.readouterr().out.split("\n\n")
    assert [line.split()[0] for line in devices.splitlines()] == ["Devices", "NAME", "vol1"]
    assert [line.split()[0] for line in tables.splitlines()[2:]] == ["vol1"] * 3
    assert [line.split()[0] for line in pdevs.splitlines()[2:]] == ["/dev/wd1a"]


def test_the_name_of_one_is_not_the_uuid_of_another(
    path: Path, dm: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    dm.create("LVM-1")
    dm.create("2")
    shown(path, "LVM-1", "2")
    devices = capsys.readouterr().out.split("\n\n")[1]
    assert [line.split()[:2] for line in devices.splitlines()[2:]] == [["LVM-1", "3"], ["2", "4"]]


def test_an_unknown_device_is_status_1_with_those_there_are(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as caught:
        shown(path, "vol1", "nobody\x1b")
    assert caught.value.exit_code == 1
    assert capsys.readouterr().err == (
        "netbsd-dm: no device named nobody\\x1b; there are vol1, top\n"
    )


@pytest.mark.parametrize(("count", "whole"), [(8, True), (9, True), (10, False), (50, False)])
def test_a_long_table_is_shortened(
    dm: Client, settings: Settings, count: int, whole: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    make(dm, "vol1", *(TableLine(at, 1, "zero") for at in range(count)))
    shown(settings.socket_path, "vol1")
    lines = capsys.readouterr().out.split("\n\n")[2].splitlines()[2:]
    if whole:
        assert len(lines) == count
    else:
        assert len(lines) == 9
        more = f"{count - 8} more lines; --all shows them"
        assert lines[-1].split(maxsplit=3)[2:] == ["...", more]
    shown(settings.socket_path, shows_all=True)
    assert len(capsys.readouterr().out.split("\n\n")[2].splitlines()[2:]) == count


def test_json_is_what_the_server_tells(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    show_state([], path, as_json=True, shows_all=False)
    with Monitor(path) as monitor:
        assert json.loads(capsys.readouterr().out) == monitor.ask("state")


def test_json_of_some_devices_has_them_and_their_disks(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    show_state(["top"], path, as_json=True, shows_all=False)
    found = json.loads(capsys.readouterr().out)
    assert [device["name"] for device in found["devices"]] == ["top"]
    assert [pdev["name"] for pdev in found["pdevs"]] == ["/dev/mapper/vol1"]
    assert found["devices"][0]["live"][0]["uses"] == [
        {"name": "/dev/mapper/vol1", "dev": [169, 1], "start": 0, "end": 64}
    ]


def on_a_terminal(*arguments: str | Path, columns: int = 60) -> str:
    """What a command writes to a terminal of so many columns."""
    ours, theirs = pty.openpty()
    environment = os.environ | {"TERM": "xterm", "COLUMNS": str(columns)}
    with subprocess.Popen([*COMMAND, *arguments], stdout=theirs, env=environment) as process:
        os.close(theirs)
        data = b""
        try:
            while part := os.read(ours, 4096):
                data += part
        except OSError:
            """EIO: the other end is closed."""
        finally:
            os.close(ours)
    assert process.returncode == 0
    return data.decode()


def test_a_terminal_gets_tables_that_fit(dm: Client, settings: Settings) -> None:
    params = "3 8 " + " ".join(f"/dev/wd1a {at}" for at in (0, 1000, 2000))
    make(dm, "[bold]vol1", TableLine(0, 24, "striped", params))
    dm.create("\x1b[2J")
    text = on_a_terminal("show", "-U", settings.socket_path)
    lines = text.replace("\x1b[1m", "").replace("\x1b[0m", "").splitlines()
    assert max(map(len, lines)) <= 60
    assert any(line.startswith("╭─") for line in lines)
    assert "[bold]vol1" in text
    assert "\x1b[2J" not in text
    assert "\\x1b[2J" in text


def test_a_pipe_gets_lines_as_long_as_they_are(dm: Client, settings: Settings) -> None:
    params = "3 8 " + " ".join(f"/dev/wd1a {at}" for at in (0, 1000, 2000))
    make(dm, "vol1", TableLine(0, 24, "striped", params))
    finished = run("show", "-U", settings.socket_path, environment={"COLUMNS": "40"})
    assert finished.returncode == 0
    assert params in finished.stdout.decode()
    assert finished.stdout.isascii()


def test_no_server_is_status_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as caught:
        shown(tmp_path / "none.sock")
    assert caught.value.exit_code == 3
    assert "start one with" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("time_ns", "text"),
    [
        (0, "0 s"),
        (1, "0.000000001 s"),
        (1_500_000_000, "1.5 s"),
        (10_000_000_000, "10 s"),
        (2**64, "18446744073.709551616 s"),
    ],
)
def test_times_are_exact(time_ns: int, text: str) -> None:
    assert seconds_text(time_ns) == text
