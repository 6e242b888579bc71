"""Looking at a running server, and steering its faults and its clock."""

import os
from collections.abc import Iterable, Iterator

from ..plist import PlistDict, PlistError, PlistValue, UInt
from ..resources.closing import Closing
from ..wire import keys, monitoring
from ..wire.errors import DMError, Errno, NoServerError
from ..wire.outcome import reported_failure
from ..wire.state import ClockState, FaultState, JournalEntry, ServerState
from .blocking import connect

_NS_PER_SECOND = 1_000_000_000
_BEFORE_COMMANDS = (keys.VERSION, keys.COMMAND)
"""What a server complains of that takes the request for a command."""


class Monitor(Closing):
    """One connection to a server that looks at it; commands leave it as it is.

    `path` is the server's socket, by default where one would be.  Use it as a context
    manager, or close it.  Its methods raise `DMError` when the server refuses, or
    cannot show itself, and `NoServerError` when there is none, or it goes away.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        self._client = connect(path)

    def close(self) -> None:
        """End the connection."""
        self._client.close()

    def ask(self, what: str, **options: PlistValue) -> PlistDict:
        """The dictionary that protocol/monitor.md describes for `what`."""
        request: PlistDict = {keys.MONITOR: what, **options}
        try:
            reply = self._client.exchange(request)
        except PlistError:
            reply = {}
        result = reply.get(monitoring.RESULT)
        if isinstance(result, dict):
            return result
        error = reported_failure(request, reply)
        if error is None or keys.MONITOR not in reply or error.where in _BEFORE_COMMANDS:
            raise DMError(
                Errno.ENOTSUP,
                f"the server on {self._client.path} cannot be looked at: it is older than this"
                " netbsd-dm, or another program",
            )
        raise error

    def state(self, lines_max: int | None = None) -> ServerState:
        """All there is to see; of each table at most `lines_max` lines, if that is given."""
        return monitoring.read_state(self.ask(monitoring.STATE, **lines_option(lines_max)))

    def faults(self) -> tuple[FaultState, ...]:
        """The rules in force, with their counts."""
        return monitoring.read_faults(self.ask(monitoring.FAULTS))

    def change_faults(
        self, *, clear: bool = False, remove: Iterable[str] = (), add: Iterable[str] = ()
    ) -> tuple[FaultState, ...]:
        """Clear, remove and add rules, in that order, or raise `DMError` and change nothing.

        Gives the rules in force then.
        """
        options: dict[str, PlistValue] = {
            monitoring.CLEAR: clear,
            monitoring.REMOVE: list[PlistValue](remove),
            monitoring.ADD: list[PlistValue](add),
        }
        return monitoring.read_faults(self.ask(monitoring.FAULTS, **options))

    def add_fault(self, rule: str) -> None:
        """Put a rule in force, such as "reload nth=2 errno=ENOENT"."""
        self.change_faults(add=[rule])

    def remove_fault(self, rule: str) -> None:
        """Take a rule out of force, as often as it is there."""
        self.change_faults(remove=[rule])

    def clear_faults(self) -> None:
        """Take every rule out of force."""
        self.change_faults(clear=True)

    def clock(self) -> ClockState:
        """Which clock it is, and its time."""
        return monitoring.read_clock(self.ask(monitoring.CLOCK))

    def time_ns(self) -> int:
        """Nanoseconds since the start of the server, by its clock."""
        return self.clock().time_ns

    def advance(self, seconds: float) -> int:
        """Let time pass for a server on a manual clock; gives `time_ns` as it is then.

        What becomes due meanwhile has happened, but not every reply to it has arrived.
        Raises `ValueError` for less than nothing.
        """
        if not 0 <= seconds * _NS_PER_SECOND < 2**64:
            raise ValueError(f"a clock cannot be advanced by {seconds} seconds")
        advance = UInt(round(seconds * _NS_PER_SECOND))
        clock = self.ask(monitoring.CLOCK, **{monitoring.ADVANCE: advance})
        return monitoring.read_clock(clock).time_ns

    def tail(self) -> Iterator[JournalEntry]:
        """What the server is asked from now on, as it happens; ends with the server.

        The journal begins with this call.  While the iterator waits, this connection
        answers nothing else.
        """
        return self._tail(self.ask(monitoring.JOURNAL))

    def _tail(self, taken: PlistDict) -> Iterator[JournalEntry]:
        while True:
            yield from monitoring.read_journal(taken)
            try:
                taken = self.ask(monitoring.JOURNAL)
            except NoServerError:
                return


def lines_option(lines_max: int | None) -> dict[str, PlistValue]:
    """What `ask` takes so that the state has no more lines of each table."""
    return {} if lines_max is None else {monitoring.LINES: UInt(lines_max)}
