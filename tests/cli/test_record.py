"""netbsd-dm record: what is in the capture, how it ends, and its exit status."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import netbsd_dm
from netbsd_dm import TableLine
from netbsd_dm.capture.format import Capture, Disk, read_capture
from netbsd_dm.plist import dumps
from netbsd_dm.wire import calls
from tests.helpers.processes import await_line, run, running_server, started

VERSION = dumps(calls.version().request)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Path]:
    """A server with two disks."""
    for name in ("1.img", "2.img"):
        (tmp_path / name).write_bytes(bytes(64 * 512))
    options = [f"--device=/dev/wd1a={tmp_path}/1.img,dev=197:3", f"-d/dev/wd2a={tmp_path}/2.img"]
    with running_server(tmp_path / "real.sock", *options) as path:
        yield path


@contextmanager
def recording(
    server: Path, *options: str
) -> "Iterator[tuple[subprocess.Popen[bytes], Path, Path]]":
    """A recording of the server: its process, where it listens, and the capture."""
    listen, out = server.with_name("dm.sock"), server.with_name("session.jsonl")
    with started("record", "--listen", listen, "--upstream", server, *options, out) as process:
        await_line(process, b"recording on")
        yield process, listen, out


def session(path: Path) -> None:
    """A device comes and goes."""
    with netbsd_dm.connect(path) as dm:
        dm.create("vol1")
        dm.reload("vol1", [TableLine(0, 64, "striped", "2 8 /dev/wd1a 0 /dev/wd2a 0")])
        dm.resume("vol1")
        dm.deps("vol1")
        dm.remove("vol1")


def ended(process: "subprocess.Popen[bytes]", number: int) -> tuple[int, str]:
    """Exit status and what else was said, after a signal."""
    process.send_signal(number)
    _, said = process.communicate()
    return process.returncode, said.decode()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_in_order(server: Path, number: int) -> None:
    with recording(server) as (process, listen, out):
        session(listen)
        assert ended(process, number) == (0, f"netbsd-dm: 5 exchanges in {out}\n")
        assert not listen.exists()


def test_what_was_recorded_replays_without_a_difference(server: Path) -> None:
    with recording(server) as (process, listen, out):
        session(listen)
        ended(process, signal.SIGTERM)
    finished = run("replay", out)
    assert (finished.returncode, finished.stdout) == (0, b"5 equal, 0 different, 0 skipped\n")


def test_a_server_of_ours_says_itself_what_it_is_and_which_disks_it_has(server: Path) -> None:
    with recording(server) as (_, _, out):
        capture = read_capture(out)
    assert capture.name == "session"
    assert capture.driver == f"netbsd-dm {netbsd_dm.__version__}, profile standard"
    assert capture.disks == (Disk("/dev/wd1a", 64, 197, 3), Disk("/dev/wd2a", 64, 14, 0))


def test_scenario_and_disks_can_be_given(server: Path, tmp_path: Path) -> None:
    (tmp_path / "large.img").write_bytes(bytes(512 * 512))
    device = f"--device=/dev/wd2a={tmp_path}/large.img,dev=5:6"
    with recording(server, "--scenario", "my port", device) as (_, _, out):
        capture = read_capture(out)
    assert capture.name == "my port"
    assert capture.disks == (Disk("/dev/wd1a", 64, 197, 3), Disk("/dev/wd2a", 512, 5, 6))


@pytest.mark.parametrize("is_torn", [False, True])
def test_when_it_is_killed_the_capture_is_whole_up_to_there(server: Path, is_torn: bool) -> None:
    with recording(server) as (process, listen, out):
        session(listen)
        process.kill()
        process.wait()
    if is_torn:  # as if the kill had come within a write
        os.truncate(out, out.stat().st_size - 30)
    capture = read_capture(out)
    assert [step.label for step in capture.steps][:4] == [
        *("create vol1", "reload vol1", "resume vol1", "deps vol1"),
    ]
    assert len(capture.steps) == (4 if is_torn else 5)
    assert run("replay", out).returncode == 0


def test_a_server_that_has_devices_is_warned_about(server: Path) -> None:
    with netbsd_dm.connect(server) as dm:
        dm.create("vol1")
    with recording(server) as (process, _, _):
        _, said = ended(process, signal.SIGTERM)
    assert said.startswith("netbsd-dm: 0 exchanges")
    with started(
        "record",
        "--listen",
        server.with_name("2.sock"),
        "--upstream",
        server,
        server.with_name("o"),
    ) as process:
        await_line(process, b"has devices already, and a replay begins without: vol1")


def test_what_a_playback_says_is_recorded_like_anything_else(server: Path, tmp_path: Path) -> None:
    with recording(server) as (process, listen, out):
        session(listen)
        ended(process, signal.SIGTERM)
    again = tmp_path / "again"
    again.mkdir()
    with (
        running_server(again / "real.sock", "--playback", out) as path,
        recording(path) as (process, listen, second),
    ):
        session(listen)
        ended(process, signal.SIGTERM)
    assert exchanges(read_capture(second)) == exchanges(read_capture(out))


def exchanges(capture: Capture) -> list[object]:
    return [(step.label, step.request, step.reply) for step in capture.steps]


def test_without_a_server_it_is_status_3_and_no_capture_is_made(tmp_path: Path) -> None:
    finished = run(
        *("record", "--listen", tmp_path / "dm.sock"),
        *("--upstream", tmp_path / "none.sock", tmp_path / "out.jsonl"),
    )
    assert finished.returncode == 3
    assert b"no server on" in finished.stderr
    assert not (tmp_path / "out.jsonl").exists()


def test_a_capture_that_is_there_is_status_2_and_left_alone(server: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text("precious\n")
    finished = run("record", "--listen", tmp_path / "dm.sock", "--upstream", server, out)
    assert finished.returncode == 2
    assert f"{out}: it is not empty" in finished.stderr.decode()
    assert out.read_text() == "precious\n"


def test_an_empty_file_becomes_the_capture(server: Path) -> None:
    server.with_name("session.jsonl").touch()
    with recording(server) as (_, _, out):
        assert read_capture(out).steps == ()


@pytest.mark.parametrize(
    ("listen", "out", "said"),
    [
        ("real.sock", "out.jsonl", "a server is listening on"),
        ("no/such/dm.sock", "out.jsonl", "give another --listen"),
        ("dm.sock", "no/such/out.jsonl", "No such file or directory; name another file"),
        ("dm.sock", "/dev/full", "cannot make /dev/full: No space left on device"),
    ],
)
def test_what_cannot_be_opened_is_status_1(
    server: Path, tmp_path: Path, listen: str, out: str, said: str
) -> None:
    finished = run("record", "--listen", tmp_path / listen, "--upstream", server, tmp_path / out)
    assert finished.returncode == 1
    assert said in finished.stderr.decode()


def test_both_sockets_must_be_named(tmp_path: Path) -> None:
    assert run("record", "--listen", tmp_path / "dm.sock", tmp_path / "out").returncode == 2
