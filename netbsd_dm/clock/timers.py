"""Two clocks that call back: one goes by itself, the other when it is told to."""

import heapq
import itertools
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Final

_Entry = tuple[float, int, "Timer"]


class Timer:
    """A call that is due at a time; `cancel` takes it back."""

    __slots__ = ("_callback", "due_seconds")

    def __init__(self, due_seconds: float, callback: Callable[[], None]) -> None:
        self.due_seconds = due_seconds
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
    """Seconds since it was made, and calls at a time.

    Not for several threads: who waits and who moves the clock on are one.
    """

    is_manual: bool

    def __init__(self) -> None:
        self._timers: list[_Entry] = []
        self._order = itertools.count()
        self.on_earlier: Callable[[], None] | None = None
        """Called when the next call is due earlier than it was: sleep less."""

    @abstractmethod
    def seconds(self) -> float:
        """The time."""

    @abstractmethod
    def sleep(self, seconds: float) -> None:
        """Let so much time pass, in a program where nothing else happens meanwhile."""

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Call `callback` in so many seconds; what is due at one time is called in order."""
        timer = Timer(self.seconds() + seconds, callback)
        before = self.next_due_seconds
        heapq.heappush(self._timers, (timer.due_seconds, next(self._order), timer))
        if self.on_earlier is not None and (before is None or timer.due_seconds < before):
            self.on_earlier()
        return timer

    @property
    def next_due_seconds(self) -> float | None:
        """When the next call is due; None if there is none."""
        while self._timers and not self._timers[0][2].is_pending:
            heapq.heappop(self._timers)
        return self._timers[0][0] if self._timers else None

    def _call_next(self) -> None:
        heapq.heappop(self._timers)[2].fire()


class WallClock(Clock):
    """Goes by itself; who runs the server calls `run_due` when the next call is due."""

    is_manual = False

    def __init__(self) -> None:
        super().__init__()
        self._begun: Final = time.monotonic()

    def seconds(self) -> float:
        return time.monotonic() - self._begun

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)
        self.run_due()

    def run_due(self) -> None:
        """Call what is due by now."""
        now = self.seconds()
        while (due := self.next_due_seconds) is not None and due <= now:
            self._call_next()


class ManualClock(Clock):
    """Stands still until it is advanced, and starts at 0."""

    is_manual = True

    def __init__(self) -> None:
        super().__init__()
        self._seconds = 0.0

    def seconds(self) -> float:
        return self._seconds

    def sleep(self, seconds: float) -> None:
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Let so much time pass: every call due until then is made, at its own time.

        What a call makes due within that time is called too.  Raises `ValueError` for
        less than nothing.
        """
        if not seconds >= 0:
            raise ValueError(f"time does not go back: advance by {seconds} seconds")
        until = self._seconds + seconds
        while (due := self.next_due_seconds) is not None and due <= until:
            self._seconds = max(self._seconds, due)
            self._call_next()
        self._seconds = until
