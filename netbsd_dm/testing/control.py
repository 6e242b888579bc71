"""What a test does to a server while it runs: its faults and its clock."""

from collections.abc import Callable
from concurrent.futures import Future

from ..clock.timers import Clock, ManualClock
from ..faults.plan import Plan
from ..faults.rules import Rule
from ..faults.text import parse_rule
from .meanwhile import WAIT_SECONDS
from .thread import ServerThread


class Faults:
    """The rules of a server, such as `reload nth=2 errno=ENOENT`; docs/faults.md has all."""

    def __init__(self, plan: Plan, thread: ServerThread) -> None:
        self._plan = plan
        self._thread = thread

    def add(self, *rules: Rule | str) -> None:
        """Put rules in force; their matches count from now on.  Raises `ValueError`."""
        read = [parse_rule(rule) if isinstance(rule, str) else rule for rule in rules]
        self._thread.call(lambda: [self._plan.add(rule) for rule in read])

    def remove(self, rule: Rule | str) -> None:
        """Take a rule out of force; raises `ValueError` if it is not."""
        self._thread.call(lambda: self._plan.remove(str(rule)))

    def clear(self) -> None:
        """Take every rule out of force."""
        self._thread.call(self._plan.clear)

    @property
    def hits(self) -> dict[str, int]:
        """How often each rule in force has hit, by its text."""
        return self._thread.call(lambda: {str(each.rule): each.hits for each in self._plan})


class HandClock:
    """The clock of a server, in the hand of a test.

    Raises `ValueError` where it goes by itself.
    """

    def __init__(self, clock: Clock, thread: ServerThread) -> None:
        self._clock = clock
        self._thread = thread

    @property
    def seconds(self) -> float:
        """The time since the start of the server."""
        return self._thread.call(self._clock.seconds)

    def advance(self, seconds: float) -> None:
        """Let so much time pass: whatever is due until then happens."""
        clock = self._manual()
        self._thread.call(lambda: clock.advance(seconds))

    def autojump(self) -> None:
        """From now on nothing waits: time jumps to when the next thing is due.

        So a program that has one thread can meet delays; `seconds` tells how long
        they would have been.
        """
        clock = self._manual()

        def jump() -> None:
            due_seconds = clock.next_due_seconds
            if due_seconds is not None:
                clock.advance(max(0.0, due_seconds - clock.seconds()))
                self._thread.call_soon(jump)  # for what that has made due

        def begin() -> None:
            clock.on_earlier = lambda: self._thread.call_soon(jump)
            jump()

        self._thread.call(begin)

    def wait_for_sleeper(self, timeout_seconds: float = WAIT_SECONDS) -> None:
        """Block until something waits for the clock; then `advance` will move it.

        Raises `TimeoutError` if nothing does for that long, by the wall's clock.
        """
        clock = self._manual()
        found: Future[None] = Future()
        self._thread.call(lambda: _when_due(clock, lambda: found.set_result(None)))
        try:
            found.result(timeout_seconds)
        except TimeoutError:
            raise TimeoutError(
                f"nothing has waited for the server's clock within {timeout_seconds} s:"
                " did the request that is to wait reach the server, and does its fault match?"
            ) from None

    def _manual(self) -> ManualClock:
        if not isinstance(self._clock, ManualClock):
            raise ValueError(
                "the server's clock goes by itself: ask for the fixture dm_clock, mark the test"
                ' with @pytest.mark.dm(clock="manual"), or make DmServer(clock="manual")'
            )
        return self._clock


def _when_due(clock: ManualClock, tell: Callable[[], None]) -> None:
    """Call `tell` once something is due at some time: now, if there is already."""
    before = clock.on_earlier

    def earlier() -> None:
        clock.on_earlier = before
        tell()
        if before is not None:
            before()

    if clock.next_due_seconds is None:
        clock.on_earlier = earlier
    else:
        tell()
