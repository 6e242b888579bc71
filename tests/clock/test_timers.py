"""Clocks: calls at their times, in their order, and never backwards."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netbsd_dm.clock.timers import Clock, ManualClock, Timer, WallClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def nothing() -> None:
    """A call that does nothing."""


class Recorder:
    """A call that notes its name and the time."""

    def __init__(self, clock: Clock, calls: list[tuple[str, float]], name: str) -> None:
        self._clock, self._calls, self._name = clock, calls, name

    def __call__(self) -> None:
        self._calls.append((self._name, self._clock.seconds()))


def test_a_manual_clock_stands_still(clock: ManualClock) -> None:
    calls: list[tuple[str, float]] = []
    clock.call_later(0.2, Recorder(clock, calls, "a"))
    assert clock.seconds() == 0
    clock.advance(0)
    clock.advance(0.199999999)
    assert calls == []
    clock.advance(0.000000001)
    assert calls == [("a", 0.2)]
    clock.advance(10)
    assert calls == [("a", 0.2)], "called twice"
    assert clock.seconds() == pytest.approx(10.2)


def test_calls_are_made_each_at_its_own_time_and_equal_ones_in_order(clock: ManualClock) -> None:
    calls: list[tuple[str, float]] = []
    for name, seconds in (("c", 3), ("a", 1), ("b1", 2), ("b2", 2), ("late", 4)):
        clock.call_later(seconds, Recorder(clock, calls, name))
    clock.advance(3.5)
    assert calls == [("a", 1), ("b1", 2), ("b2", 2), ("c", 3)]
    assert clock.seconds() == 3.5


@given(
    st.lists(st.integers(0, 30), max_size=20),
    st.lists(st.integers(0, 10), min_size=1, max_size=20),
)
def test_whatever_the_steps_the_calls_are_the_same(delays: list[int], steps: list[int]) -> None:
    def run(steps: list[int]) -> list[tuple[str, float]]:
        clock, calls = ManualClock(), list[tuple[str, float]]()
        for index, delay in enumerate(delays):
            clock.call_later(delay / 10, Recorder(clock, calls, str(index)))
        for step in steps:
            clock.advance(step / 10)
        return calls

    assert run(steps) == run([sum(steps)])


def test_what_a_call_makes_due_within_the_time_is_called_too(clock: ManualClock) -> None:
    calls: list[float] = []

    def again() -> None:
        calls.append(clock.seconds())
        clock.call_later(1, again)

    clock.call_later(1, again)
    clock.advance(60)
    assert calls == list(range(1, 61)), "a minute of failures"
    assert clock.next_due_seconds == 61


def test_many_short_steps_are_one_long_step(clock: ManualClock) -> None:
    calls: list[tuple[str, float]] = []
    clock.call_later(1, Recorder(clock, calls, "a"))
    for _ in range(10):
        clock.advance(0.1)  # ten times 0.1 is less than 1 in floats
    assert calls == [("a", 1)]


def test_a_cancelled_call_is_not_made(clock: ManualClock) -> None:
    calls: list[tuple[str, float]] = []
    timers = [clock.call_later(1, Recorder(clock, calls, name)) for name in "ab"]
    assert [timer.is_pending for timer in timers] == [True, True]
    timers[0].cancel()
    assert [timer.is_pending for timer in timers] == [False, True]
    clock.advance(1)
    assert calls == [("b", 1)]
    assert [timer.is_pending for timer in timers] == [False, False]
    timers[1].cancel()  # too late, and no harm
    assert clock.next_due_seconds is None


def test_a_call_may_cancel_another_that_is_due_at_the_same_time(clock: ManualClock) -> None:
    calls: list[tuple[str, float]] = []
    others: list[Timer] = []

    def cancel_others() -> None:
        for other in others:
            other.cancel()

    clock.call_later(1, cancel_others)
    others.append(clock.call_later(1, Recorder(clock, calls, "other")))
    clock.advance(1)
    assert calls == []


@pytest.mark.parametrize("seconds", [-1, -1e-9, math.nan])
def test_time_does_not_go_back(clock: ManualClock, seconds: float) -> None:
    clock.advance(5)
    with pytest.raises(ValueError, match="time does not go back"):
        clock.advance(seconds)
    assert clock.seconds() == 5


@pytest.mark.parametrize("seconds", [math.inf, 1e10])
def test_time_has_an_end(clock: ManualClock, seconds: float) -> None:
    with pytest.raises(ValueError, match="more than a clock has"):
        clock.advance(seconds)
    assert clock.seconds() == 0


def test_a_call_that_sleeps_does_not_turn_the_clock_back(clock: ManualClock) -> None:
    seen: list[float] = []

    def sleep() -> None:
        clock.sleep(10)
        seen.append(clock.seconds())

    clock.call_later(1, sleep)
    clock.advance(2)
    assert seen == [11]
    assert clock.seconds() == 11


def test_a_call_that_raises_leaves_the_rest_for_later(clock: ManualClock) -> None:
    calls: list[tuple[str, float]] = []

    def fail() -> None:
        raise RuntimeError("a bug")

    clock.call_later(1, fail)
    clock.call_later(2, Recorder(clock, calls, "b"))
    with pytest.raises(RuntimeError):
        clock.advance(5)
    assert clock.seconds() == 1
    clock.advance(5)
    assert calls == [("b", 2)]


@pytest.mark.parametrize("clock", [ManualClock(), WallClock()], ids=["manual", "wall"])
def test_whoever_sleeps_is_told_only_of_what_is_due_earlier(clock: Clock) -> None:
    told: list[float | None] = []
    clock.on_earlier = lambda: told.append(clock.next_due_seconds)
    clock.call_later(3600, nothing)
    assert len(told) == 1
    clock.call_later(7200, nothing)
    assert len(told) == 1
    clock.call_later(60, nothing)
    assert len(told) == 2


def test_the_wall_clock_calls_what_is_due_and_leaves_the_rest() -> None:
    clock = WallClock()
    calls: list[str] = []
    clock.call_later(0, lambda: calls.append("now"))
    clock.call_later(3600, lambda: calls.append("in an hour"))
    clock.run_due()
    assert calls == ["now"]
    due_seconds = clock.next_due_seconds
    assert due_seconds is not None
    assert due_seconds >= 3600
    assert not clock.is_manual


def test_sleeping_by_the_wall_clock_makes_the_calls_of_that_time() -> None:
    clock = WallClock()
    calls: list[str] = []
    clock.call_later(0.001, lambda: calls.append("while we slept"))
    clock.sleep(0.002)
    assert calls == ["while we slept"]
    assert clock.seconds() >= 0.002
