"""What answers the requests of one connection, and replies that take their time."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ..clock.timers import Clock, Timer
from ..driver.events import Pending
from ..plist import PlistDict
from ..wire.errors import DMError

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Cut:
    """A reply of which only the first so many bytes are sent; then the connection drops."""

    text: bytes
    sent_bytes: int
    """Framed, that is, with its length."""


Reply = bytes | Cut
"""The text of a reply."""


class Waiting(Protocol):
    """A reply that is not ready."""

    @property
    def reply(self) -> Reply | None:
        """The reply, once there is one."""
        ...

    @property
    def work(self) -> Callable[[], None] | None:
        """What blocks, to be done before there is a reply; then call `worked`."""
        ...

    def when_ready(self, listener: Callable[[], None]) -> None:
        """Call `listener` once there is a reply, or work; at once if there is already."""
        ...

    def worked(self, error: DMError | None = None) -> object:
        """The work is done, or came to `error`."""
        ...

    def cancel(self) -> None:
        """Nobody wants the reply any more."""
        ...


class Responder(Protocol):
    """Turns the text of a request into the text of its reply."""

    def run(self, text: bytes) -> Reply | Waiting:
        """The reply to `text`, or what it must be waited for."""
        ...

    def close(self) -> None:
        """The client is gone."""
        ...


class WaitingCommand:
    """A command that waits: `finish` makes the text of its reply, `gone` is told if none is."""

    def __init__(
        self, pending: Pending, finish: Callable[[PlistDict], Reply], gone: Callable[[], None]
    ) -> None:
        self._pending = pending
        self._finish = finish
        self._gone = gone
        self._reply: Reply | None = None

    @property
    def reply(self) -> Reply | None:
        if self._reply is None and self._pending.reply is not None:
            self._reply = self._finish(self._pending.reply)
        return self._reply

    @property
    def work(self) -> Callable[[], None] | None:
        return self._pending.work

    def when_ready(self, listener: Callable[[], None]) -> None:
        self._pending.when_ready(listener)

    def worked(self, error: DMError | None = None) -> object:
        return self._pending.worked(error)

    def cancel(self) -> None:
        self._pending.cancel()
        if self._reply is None:
            self._gone()


class Delayed:
    """What `begin` gives, some time from now; `gone` is told if the server ends before.

    It begins even if nobody wants the reply any more, as what a kernel has taken on is
    done even if the program dies.
    """

    def __init__(self, begin: Callable[[], Reply | Waiting], gone: Callable[[], None]) -> None:
        self._begin = begin
        self._gone = gone
        self._begun: Reply | Waiting | None = None
        self._listener: Callable[[], None] | None = None
        self._is_wanted = True

    @property
    def reply(self) -> Reply | None:
        begun = self._begun
        return begun if begun is None or isinstance(begun, bytes | Cut) else begun.reply

    @property
    def work(self) -> Callable[[], None] | None:
        waiting = self._waiting
        return None if waiting is None else waiting.work

    def when_ready(self, listener: Callable[[], None]) -> None:
        self._listener = listener
        if self._begun is not None:
            self._pass_on()

    def worked(self, error: DMError | None = None) -> object:
        waiting = self._waiting
        return None if waiting is None else waiting.worked(error)

    def cancel(self) -> None:
        self._is_wanted = False
        self._listener = None
        waiting = self._waiting
        if waiting is not None:
            waiting.cancel()

    def start(self) -> None:
        """The time has come."""
        try:
            self._begun = self._begin()
        except Exception:  # noqa: BLE001 (whoever moves the clock on has no part in it)
            _log.exception("a delayed command failed, and its connection is dropped")
            self._begun = Cut(b"", 0)
        if self._is_wanted:
            self._pass_on()
        else:
            self.cancel()

    def drop(self) -> None:
        """The time never comes."""
        self._gone()

    @property
    def _waiting(self) -> Waiting | None:
        """What it waits for once it has begun."""
        return None if isinstance(self._begun, bytes | Cut) else self._begun

    def _pass_on(self) -> None:
        if self._listener is None:
            return
        waiting = self._waiting
        if waiting is None:
            self._listener()
        else:
            waiting.when_ready(self._listener)


class Delays:
    """What the clients of one server wait for by its clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._timers: dict[Delayed, Timer] = {}

    def __len__(self) -> int:
        return len(self._timers)

    def add(
        self, seconds: float, begin: Callable[[], Reply | Waiting], gone: Callable[[], None]
    ) -> Delayed:
        """What `begin` gives, so many seconds from now."""
        delayed = Delayed(begin, gone)

        def start() -> None:
            del self._timers[delayed]
            delayed.start()

        self._timers[delayed] = self._clock.call_later(seconds, start)
        return delayed

    def close(self) -> None:
        """The server ends: nothing more begins."""
        timers, self._timers = self._timers, {}
        for delayed, timer in timers.items():
            timer.cancel()
            delayed.drop()
