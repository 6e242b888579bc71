"""netbsd-dm capture: what it prints, and its exit statuses."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.processes import run

FIXTURES = Path(__file__).parents[2] / "fixtures"
LIFECYCLE = FIXTURES / "netbsd" / "linear-lifecycle.jsonl"
WAY_OUT = "netbsd-dm capture trim leaves it out"
DMSETUP = FIXTURES / "lvm2tools" / "dmsetup.jsonl"


def printed(*arguments: str | Path, status: int = 0) -> list[str]:
    """What `netbsd-dm capture` prints, if it exits as expected."""
    finished = run("capture", *arguments)
    assert finished.returncode == status, finished.stderr.decode()
    return finished.stdout.decode().splitlines()


@pytest.fixture
def cut(tmp_path: Path) -> Path:
    """A recording that was interrupted in its last line."""
    path = tmp_path / "cut.jsonl"
    path.write_bytes(LIFECYCLE.read_bytes()[:-100])
    return path


@pytest.fixture
def doctored(tmp_path: Path) -> Path:
    """A recording of which one reply was changed."""
    lines = LIFECYCLE.read_text().splitlines()
    record = json.loads(lines[1])
    record["reply"] = record["reply"].replace("<integer>0x10</integer>", "<integer>0x11</integer>")
    lines[1] = json.dumps(record)
    path = tmp_path / "doctored.jsonl"
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def test_show_tells_commands_tables_and_outcomes() -> None:
    lines = printed("show", LIFECYCLE)
    assert lines[0].startswith("linear-lifecycle: ")
    assert "    1  create lin uuid LVM-lin -> minor 1" in lines
    place = next(n for n, line in enumerate(lines) if "reload lin -> ok" in line)
    assert lines[place + 1] == "           0 2048 linear /dev/wd1a 0"
    assert not any("<key>" in line for line in lines)


def test_show_takes_several_and_folders() -> None:
    lines = printed("show", FIXTURES / "netbsd", LIFECYCLE, "--step", "1")
    assert sum(line.startswith("linear-lifecycle: ") for line in lines) == 2
    assert sum(line.startswith("       driver ") for line in lines) == 135


def test_show_narrows_by_step_command_and_device() -> None:
    lines = printed("show", DMSETUP, "--step", "1-100", "-c", "reload", "-d", "lin*")
    steps = [line for line in lines if line[:7].strip().isdigit()]
    assert [line.split()[:3] for line in steps] == [
        ["13", "reload", "lin1"],
        ["80", "reload", "lin1"],
        ["94", "reload", "lin1"],
        ["96", "reload", "lin1"],
    ]
    assert sum(line.startswith("       $ dmsetup ") for line in lines) == 4


def test_show_prints_the_texts_and_whole_tables_if_asked() -> None:
    path = FIXTURES / "netbsd" / "linear-many.jsonl"
    short = printed("show", path, "--step", "2")
    assert short[-1] == "           ... 24 more lines"
    long = printed("show", path, "--step", "2", "--all-lines", "--xml")
    assert "           248 8 linear /dev/wd1a 248" in long
    assert "           >     <key>command</key>" in long
    assert "           <     <key>minor</key>" in long


def test_show_prints_nothing_that_a_terminal_obeys() -> None:
    finished = run("capture", "show", FIXTURES / "netbsd", "--xml")
    assert all(line.isprintable() for line in finished.stdout.decode().split("\n"))


def test_show_says_at_the_end_that_a_recording_was_interrupted(cut: Path) -> None:
    finished = run("capture", "show", cut)
    assert finished.returncode == 0
    assert b"cut.jsonl: the recording was interrupted" in finished.stderr


def test_check_says_that_all_recordings_are_well() -> None:
    assert printed("check", FIXTURES) == ["135 files, 3435 steps, ok"]


def test_check_tells_every_problem_by_file_and_line(cut: Path) -> None:
    cut.write_bytes(cut.read_bytes().replace(b"\n", b"\n[]\n", 1))
    assert printed("check", cut, LIFECYCLE, status=1) == [
        f"{cut}:2: expected a JSON object",
        f"{cut}:34: the recording was interrupted in this line; {WAY_OUT}",
        "2 files, 63 steps, 2 errors",
    ]


def test_a_hint_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "hint.jsonl"
    path.write_text('{"scenario": "x", "colour": "blue"}\n')
    assert printed("check", path) == [
        f"{path}:1: hint: the key 'colour' means nothing here",
        "1 file, 0 steps, ok",
    ]


def test_trim_prints_what_is_wanted_and_says_how_much() -> None:
    finished = run("capture", "trim", LIFECYCLE, "--steps", "1-3", "--command", "create")
    assert finished.returncode == 0
    assert finished.stdout == b"".join(LIFECYCLE.read_bytes().splitlines(keepends=True)[:2])
    assert finished.stderr == b"1 of 32 steps kept\n"


def test_trim_mends_an_interrupted_recording(cut: Path, tmp_path: Path) -> None:
    output = tmp_path / "whole.jsonl"
    finished = run("capture", "trim", cut, "-o", output)
    assert finished.returncode == 0
    assert finished.stdout == b""
    assert finished.stderr.endswith(b"31 of 31 steps kept\n")
    assert printed("check", output) == ["1 file, 31 steps, ok"]


def test_trim_leaves_out_what_is_undefined_and_a_replay_still_agrees(tmp_path: Path) -> None:
    """It has steps that crashed the driver; what follows is about a fresh one."""
    output = tmp_path / "stable.jsonl"
    path = FIXTURES / "netbsd" / "reload-no-type.jsonl"
    finished = run("capture", "trim", path, "--drop-undefined", "-o", output)
    assert finished.returncode == 0
    replayed = run("replay", "-p", "netbsd-9", output)
    assert replayed.returncode == 0, replayed.stdout
    assert b" 0 different, 0 skipped" in replayed.stdout


def test_trim_does_not_touch_a_file_that_is_there(tmp_path: Path) -> None:
    output = tmp_path / "mine"
    output.write_text("mine")
    finished = run("capture", "trim", LIFECYCLE, "-o", output)
    assert finished.returncode == 2
    assert b"exists: name another file" in finished.stderr
    assert output.read_text() == "mine"


def test_trim_leaves_no_half_of_a_file_on_a_full_disk(tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    limited = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000));"
        "from netbsd_dm.cli.app import main; main()"
    )
    finished = subprocess.run(
        [sys.executable, "-c", limited, "capture", "trim", LIFECYCLE, "-o", output],
        capture_output=True,
        check=False,
    )
    assert finished.returncode == 1
    assert b"cannot write" in finished.stderr
    assert not output.exists()


def test_diff_of_the_same_is_status_0() -> None:
    (summary,) = printed("diff", LIFECYCLE, LIFECYCLE)
    assert summary.startswith("32 steps are the same, 0 differ, 0 only in ")


def test_diff_shows_the_place_and_is_status_1(doctored: Path) -> None:
    assert printed("diff", LIFECYCLE, doctored, status=1) == [
        "     1  create lin uuid LVM-lin -> minor 1",
        "           reply.version[1]: 0x10 -> 0x11",
        f"31 steps are the same, 1 differ, 0 only in {LIFECYCLE}, 0 only in {doctored}",
    ]


def test_diff_marks_what_only_one_has(cut: Path) -> None:
    *lines, _ = printed("diff", LIFECYCLE, cut, status=1)
    assert lines == ["-   32  names -> none"]
    *lines, _ = printed("diff", cut, LIFECYCLE, status=1)
    assert lines == ["+   32  names -> none"]


def test_another_form_of_the_same_is_no_difference_in_meaning(tmp_path: Path) -> None:
    path = tmp_path / "other.jsonl"
    text = LIFECYCLE.read_text().replace("<integer>4</integer>", "<integer>0x4</integer>")
    path.write_text(text)
    assert len(printed("diff", LIFECYCLE, path, status=1)) > 32
    assert len(printed("diff", "--meaning", LIFECYCLE, path)) == 1


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["show", "none.jsonl"], "does not exist"),
        (["check", "none.jsonl"], "does not exist"),
        (["trim", "none.jsonl"], "does not exist"),
        (["diff", str(LIFECYCLE), "none.jsonl"], "does not exist"),
        (["show", str(FIXTURES / "README.md")], "line 1: no JSON"),
        (["trim", str(FIXTURES / "README.md")], "line 1: no JSON"),
        (["diff", str(LIFECYCLE), str(FIXTURES / "README.md")], "line 1: no JSON"),
        (["show", str(LIFECYCLE), "--step", "x"], "give steps as 3, 3-7, 3- or 1,5-9"),
        (["trim", str(LIFECYCLE), "--steps", "3-1"], "the last step comes before the first"),
        (["show", str(Path(__file__).parent)], "no captures (*.jsonl) in"),
        (["trim", str(LIFECYCLE), "-o", "/nonexistent/x"], "cannot create /nonexistent/x"),
    ],
    ids=str,
)
def test_wrong_usage_is_status_2_with_the_reason(arguments: list[str], reason: str) -> None:
    finished = run("capture", *arguments)
    assert finished.returncode == 2
    assert reason in finished.stderr.decode()


def test_none_of_it_imports_what_it_does_not_need() -> None:
    program = (
        "import sys; sys.argv[1:] = ['capture', 'check', sys.argv[1]];"
        "from netbsd_dm.cli.app import app; app(standalone_mode=False);"
        "print([m for m in ('trio', 'lxml') if m in sys.modules])"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program, LIFECYCLE], capture_output=True, check=True
    )
    assert finished.stdout.splitlines()[-1] == b"[]"
