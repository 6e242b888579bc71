"""Two captures side by side."""

from pathlib import Path

import pytest

from netbsd_dm.capture.aligning import Pair, align
from netbsd_dm.capture.format import Capture, Recorded, Step, StepClass, read_capture
from netbsd_dm.capture.session import Followed

from .conftest import request

FIXTURES = Path(__file__).parents[2] / "fixtures"


def capture(*asked: str) -> Capture:
    """One of made-up requests that are answered by themselves."""
    steps = tuple(
        Step(number, "", StepClass.STABLE, text.encode(), Recorded(text.encode()), False)
        for number, text in enumerate(asked, 1)
    )
    return Capture("made-up", "", (), steps, entries=steps)


def number(followed: Followed | None) -> int | None:
    entry = followed.entry if followed is not None else None
    return entry.number if isinstance(entry, Step) else None


def pairs(old: Capture, new: Capture) -> list[tuple[int | None, int | None, bool]]:
    """By the numbers of the steps, and whether they are the same."""
    return [(number(each.old), number(each.new), each.is_same) for each in align(old, new)]


A, B, C = (request("info", name=name) for name in "abc")


def test_the_same_capture_is_the_same() -> None:
    for path in sorted(FIXTURES.rglob("*.jsonl")):
        one = read_capture(path)
        found = list(align(one, read_capture(path)))
        assert len(found) == len(one.steps)
        assert all(pair.is_same for pair in found)


def test_a_step_that_only_one_has_stands_alone() -> None:
    assert pairs(capture(A, B, C), capture(A, C)) == [(1, 1, True), (2, None, False), (3, 2, True)]
    assert pairs(capture(A, C), capture(A, B, C)) == [(1, 1, True), (None, 2, False), (2, 3, True)]
    assert pairs(capture(), capture(A)) == [(None, 1, False)]


def test_steps_about_the_same_device_belong_together_whatever_else_they_ask() -> None:
    with_flags = request("info", name="a", flags=4)
    assert pairs(capture(B, A), capture(with_flags, C)) == [
        (1, None, False),
        (2, 1, False),
        (None, 2, False),
    ]


def test_of_others_those_that_ask_alike_belong_together() -> None:
    (pair,) = align(capture(A), capture(B))
    assert pair.differences == ('request.name: "a" -> "b"',)
    assert pairs(capture(A), capture(request("remove", name="a"))) == [
        (1, None, False),
        (None, 1, False),
    ]


def test_what_is_no_property_list_belongs_to_the_same_text() -> None:
    assert pairs(capture("?", "!"), capture("!")) == [(1, None, False), (2, 1, True)]


def test_accesses_belong_together_by_device_and_range() -> None:
    one = read_capture(FIXTURES / "netbsd" / "io-linear.jsonl")
    other = read_capture(FIXTURES / "netbsd" / "io-readonly.jsonl")
    found = list(align(one, other))
    both = [each for each in found if each.old is not None and each.new is not None]
    accesses = [each for each in both if each.old is not None and each.old.meaning is None]
    assert accesses
    assert all(_op(each.old) == _op(each.new) for each in accesses)


def _op(followed: Followed | None) -> str | None:
    entry = followed.entry if followed is not None else None
    return entry.access.op if isinstance(entry, Step) and entry.access is not None else None


def test_only_the_meaning_counts_if_that_is_asked() -> None:
    one, other = request("info", flags=4), request("info", flags=4).replace("\t", "  ")
    (pair,) = align(capture(one), capture(other))
    assert not pair.is_same
    (pair,) = align(capture(one), capture(other), only_meaning=True)
    assert pair.is_same


def test_a_pair_of_one_is_not_the_same() -> None:
    (pair,) = align(capture(A), capture())
    assert isinstance(pair, Pair)
    assert (pair.is_same, pair.differences) == (False, ())


@pytest.mark.usefixtures("linear_time")
def test_long_sessions_that_repeat_themselves_are_compared_soon() -> None:
    """A script that polls: what came in between is found, be it first and last."""
    polls = [A] * 5000
    found = pairs(capture(B, *polls, C, *polls), capture(*polls, C, *polls, B))
    assert len(found) == 10_003
    assert [pair for pair in found if not pair[2]] == [(1, None, False), (None, 10_002, False)]
