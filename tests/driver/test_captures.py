"""Profile netbsd-9 answers every recorded request as the real driver did, byte for byte.

One test for each exchange; each scenario is replayed once, when the first of its
tests runs.
"""

import difflib
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from netbsd_dm.capture.format import Step, StepClass, read_capture
from netbsd_dm.capture.replay import FreshServer, Result, Verdict, replay
from netbsd_dm.driver.profile import NETBSD_9
from netbsd_dm.plist import Grammar, dumps, loads

FIXTURES = Path(__file__).parents[2] / "fixtures"
CAPTURES = [read_capture(path) for path in sorted(FIXTURES.rglob("*.jsonl"))]

VERSION = dumps({"command": "version", "version": [4, 0, 0]})


@cache
def results(index: int) -> dict[int, tuple[Result, bytes]]:
    """By step number: what became of it, and for a step that is not compared the reply to a
    version request sent right after it."""
    capture = CAPTURES[index]
    found = {}
    with FreshServer(NETBSD_9, capture.disks) as server:
        for result in replay(capture, server):
            after = b"" if result.step.is_comparable else server.exchange(VERSION)
            found[result.step.number] = result, after
    return found


def steps(*, comparable: bool) -> list[object]:
    return [
        pytest.param(index, step.number, id=f"{capture.name}-{step.number:02}-{step.label}")
        for index, capture in enumerate(CAPTURES)
        for step in capture.steps
        if step.request is not None and step.is_comparable is comparable
    ]


@pytest.mark.parametrize(("index", "number"), steps(comparable=True))
def test_a_stable_exchange_is_answered_as_recorded(index: int, number: int) -> None:
    result, _ = results(index)[number]
    if result.verdict is not Verdict.EQUAL:
        pytest.fail(difference(result), pytrace=False)


@pytest.mark.parametrize(("index", "number"), steps(comparable=False))
def test_what_crashed_the_driver_or_confused_it_is_answered(index: int, number: int) -> None:
    result, after = results(index)[number]
    assert result.verdict is Verdict.SKIPPED
    assert result.reply, "no reply"
    assert loads(result.reply, grammar=Grammar.PROPLIB)
    assert loads(after, grammar=Grammar.PROPLIB)["version"] == [4, 16, 0]


def test_the_fixtures_are_all_there() -> None:
    exchanges = Counter(
        "stable" if step.is_comparable else step.step_class.value if step.request else "disk"
        for capture in CAPTURES
        for step in capture.steps
    )
    assert len(CAPTURES) == 135
    assert exchanges == {"stable": 3172, "undefined": 13, "panic": 30, "disk": 220}, exchanges
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
