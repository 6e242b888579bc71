"""netbsd-dm replay: what it counts, what it shows, and its exit status."""

import json
import os
import sys
from pathlib import Path

import pytest

import netbsd_dm
from tests.helpers.processes import run, running_server

FIXTURES = Path(__file__).parents[2] / "fixtures"
LIFECYCLE = FIXTURES / "netbsd" / "linear-lifecycle.jsonl"


@pytest.fixture
def doctored(tmp_path: Path) -> Path:
    """A capture in which one reply is not what the driver answered."""
    lines = LIFECYCLE.read_text().splitlines()
    record = json.loads(lines[1])
    record["reply"] = record["reply"].replace("<integer>0x10</integer>", "<integer>0x11</integer>")
    lines[1] = json.dumps(record)
    path = tmp_path / "doctored.jsonl"
    path.write_text("\n".join(lines))
    return path


def test_every_stable_exchange_is_equal() -> None:
    finished = run("replay", "--profile", "netbsd-9", FIXTURES)
    assert finished.returncode == 0, finished.stdout
    *skipped, summary = finished.stdout.decode().splitlines()
    assert summary == "3382 equal, 0 different, 53 skipped"
    assert skipped == ["skipped 32: recorded as panic", "skipped 21: recorded as undefined"]


def test_a_disk_that_is_not_as_recorded_is_shown(tmp_path: Path) -> None:
    text = (FIXTURES / "netbsd" / "io-linear.jsonl").read_text()
    path = tmp_path / "doctored.jsonl"
    path.write_text(
        text.replace("5fb250aa7268d92f", "0" * 16).replace("430bc66ab1357a3c", "0" * 16)
    )
    finished = run("replay", "-p", "netbsd-9", path)
    assert finished.returncode == 1
    shown = finished.stdout.decode().splitlines()
    title = shown.index("io-linear 9 rawread")
    assert shown[title + 1].startswith("- errno 0, 512 bytes, SHA-256 0000000000000000")
    assert shown[title + 2].startswith("+ errno 0, 512 bytes, SHA-256 5fb250aa7268d92f")
    assert "io-linear: wd1a: sector 105 is not as it was recorded at the end" in shown


def test_the_socket_shows_the_same_bytes(tmp_path: Path) -> None:
    options = [
        f"--device={name}={tmp_path / file},dev=197:{minor}"
        for minor, (name, file) in enumerate(
            [("/dev/wd1a", "1.img"), ("/dev/wd2a", "2.img"), ("/dev/wd3a", "3.img")]
        )
    ]
    for file in ("1.img", "2.img", "3.img"):
        (tmp_path / file).write_bytes(bytes(8192 * 512))
    with running_server(tmp_path / "dm.sock", "-p", "netbsd-9", *options) as path:
        finished = run("replay", "-U", path, LIFECYCLE)
    assert finished.returncode == 0, finished.stdout
    assert b" 0 different" in finished.stdout


def test_a_restart_is_not_in_our_hands_where_the_server_runs(tmp_path: Path) -> None:
    with running_server(tmp_path / "dm.sock", "-p", "netbsd-9") as path:
        finished = run("replay", "-U", path, FIXTURES / "netbsd" / "reload-no-type.jsonl")
    assert finished.returncode == 0, finished.stdout
    assert b"skipped 7: after a restart of the recorded driver" in finished.stdout


def test_a_difference_is_shown_with_its_line_and_is_status_1(doctored: Path) -> None:
    finished = run("replay", "-p", "netbsd-9", doctored)
    assert finished.returncode == 1
    title, *diff = finished.stdout.decode().splitlines()
    assert title == "linear-lifecycle 1 create"
    assert "-   20 \t\t<integer>0x11</integer>" in diff
    assert "+   20 \t\t<integer>0x10</integer>" in diff
    assert diff[-1] == "31 equal, 1 different, 0 skipped"


def test_the_difference_is_coloured_on_a_terminal(doctored: Path) -> None:
    read, write = os.openpty()
    environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    process = os.posix_spawn(
        sys.executable,
        [
            sys.executable,
            "-m",
            "netbsd_dm",
            "replay",
            "-p",
            "netbsd-9",
            str(doctored),
            str(FIXTURES),
        ],
        environment | {"TERM": "xterm"},
        file_actions=[(os.POSIX_SPAWN_DUP2, write, 1), (os.POSIX_SPAWN_DUP2, write, 2)],
    )
    os.close(write)
    shown = b""
    try:
        while part := os.read(read, 65_536):
            shown += part
    except OSError:
        pass  # how a terminal tells the end of file
    os.close(read)
    os.waitpid(process, 0)
    assert b"\x1b[31m-   20" in shown
    assert b"\x1b[32m+   20" in shown
    assert b"/136] linear-lifecycle" in shown, "no progress was shown"


def test_in_standard_what_deviates_is_counted_by_name_and_is_status_0() -> None:
    finished = run("replay", LIFECYCLE, FIXTURES / "netbsd" / "targets.jsonl")
    assert finished.returncode == 0, finished.stdout
    *deviations, summary = finished.stdout.decode().splitlines()
    assert deviations == [
        *("deviates 6: reports-event-nr", "deviates 6: resume-keeps-live-table"),
        *("deviates 5: targets", "deviates 1: reports-errors"),
    ]
    assert summary == "21 equal, 0 different, 0 skipped, 16 deviate"


def test_what_deviates_is_shown_on_demand_with_its_names() -> None:
    finished = run("replay", "--verbose", FIXTURES / "netbsd" / "targets.jsonl")
    title, *diff, deviates, summary = finished.stdout.decode().splitlines()
    assert title == "targets 1 targets: deviates, targets"
    assert any(line.startswith("- ") for line in diff)
    assert any(line.startswith("+ ") for line in diff)
    assert deviates == "deviates 5: targets"
    assert summary == "0 equal, 0 different, 0 skipped, 5 deviate"


def test_in_standard_what_is_no_deviation_is_different_and_status_1(doctored: Path) -> None:
    finished = run("replay", doctored)
    assert finished.returncode == 1
    shown = finished.stdout.decode().splitlines()
    assert "linear-lifecycle 1 create" in shown
    assert "-   20 \t\t<integer>0x11</integer>" in shown
    assert shown[-1].endswith("1 different, 0 skipped, 11 deviate")


def test_disks_that_deviate_at_the_end_are_counted_and_shown_on_demand() -> None:
    path = FIXTURES / "netbsd" / "io-readonly.jsonl"
    finished = run("replay", path)
    assert finished.returncode == 0, finished.stdout
    assert b"wd1a" not in finished.stdout
    finished = run("replay", "--verbose", path)
    assert b"io-readonly: wd1a: 0 sectors changed, recorded 2: deviates, enforces-readonly" in (
        finished.stdout
    )


def test_a_wait_that_nobody_ends_deviates() -> None:
    finished = run("replay", FIXTURES / "netbsd" / "unknown-commands.jsonl")
    assert finished.returncode == 0, finished.stdout
    assert b"deviates 17: extra-commands" in finished.stdout


def test_a_running_server_of_profile_standard_is_explained_too(tmp_path: Path) -> None:
    with running_server(tmp_path / "dm.sock") as path:
        finished = run("replay", "-U", path, FIXTURES / "netbsd" / "create-duplicates.jsonl")
    assert finished.returncode == 0, finished.stdout
    assert b"deviates 4: reports-errors" in finished.stdout


def test_a_running_server_that_is_not_fresh_is_different(tmp_path: Path) -> None:
    capture = FIXTURES / "netbsd" / "create-duplicates.jsonl"
    with running_server(tmp_path / "dm.sock") as path:
        with netbsd_dm.connect(path) as dm:
            dm.create("takes-a-minor")
        finished = run("replay", "-U", path, capture)
    assert finished.returncode == 1
    assert b"+   12 \t<integer>0x2</integer>" in finished.stdout
    assert b" 6 different" in finished.stdout


def test_a_running_server_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    capture = FIXTURES / "netbsd" / "unknown-commands.jsonl"
    with running_server(tmp_path / "dm.sock") as path:
        finished = run("replay", "--timeout", "0.1", "-U", path, capture)
    assert finished.returncode == 0, finished.stdout
    assert b" 0 different" in finished.stdout


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("", "line 1: expected a line that describes the scenario"),
        ('{"scenario": "x"}\n{"n": 1\n', "line 2: no JSON"),
        ('{"scenario": "x"}\n{"n": 1, "class": "odd", "request": ""}', "line 2: not a step"),
    ],
)
def test_what_is_no_capture_is_status_2_with_the_line(tmp_path: Path, text: str, hint: str) -> None:
    path = tmp_path / "broken.jsonl"
    path.write_text(text)
    finished = run("replay", path)
    assert finished.returncode == 2
    assert f"{path}: {hint}" in finished.stderr.decode()


def test_an_interrupted_recording_is_replayed_as_far_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "cut.jsonl"
    path.write_bytes(LIFECYCLE.read_bytes()[:-100])
    finished = run("replay", "-p", "netbsd-9", path)
    assert (finished.returncode, finished.stdout) == (0, b"31 equal, 0 different, 0 skipped\n")
    assert f"{path} was interrupted: its last line is left out" in finished.stderr.decode()


def test_a_directory_without_captures_is_status_2(tmp_path: Path) -> None:
    finished = run("replay", tmp_path)
    assert finished.returncode == 2
    assert b"no captures (*.jsonl) in" in finished.stderr


def test_no_server_is_status_3(tmp_path: Path) -> None:
    assert run("replay", "-U", tmp_path / "none.sock", LIFECYCLE).returncode == 3
