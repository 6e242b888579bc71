"""Requests to look at the server: which there are, and who may use them."""

from collections.abc import Callable
from typing import Final

from ...clock.timers import ManualClock
from ...driver.failure import error_dictionary
from ...driver.mapper import Mapper
from ...plist import PlistDict, dumps
from ...wire import fields, keys
from ...wire.errors import DMError, Errno
from ..clients import Client, Clients
from ..journal import Journals
from ..responding import Reply, Waiting
from .state import clock_of, faults_of, state_of
from .tail import Tail, WaitingTail

RESULT: Final = "result"
"""The key of what was asked for."""


class Monitor:
    """Answers them for one server."""

    def __init__(self, mapper: Mapper, clients: Clients, journals: Journals) -> None:
        self._mapper = mapper
        self._clients = clients
        self._journals = journals
        self._tails: dict[Client, Tail] = {}

    def run(self, request: PlistDict, client: Client, privileged: bool) -> Reply | Waiting:
        """The reply to `request`, which asks for something by its key `netbsd-dm`."""
        what = fields.string(request, keys.MONITOR)
        try:
            if what == "journal":
                return self._journal(request, client)
            result = self._answer(what, request, client, privileged)
        except DMError as error:
            return dumps({keys.MONITOR: what or "", keys.ERROR: error_dictionary(error)})
        return dumps({keys.MONITOR: what or "", RESULT: result})

    def forget(self, client: Client) -> None:
        """It is gone."""
        tail = self._tails.pop(client, None)
        if tail is not None:
            self._journals.discard(tail)

    def _answer(
        self, what: str | None, request: PlistDict, client: Client, privileged: bool
    ) -> PlistDict:
        if what == "state":
            others = [each for each in self._clients if each is not client]
            return state_of(self._mapper, others)
        changes = _CHANGES.get(what or "")
        if changes is None:
            raise DMError(
                Errno.EINVAL,
                f"nothing to see under {what!r}; there are state, journal, faults and clock",
                keys.MONITOR,
            )
        if not privileged and len(request) > 1:
            raise DMError(
                Errno.EPERM,
                f"only root and the user who runs the server may change {what}:"
                " run as one of them, or start the server with --superuser UID",
            )
        return changes(self._mapper, request)

    def _journal(self, request: PlistDict, client: Client) -> Waiting | Reply:
        def finish(taken: PlistDict) -> PlistDict:
            return {keys.MONITOR: "journal", RESULT: taken}

        tail = self._tails.get(client)
        if tail is None:  # from now on
            tail = self._tails[client] = Tail()
            self._journals.add(tail)
            return dumps(finish(tail.take()))
        return WaitingTail(tail, finish)


def _faults(mapper: Mapper, request: PlistDict) -> PlistDict:
    """Clear, remove and add rules, in that order; the rules then in force."""
    try:
        if request.get("clear") is True:
            mapper.faults.clear()
        for rule in _texts(request, "remove"):
            mapper.faults.remove(rule)
        for rule in _texts(request, "add"):
            mapper.faults.add(rule)
    except ValueError as error:
        raise DMError(Errno.EINVAL, str(error)) from None
    return {"faults": faults_of(mapper.faults)}


def _texts(request: PlistDict, key: str) -> list[str]:
    return [text for text in fields.array(request, key) or [] if isinstance(text, str)]


def _clock(mapper: Mapper, request: PlistDict) -> PlistDict:
    """Advance a manual clock by `advance` nanoseconds; the time then."""
    advance_ns = fields.uint64(request, "advance")
    if advance_ns is not None:
        if not isinstance(mapper.clock, ManualClock):
            raise DMError(
                Errno.EINVAL,
                "the server's clock goes by itself: start it with --clock manual to advance it",
            )
        mapper.clock.advance(advance_ns / 1_000_000_000)
    return clock_of(mapper.clock)


_CHANGES: Final[dict[str, Callable[[Mapper, PlistDict], PlistDict]]] = {
    "faults": _faults,
    "clock": _clock,
}
