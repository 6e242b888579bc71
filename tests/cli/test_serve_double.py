"""netbsd-dm serve as a double: its journal, its faults, its clock, and recordings."""

import signal
from pathlib import Path

import pytest

import netbsd_dm
from netbsd_dm import DMError, Monitor, NoServerError, TableLine
from netbsd_dm.capture.format import read_capture
from tests.helpers.processes import await_line, run, running_server, started


@pytest.fixture
def disk(tmp_path: Path) -> str:
    """An argument of --device."""
    (tmp_path / "disk.img").write_bytes(bytes(64 * 512))
    return f"/dev/wd1a={tmp_path / 'disk.img'},dev=197:0"


def make(path: Path) -> None:
    """A device with a table."""
    with netbsd_dm.connect(path) as dm:
        dm.create("vol1")
        dm.reload("vol1", [TableLine(0, 64, "linear", "/dev/wd1a 0")])
        dm.resume("vol1")


@pytest.fixture
def recording(tmp_path: Path, disk: str) -> Path:
    """The journal of a server that `make` was done to."""
    journal = tmp_path / "journal.jsonl"
    with running_server(tmp_path / "real.sock", "-d", disk, "--journal", journal) as path:
        make(path)
    return journal


def test_its_journal_can_be_replayed(recording: Path) -> None:
    labels = [step.label for step in read_capture(recording).steps]
    assert labels == ["create vol1", "reload vol1", "resume vol1"]
    finished = run("replay", recording)
    assert finished.stdout.splitlines()[-1].startswith(b"3 equal, 0 different"), finished.stdout


def test_a_server_that_is_killed_leaves_a_journal_that_can_be_read(
    tmp_path: Path, disk: str
) -> None:
    journal = tmp_path / "journal.jsonl"
    path = tmp_path / "dm.sock"
    with started("serve", "-U", path, "-d", disk, "--journal", journal) as process:
        await_line(process, b"listening on")
        make(path)
        process.send_signal(signal.SIGKILL)
        process.wait()
    capture = read_capture(journal)
    assert (len(capture.steps), capture.is_cut) == (3, False)


def test_its_faults_are_in_force_from_the_start(tmp_path: Path, disk: str) -> None:
    rules = ("--fault", "reload nth=2 errno=ENOENT", "--fault", "names drop")
    with running_server(tmp_path / "dm.sock", "-d", disk, *rules) as path:
        make(path)
        with netbsd_dm.connect(path) as dm:
            with pytest.raises(DMError, match="fault reload nth=2"):
                dm.reload("vol1", [TableLine(0, 8, "linear", "/dev/wd1a 0")])
            with pytest.raises(NoServerError):
                dm.names()


def test_its_clock_stands_still_if_it_is_to(tmp_path: Path) -> None:
    with (
        running_server(tmp_path / "dm.sock", "--clock", "manual") as path,
        Monitor(path) as monitor,
    ):
        assert monitor.time_ns() == 0
        monitor.advance(30)
        assert monitor.time_ns() == 30_000_000_000


def test_a_playback_answers_without_a_driver_and_ends_well(recording: Path) -> None:
    path = recording.with_name("dm.sock")
    with started("serve", "-U", path, "--playback", recording) as process:
        await_line(process, b"listening on")
        make(path)
        process.terminate()
        assert process.wait() == 0
        assert process.stderr is not None
        assert b"3 of 3 exchanges of journal were asked for, 0 requests departed" in (
            process.stderr.read()
        )


def test_a_playback_says_where_a_client_departs_and_ends_with_status_1(recording: Path) -> None:
    path = recording.with_name("dm.sock")
    with started("serve", "-U", path, "--playback", recording) as process:
        await_line(process, b"listening on")
        with netbsd_dm.connect(path) as dm:
            dm.create("vol1")
            with pytest.raises(DMError, match="step 2 of journal: recorded reload vol1"):
                dm.remove("vol1")
        process.terminate()
        assert process.wait() == 1
        assert process.stderr is not None
        said = process.stderr.read()
    assert b"1 of 3 exchanges of journal were asked for, 1 request departed from it" in said
    assert b"never asked for: step 2, step 3" in said


def test_a_playback_by_keys_takes_them_in_any_order(recording: Path) -> None:
    options = ("--playback", recording, "--match", "keys")
    with (
        running_server(recording.with_name("dm.sock"), *options) as path,
        netbsd_dm.connect(path) as dm,
    ):
        dm.resume("vol1")
        assert dm.create("vol1") == 1
        assert dm.create("vol1") == 1


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        (("--fault", "reload errno=ENOSUCH"), 2, b"errno=ENOSUCH"),
        (("--clock", "sundial"), 2, b"sundial"),
        (("--playback", "nosuch.jsonl"), 2, b"cannot read nosuch.jsonl"),
        (("--journal", "/nosuch/journal"), 1, b"cannot write the journal /nosuch/journal"),
        (("--match", "luck"), 2, b"luck"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_wrong_options_are_refused_by_name(
    tmp_path: Path, options: tuple[str, ...], status: int, message: bytes
) -> None:
    finished = run("serve", "-U", tmp_path / "dm.sock", *options)
    assert finished.returncode == status
    assert message in finished.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_journal_that_holds_something_is_refused(recording: Path) -> None:
    before = recording.read_bytes()
    finished = run("serve", "-U", recording.with_name("dm.sock"), "--journal", recording)
    assert finished.returncode == 1
    assert b"it is not empty" in finished.stderr
    assert recording.read_bytes() == before
