"""Requests to look at the server: which there are, and who may use them."""

from collections.abc import Callable, Iterable
from typing import Final

from ...clock.timers import ManualClock
from ...driver.failure import error_dictionary
from ...driver.mapper import Mapper
from ...faults.plan import Armed
from ...faults.rules import Rule
from ...faults.text import parse_rule
from ...plist import PlistDict, PlistError, dumps
from ...wire import fields, keys, monitoring
from ...wire.errors import DMError, Errno
from ..clients import Client, Clients
from ..journal import Journals
from ..responding import Reply, Waiting
from .nodes import nodes_of
from .state import clock_of, faults_of, state_of
from .tail import Tail, WaitingTail


class Monitor:
    """Answers them for one server."""

    def __init__(self, mapper: Mapper, clients: Clients, journals: Journals) -> None:
        self._mapper = mapper
        self._clients = clients
        self._journals = journals
        self._tails: dict[Client, Tail] = {}

    def run(self, request: PlistDict, client: Client, privileged: bool) -> Reply | Waiting:
        """The reply to `request`, which asks for something by its key `netbsd-dm`."""
        what = fields.string(request, keys.MONITOR) or ""
        try:
            if what == monitoring.JOURNAL:
                return self._journal(client)
            return _reply(what, self._answer(what, request, client, privileged))
        except PlistError as error:  # a target of a package may give any text
            problem = DMError(Errno.EIO, f"the {what} is no property list: {error}")
        except DMError as error:
            problem = error
        return dumps({keys.MONITOR: what, keys.ERROR: error_dictionary(problem)})

    def forget(self, client: Client) -> None:
        """It is gone."""
        tail = self._tails.pop(client, None)
        if tail is not None:
            self._journals.discard(tail)

    def _answer(self, what: str, request: PlistDict, client: Client, privileged: bool) -> PlistDict:
        if what == monitoring.STATE:
            others = [each for each in self._clients if each is not client]
            return state_of(self._mapper, others, _number(request, monitoring.LINES))
        if what == monitoring.NODES:
            return nodes_of(self._mapper, request)
        change = _CHANGES.get(what)
        if change is None:
            raise DMError(
                Errno.EINVAL,
                f"nothing to see under {what!r}; there are {', '.join(_SEEN)}",
                keys.MONITOR,
            )
        if not privileged and len(request) > 1:
            raise DMError(
                Errno.EPERM,
                f"only root and the user who runs the server may change the {what}:"
                " run as one of them, or start the server with --superuser UID",
            )
        return change(self._mapper, request)

    def _journal(self, client: Client) -> Waiting | Reply:
        tail = self._tails.get(client)
        if tail is None:  # from now on
            tail = self._tails[client] = Tail()
            self._journals.add(tail)
            return _reply(monitoring.JOURNAL, tail.take())
        return WaitingTail(tail, lambda taken: _reply(monitoring.JOURNAL, taken))


def _reply(what: str, result: PlistDict) -> bytes:
    return dumps({keys.MONITOR: what, monitoring.RESULT: result})


def _faults(mapper: Mapper, request: PlistDict) -> PlistDict:
    """Clear, remove and add rules, in that order, or do nothing; the rules then in force."""
    plan = mapper.faults
    clears = request.get(monitoring.CLEAR, False)
    if not isinstance(clears, bool):
        raise DMError(Errno.EINVAL, "clear is true or false", monitoring.CLEAR)
    added = _rules(request, monitoring.ADD)
    removed = _rules(request, monitoring.REMOVE)
    _require_in_force(() if clears else plan, removed)
    if clears:
        plan.clear()
    for rule in removed:
        plan.remove(str(rule))
    for rule in added:
        plan.add(rule)
    return {monitoring.FAULTS: faults_of(plan)}


def _rules(request: PlistDict, key: str) -> list[Rule]:
    """The rules under `key`; raises `DMError` (EINVAL) with the place of what is none."""
    rules = []
    if key in request and fields.array(request, key) is None:
        raise DMError(Errno.EINVAL, f"{key} is an array of rules", key)
    for index, text in enumerate(fields.array(request, key) or []):
        try:
            rules.append(parse_rule(text if isinstance(text, str) else ""))
        except ValueError as error:
            raise DMError(Errno.EINVAL, str(error), f"{key}[{index}]") from None
    return rules


def _require_in_force(plan: Iterable[Armed], removed: Iterable[Rule]) -> None:
    rules = {str(armed.rule) for armed in plan}
    for index, rule in enumerate(removed):
        if str(rule) not in rules:
            where = f"{monitoring.REMOVE}[{index}]"
            raise DMError(Errno.EINVAL, f"no such rule is in force: {rule}", where)
        rules.discard(str(rule))


def _clock(mapper: Mapper, request: PlistDict) -> PlistDict:
    """Advance a manual clock by `advance` nanoseconds; the time then."""
    advance_ns = _number(request, monitoring.ADVANCE)
    if advance_ns is not None:
        if not isinstance(mapper.clock, ManualClock):
            raise DMError(
                Errno.EINVAL,
                "the server's clock goes by itself: start it with --clock manual to advance it",
                monitoring.ADVANCE,
            )
        try:
            mapper.clock.advance(advance_ns / 1_000_000_000)
        except ValueError as error:
            raise DMError(Errno.EINVAL, str(error), monitoring.ADVANCE) from None
    return clock_of(mapper.clock)


def _number(request: PlistDict, key: str) -> int | None:
    """The number under `key`, if there is any; raises `DMError` (EINVAL)."""
    number = fields.uint64(request, key)
    if number is None and key in request:
        raise DMError(Errno.EINVAL, f"{key} is a number, and not negative", key)
    return number


_CHANGES: Final[dict[str, Callable[[Mapper, PlistDict], PlistDict]]] = {
    monitoring.FAULTS: _faults,
    monitoring.CLOCK: _clock,
}
_SEEN: Final = (monitoring.STATE, monitoring.JOURNAL, monitoring.NODES, *_CHANGES)
