"""Profile netbsd-9 does what the real driver was recorded to do, byte for byte.

One test for each exchange and each access to a disk; each scenario is replayed
once, when the first of its tests runs.
"""

import difflib
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from netbsd_dm.capture.format import Step, StepClass, read_capture
from netbsd_dm.capture.replay import FreshServer, Result, Verdict, disk_differences, replay
from netbsd_dm.driver.profile import NETBSD_9
from netbsd_dm.plist import Grammar, dumps, loads

FIXTURES = Path(__file__).parents[2] / "fixtures"
CAPTURES = [read_capture(path) for path in sorted(FIXTURES.rglob("*.jsonl"))]

VERSION = dumps({"command": "version", "version": [4, 0, 0]})


@dataclass(frozen=True)
class Replayed:
    """What came of a capture: by step number the result, and for a step that is not
    compared the reply to a version request sent right after it; and how the disks differ."""

    results: dict[int, tuple[Result, bytes]]
    disk_differences: list[str]


@cache
def replayed(index: int) -> Replayed:
    capture = CAPTURES[index]
    found = {}
    differences: list[str] = []
    with FreshServer(NETBSD_9, capture.disks, filled=capture.has_accesses) as server:
        for result in replay(capture, server):
            after = b"" if result.step.is_comparable else server.exchange(VERSION)
            found[result.step.number] = result, after
        if capture.has_accesses:
            differences = list(disk_differences(capture, server.changes()))
    return Replayed(found, differences)


def steps(*, access: bool, comparable: bool) -> list[object]:
    """The steps that are accesses to disks, or exchanges, and that are compared, or not."""
    return [
        pytest.param(index, step.number, id=f"{capture.name}-{step.number:02}-{step.label}")
        for index, capture in enumerate(CAPTURES)
        for step in capture.steps
        if (step.access is not None) is access and step.is_comparable is comparable
    ]


@pytest.mark.parametrize(("index", "number"), steps(access=False, comparable=True))
def test_a_stable_exchange_is_answered_as_recorded(index: int, number: int) -> None:
    result, _ = replayed(index).results[number]
    if result.verdict is not Verdict.EQUAL:
        pytest.fail(difference(result), pytrace=False)


@pytest.mark.parametrize(("index", "number"), steps(access=False, comparable=False))
def test_what_crashed_the_driver_or_confused_it_is_answered(index: int, number: int) -> None:
    result, after = replayed(index).results[number]
    assert result.verdict is Verdict.SKIPPED
    assert result.reply, "no reply"
    assert loads(result.reply, grammar=Grammar.PROPLIB)
    assert loads(after, grammar=Grammar.PROPLIB)["version"] == [4, 16, 0]


@pytest.mark.parametrize(("index", "number"), steps(access=True, comparable=True))
def test_a_stable_access_to_a_disk_comes_to_what_was_recorded(index: int, number: int) -> None:
    result, _ = replayed(index).results[number]
    access = result.step.access
    assert access is not None
    if result.verdict is not Verdict.EQUAL:
        pytest.fail(f"recorded {access.recorded}\ngiven {result.outcome}", pytrace=False)


@pytest.mark.parametrize(("index", "number"), steps(access=True, comparable=False))
def test_an_access_that_crashed_the_driver_or_confused_it_is_survived(
    index: int, number: int
) -> None:
    result, after = replayed(index).results[number]
    assert result.verdict is Verdict.SKIPPED
    assert result.outcome is not None, "it was not done"
    assert loads(after, grammar=Grammar.PROPLIB)["version"] == [4, 16, 0]


@pytest.mark.parametrize(
    "index",
    [
        pytest.param(index, id=capture.name)
        for index, capture in enumerate(CAPTURES)
        if capture.has_accesses
    ],
)
def test_at_the_end_the_disks_hold_what_was_recorded(index: int) -> None:
    assert replayed(index).disk_differences == []


def test_the_fixtures_are_all_there() -> None:
    counts = Counter(
        f"{step.step_class.value} {'access' if step.access else 'exchange'}"
        for capture in CAPTURES
        for step in capture.steps
    )
    assert len(CAPTURES) == 135
    assert counts == {
        "stable exchange": 3172,
        "undefined exchange": 13,
        "panic exchange": 30,
        "stable access": 210,
        "undefined access": 8,
        "panic access": 2,
    }, counts
    assert len(steps(access=False, comparable=True)) == 3172
    assert len(steps(access=True, comparable=True)) == 210
    assert sum(bool(capture.changes) for capture in CAPTURES) == 11, "written to"
    assert len({capture.name for capture in CAPTURES}) == 135, "names are not unique"


def test_every_crash_of_the_driver_but_the_last_is_followed_by_a_restart() -> None:
    # Else the steps after it say nothing.
    for capture in CAPTURES:
        crashed: Step | None = None
        for step in capture.steps:
            assert not (crashed and step.is_comparable), f"{capture.name}: {step.number}"
            if step.step_class is StepClass.PANIC:
                crashed = step
            if step.restarted_after:
                crashed = None


def difference(result: Result) -> str:
    """The lines in which a reply departs from the recorded one."""
    recorded, reply = result.step.reply, result.reply or b""
    if recorded is None or recorded.text is None:
        return f"{len(reply)} bytes, which do not have the recorded size or SHA-256"
    lines = difflib.unified_diff(
        recorded.text.decode("utf-8", "backslashreplace").splitlines(),
        reply.decode("utf-8", "backslashreplace").splitlines(),
        "recorded",
        "answered",
        lineterm="",
    )
    request = (result.step.request or b"").decode("utf-8", "backslashreplace")
    return "\n".join([*lines, "", "the request was:", request[:4000]])
