"""Two clocks that call back: one goes by itself, the other when it is told to."""

import heapq
import itertools
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Final

_PER_SECOND: Final = 1_000_000_000
_END_NS: Final = 2**63
"""What fits no signed number of 64 bits: 292 years."""

_Entry = tuple[int, int, "Timer"]


class Timer:
    """A call that is due at a time; `cancel` takes it back."""

    __slots__ = ("_callback", "due_ns")

    def __init__(self, due_ns: int, callback: Callable[[], None]) -> None:
        self.due_ns = due_ns
        self._callback: Callable[[], None] | None = callback

    @property
    def is_pending(self) -> bool:
        """It has neither been called nor cancelled."""
        return self._callback is not None

    def cancel(self) -> None:
        """Do not call, if that has not happened yet."""
        self._callback = None

    def fire(self) -> None:
        """Call, unless that has happened, or was cancelled."""
        callback, self._callback = self._callback, None
        if callback is not None:
            callback()


class Clock(ABC):
    """The time since it was made, and calls at a time.

    It counts in nanoseconds, so that ten times 0.1 seconds are one second.
    Not for several threads: who waits and who moves the clock on are one.
    """

    is_manual: bool

    def __init__(self) -> None:
        self._timers: list[_Entry] = []
        self._order = itertools.count()
        self.on_earlier: Callable[[], None] | None = None
        """Called when the next call is due earlier than it was: sleep less."""

    @abstractmethod
    def nanoseconds(self) -> int:
        """The time."""

    def seconds(self) -> float:
        """The time, as near as a float can tell it."""
        return self.nanoseconds() / _PER_SECOND

    @abstractmethod
    def sleep(self, seconds: float) -> None:
        """Let so much time pass, in a program where nothing else happens meanwhile."""

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Call `callback` in so many seconds; what is due at one time is called in order."""
        timer = Timer(self.nanoseconds() + _in_ns(seconds), callback)
        before = self._next_due_ns()
        heapq.heappush(self._timers, (timer.due_ns, next(self._order), timer))
        if self.on_earlier is not None and (before is None or timer.due_ns < before):
            self.on_earlier()
        return timer

    @property
    def next_due_seconds(self) -> float | None:
        """When the next call is due; None if there is none."""
        due_ns = self._next_due_ns()
        return None if due_ns is None else due_ns / _PER_SECOND

    def _next_due_ns(self) -> int | None:
        while self._timers and not self._timers[0][2].is_pending:
            heapq.heappop(self._timers)
        return self._timers[0][0] if self._timers else None

    def _call_next(self) -> None:
        heapq.heappop(self._timers)[2].fire()


def _in_ns(seconds: float) -> int:
    return round(seconds * _PER_SECOND)


class WallClock(Clock):
    """Goes by itself; who runs the server calls `run_due` when the next call is due."""

    is_manual = False

    def __init__(self) -> None:
        super().__init__()
        self._begun_ns: Final = time.monotonic_ns()

    def nanoseconds(self) -> int:
        return time.monotonic_ns() - self._begun_ns

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)
        self.run_due()

    def run_due(self) -> None:
        """Call what is due by now."""
        now_ns = self.nanoseconds()
        while (due_ns := self._next_due_ns()) is not None and due_ns <= now_ns:
            self._call_next()


class ManualClock(Clock):
    """Stands still until it is advanced, and starts at 0."""

    is_manual = True

    def __init__(self) -> None:
        super().__init__()
        self._ns = 0

    def nanoseconds(self) -> int:
        return self._ns

    def sleep(self, seconds: float) -> None:
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Let so much time pass: every call due until then is made, at its own time.

        What a call makes due within that time is called too.  Raises `ValueError` for
        less than nothing, and for centuries.
        """
        if not seconds >= 0:
            raise ValueError(f"time does not go back: advance by {seconds} seconds")
        if self.seconds() + seconds >= _END_NS / _PER_SECOND:
            raise ValueError(f"{seconds} seconds are more than a clock has: advance by less")
        until_ns = self._ns + _in_ns(seconds)
        while (due_ns := self._next_due_ns()) is not None and due_ns <= until_ns:
            self._ns = max(self._ns, due_ns)
            self._call_next()
        self._ns = max(self._ns, until_ns)  # a call may itself have advanced it
