"""All that is wrong with a capture is told, not only the first thing."""

from pathlib import Path
from typing import Any

import pytest

from netbsd_dm.capture.checking import Problem, check
from netbsd_dm.capture.writing import CaptureFile, head
from netbsd_dm.capture.writing import step as written_step
from netbsd_dm.plist import UInt

from .conftest import HEAD, Write, request, step

FIXTURES = Path(__file__).parents[2] / "fixtures"
NAMES = request("names")
WAY_OUT = "netbsd-dm capture trim leaves it out"
IO = {"op": "R", "minor": 1, "off": 0, "len": 512, "errno": 5}


def asked(number: int = 1, **given: Any) -> dict[str, Any]:
    return step(number, request=NAMES, reply=NAMES, **given)


def test_nothing_is_wrong_with_the_recordings() -> None:
    checked = {path.name: check(path) for path in sorted(FIXTURES.rglob("*.jsonl"))}
    assert {name: each.problems for name, each in checked.items() if each.problems} == {}
    assert sum(each.steps for each in checked.values()) == 3435


def test_nothing_is_wrong_with_what_we_write(tmp_path: Path) -> None:
    path = tmp_path / "capture.jsonl"
    with CaptureFile(path, head("name", "text", "driver", [])) as file:
        file.append(written_step(1, NAMES.encode(), NAMES.encode(), client=1, at_seconds=0))
        file.append(
            written_step(2, NAMES.encode(), NAMES.encode(), faults=["x"], truncated_bytes=3)
        )
    assert check(path).problems == ()


def test_every_problem_is_told_with_its_line(write: Write) -> None:
    path = write(
        {"scenario": 5, "driver": None, "colour": "blue"},
        "{",
        asked(2),
        "",
        "[]",
        step(2, request=NAMES, replay=NAMES) | {"class": "good"},
        {"argv": "dmsetup", "run": 1},
        {"fault": ["x"]},
    )
    path.write_bytes(path.read_bytes() + b'{"n": 3')
    checked = check(path)
    assert (checked.steps, checked.errors) == (2, 9)
    assert [
        (problem.line, problem.text.partition(": ")[0], problem.is_hint)
        for problem in checked.problems
    ] == [
        (1, "scenario is not a text", False),
        (1, "driver is not a text", False),
        (1, "the key 'colour' means nothing here", True),
        (2, "no JSON", False),
        (5, "expected a JSON object", False),
        (6, "class is not one of stable, undefined, panic", False),
        (6, "the key 'replay' means nothing here", True),
        (6, "n is 2, after 2", False),
        (7, "argv is not an array of at least one text", False),
        (8, "it has no what", False),
        (
            9,
            "the recording was interrupted in this line; netbsd-dm capture trim leaves it out",
            False,
        ),
    ]


def problems(write: Write, *lines: object) -> list[Problem]:
    return list(check(write(HEAD, *lines)).problems)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ({"class": "stable", "request": NAMES}, "it has no n"),
        ({"n": 1, "request": NAMES}, "it has no class"),
        (asked(0), "n is not a whole number from 1"),
        (asked() | {"n": True}, "n is not a whole number from 1"),
        (asked(label=5), "label is not a text"),
        (asked(client=0), "client is not a whole number from 1"),
        (asked(at="late"), "at is not a number of seconds"),
        (asked(at=-1), "at is not a number of seconds"),
        (asked(fault=[]), "fault is not an array of at least one text"),
        (asked(fault=[1]), "fault is not an array of at least one text"),
        (asked(dropped=1), "dropped is not true or false"),
        (asked(truncated=1.5), "truncated is not a whole number from 0"),
        (asked(truncated=1, dropped=True), "it must not have both dropped and truncated"),
        (step(1, request=NAMES, truncated=1) | {"class": "panic"}, "it is truncated, but has no"),
        (step(1, request={"hex": "00"}), 'request is not a text or {"base64": ...}'),
        (step(1, request={"base64": "?"}), "not a step"),
        (asked(reply_sha256="0" * 64, reply_bytes=1), "it must not have both a reply and"),
        (step(1, request=NAMES, reply_sha256="F" * 64, reply_bytes=1), "reply_sha256 is not 64"),
        (step(1, request=NAMES, reply_sha256="0" * 63, reply_bytes=1), "reply_sha256 is not 64"),
        (step(1, request=NAMES, reply_sha256="0" * 64), "not a step"),
        (step(1), "it must have either a request or an io"),
        (asked(io=IO), "it must have either a request or an io"),
        (step(1, io=[]), "io is not an object"),
        (step(1, io=IO | {"op": "X"}), "not a step"),
    ],
    ids=repr,
)
def test_what_is_wrong_with_a_step_is_an_error(write: Write, line: object, text: str) -> None:
    (problem,) = problems(write, line)
    assert (problem.line, problem.is_hint) == (2, False)
    assert problem.text.startswith(text)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (step(1, request="?", reply=NAMES), "the request is not a property list, but the reply"),
        (step(1, request=NAMES, reply="?"), "the reply is not a property list"),
        (step(1, request=NAMES), "it is stable, but has no reply"),
        (asked(colour="blue"), "the key 'colour' means nothing here"),
    ],
    ids=repr,
)
def test_what_may_not_be_meant_is_a_hint(write: Write, line: object, text: str) -> None:
    (problem,) = problems(write, line)
    assert problem.is_hint
    assert problem.text.startswith(text)


@pytest.mark.parametrize(
    "line",
    [
        step(1, request="?", reply=request("x", errno=UInt(5))),
        step(1, request="?") | {"class": "panic"},
        step(1, request=NAMES, reply_sha256="0" * 64, reply_bytes=1),
        step(1, io=IO),
        {"argv": ["ls"], "run": 1},
        {"fault": ["x"], "what": "open", "at": 0},
    ],
    ids=repr,
)
def test_what_is_as_it_should_be_is_not_told(write: Write, line: object) -> None:
    assert problems(write, line) == []


def test_numbers_must_rise_but_may_leave_out_some(write: Write) -> None:
    assert problems(write, asked(3), asked(7)) == []
    (problem,) = problems(write, asked(3), asked(7), asked(5), asked(6))
    assert problem == Problem(4, "n is 5, after 7: it must rise", is_hint=False)


def test_disks_must_differ(write: Write) -> None:
    disk = {"name": "/dev/wd1a", "sectors": 8, "dev": [197, 0]}
    same_name = check(write({"scenario": "x", "disks": [disk, disk | {"dev": [197, 1]}]}))
    assert same_name.problems == (Problem(1, "2 disks are called /dev/wd1a", is_hint=False),)
    same_dev = check(write({"scenario": "x", "disks": [disk, disk | {"name": "/dev/wd2a"}]}))
    assert same_dev.problems == (Problem(1, "2 disks have the dev [197, 0]", is_hint=True),)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (asked(), "it has no scenario"),
        (HEAD | {"format": 2}, "it is of format 2, this reads format 1"),
        (HEAD | {"format": "1"}, "format is not a whole number from 1"),
        (HEAD | {"disks": [{"name": "x"}]}, "disks is not an array of disks"),
        (HEAD | {"disks": [{"name": "x", "sectors": 2**40, "dev": [1, 2]}]}, "not a disk"),
        (HEAD | {"recorded": {"disk_changes": []}}, "not a disk"),
    ],
    ids=repr,
)
def test_what_is_wrong_with_the_first_line_is_told(
    write: Write, line: dict[str, Any], text: str
) -> None:
    first = check(write(line)).problems[0]
    assert first.text.startswith(text)
    assert (first.line, first.is_hint) == (1, False)


def test_an_empty_file_is_no_capture(write: Write) -> None:
    assert check(write("", " ")).problems == (Problem(1, "the file is empty", is_hint=False),)
