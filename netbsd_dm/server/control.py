"""Requests to a device mapper, with the faults that they meet and the journal they go into."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..driver.events import Pending
from ..driver.failure import failed_command, failed_exchange
from ..driver.mapper import Mapper
from ..faults.plan import Fault
from ..faults.rules import NO_EFFECT
from ..plist import PlistDict, PlistError, dumps, loads
from ..wire.errors import DMError, Errno
from ..wire.keys import MONITOR
from .clients import Client
from .journal import Exchange, Journals
from .responding import Cut, Delays, Reply, Waiting, WaitingCommand

if TYPE_CHECKING:
    from .monitor.requests import Monitor


class Control:
    """Answers the requests of one client.

    `client` counts them, `delays` holds those that wait for the clock, `monitor` gives what
    answers those that look at the server; without it they are requests like others.
    """

    def __init__(
        self,
        mapper: Mapper,
        privileged: bool,
        *,
        client: Client | None = None,
        journals: Journals | None = None,
        monitor: Callable[[], "Monitor"] | None = None,
        delays: Delays | None = None,
    ) -> None:
        self._mapper = mapper
        self._profile = mapper.profile
        self._privileged = privileged
        self._client = Client(0) if client is None else client
        self._journals = Journals() if journals is None else journals
        self._monitor = monitor
        self._has_looked = False
        self._delays = Delays(mapper.clock) if delays is None else delays

    def run(self, text: bytes) -> Reply | Waiting:
        """The reply to `text`, or what it must be waited for."""
        try:
            request = self._read(text)
        except PlistError as error:
            problem = DMError(Errno.EIO, f"no property list: {error}")
            return self._told(text, dumps(failed_exchange(problem, self._profile)), None)
        if self._monitor is not None and MONITOR in request:
            self._has_looked = True
            return self._monitor().run(request, self._client, self._privileged)
        self._client.requests += 1
        fault = self._mapper.fault(request)
        if fault is None:
            return self._execute(text, request, None)
        delay_seconds = fault.effect.delay_seconds
        if not delay_seconds:
            return self._execute(text, request, fault)
        return self._delays.add(
            delay_seconds,
            lambda: self._execute(text, request, fault),
            lambda: self._tell(text, None, fault, None),
        )

    def close(self) -> None:
        """The client is gone."""
        if self._monitor is not None and self._has_looked:
            self._monitor().forget(self._client)

    def _execute(self, text: bytes, request: PlistDict, fault: Fault | None) -> Reply | Waiting:
        failure = None
        if fault is not None:
            if fault.effect.hangup:
                self._tell(text, None, fault, 0)
                return Cut(b"", 0)
            if fault.ioctl_failure is not None:
                reply = failed_exchange(fault.ioctl_failure, self._profile)
                return self._finish(text, reply, fault)
            failure = fault.failure
        outcome = self._mapper.execute(request, privileged=self._privileged, failure=failure)
        if self._mapper.faults.opens:
            rules = () if fault is None else fault.rules
            effect = NO_EFFECT if fault is None else fault.effect
            fault = Fault(effect, rules + self._mapper.faults.opens)
        if not isinstance(outcome, Pending):
            return self._finish(text, outcome, fault)
        return WaitingCommand(
            outcome,
            lambda reply: self._finish(text, reply, fault),
            lambda: self._tell(text, None, fault, None),
        )

    def _finish(self, text: bytes, outcome: PlistDict, fault: Fault | None) -> Reply:
        try:
            reply = dumps(outcome)
        except PlistError as error:  # a target of a package may give any text
            problem = DMError(Errno.EIO, f"the reply is no property list: {error}")
            reply = dumps(failed_command(self._read(text), problem, self._profile))
        return self._told(text, reply, fault)

    def _told(self, text: bytes, reply: bytes, fault: Fault | None) -> Reply:
        """The reply as the fault leaves it; the journals know then."""
        if fault is None:
            self._tell(text, reply, None, None)
            return reply
        effect = fault.effect
        if effect.truncate_bytes is not None:
            reply = reply[: effect.truncate_bytes]
        sent_bytes = 0 if effect.drop else effect.cut_bytes
        self._tell(text, reply, fault, sent_bytes)
        return reply if sent_bytes is None else Cut(reply, sent_bytes)

    def _tell(
        self, text: bytes, reply: bytes | None, fault: Fault | None, sent_bytes: int | None
    ) -> None:
        if self._journals:
            self._journals.exchange(
                Exchange(
                    client=self._client.number,
                    at_seconds=self._mapper.clock.seconds(),
                    request=text,
                    reply=reply,
                    faults=() if fault is None else fault.rules,
                    sent_bytes=sent_bytes,
                )
            )

    def _read(self, text: bytes) -> PlistDict:
        return loads(text, grammar=self._profile.grammar, max_depth=self._profile.max_depth)
