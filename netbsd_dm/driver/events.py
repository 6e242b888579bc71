"""Replies that wait: for an event of a device, or until its I/O has drained."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ..plist import PlistDict, UInt
from ..wire import fields, keys
from ..wire.errors import DMError, Errno
from .device import Device


class Wait(Protocol):
    """What a command that cannot reply at once leaves behind."""

    @property
    def device(self) -> Device:
        """The one whose next event may end the wait."""
        ...

    @property
    def outlives_client(self) -> bool:
        """It is carried through even if nobody wants the reply any more."""
        ...

    @property
    def work(self) -> Callable[[], None] | None:
        """What then blocks, to be done before the reply is given; it may raise `DMError`."""
        ...

    def is_over(self, request: PlistDict) -> bool:
        """Whether the wait is over, the reply then written into `request`.

        Raises `DMError` for a command that has come to fail.
        """
        ...

    def end(self) -> None:
        """The reply is given, or nobody wants it: give back what was kept for the work."""
        ...


class Pending:
    """A reply that is not ready; it becomes so once, or is cancelled.

    `attempt` gives the reply, or None while it must wait; it is tried at once,
    and again after every event of the device, within the command that caused the
    event.  `failed` makes the reply of a `DMError` that it raises.
    With `work` set, the reply is given once that is done: whoever waits runs it,
    in a thread if nothing may block, and then calls `worked`.
    """

    def __init__(
        self,
        wait: Wait,
        attempt: Callable[[], PlistDict | None],
        failed: Callable[[DMError], PlistDict],
    ) -> None:
        self._wait = wait
        self._attempt = attempt
        self._failed = failed
        self._listener: Callable[[], None] | None = None
        self._is_wanted = True
        self._has_ended = False
        self._is_looking = False
        self._given: PlistDict | None = None
        self.reply: PlistDict | None = None
        self.work: Callable[[], None] | None = None
        """What is to be done now, before there is a reply."""
        wait.device.watchers.add(self._look)
        self._look()

    @property
    def is_ready(self) -> bool:
        """There is a reply, or work to do for it."""
        return self.reply is not None or self.work is not None

    def when_ready(self, listener: Callable[[], None]) -> None:
        """Call `listener` once it is ready; at once if it already is."""
        if self.is_ready:
            listener()
        self._listener = listener

    def cancel(self) -> None:
        """Nobody wants the reply any more, or does the work for it."""
        self._listener = None
        self._is_wanted = False
        if self.work is not None:
            self.worked()
        elif self.reply is None and not self._wait.outlives_client:
            self._wait.device.watchers.discard(self._look)
            self._end()

    def worked(self, error: DMError | None = None) -> PlistDict:
        """The work is done, or came to `error`: this is the reply."""
        self.work = None
        if error is not None or self._given is None:
            self.reply = self._failed(error or DMError(Errno.EIO, "the work was never begun"))
        else:
            self.reply = self._given
        self._end()
        return self.reply

    def run_work(self) -> PlistDict:
        """Do the work here and now, and give the reply."""
        if self.reply is not None:
            return self.reply
        try:
            if self.work is not None:
                self.work()
        except DMError as error:
            return self.worked(error)
        return self.worked()

    def _end(self) -> None:
        if not self._has_ended:
            self._has_ended = True
            self._wait.end()

    def _look(self) -> None:
        # What the attempt does may be an event itself; and an event that was going
        # round when the wait ended, comes by once more.
        if self._is_looking or self._look not in self._wait.device.watchers:
            return
        self._is_looking = True
        try:
            self._given = self._attempt()
        except DMError as error:
            self.reply = self._failed(error)
        finally:
            self._is_looking = False
        if self.reply is None and self._given is None:
            return
        self._wait.device.watchers.discard(self._look)
        if self.reply is None and self._is_wanted:
            self.work = self._wait.work
        if self.work is None:
            self.reply = self.reply or self._given
            self._end()
        if self._listener is not None:
            self._listener()


@dataclass(frozen=True, slots=True)
class EventWait:
    """What waitevent waits for: the counter of `device` beyond `event_nr`."""

    device: Device
    event_nr: int
    outlives_client: bool = False
    work: Callable[[], None] | None = None

    def end(self) -> None:
        """Nothing is kept."""

    def is_over(self, request: PlistDict) -> bool:
        """As `Wait`; ENXIO once the device is removed."""
        device = self.device
        if device.is_removed:
            raise DMError(Errno.ENXIO, f"{device.title} was removed while you waited for it")
        if device.event_nr <= self.event_nr:
            return False
        request[keys.EVENT_NR] = UInt(device.event_nr)
        request[keys.MINOR] = UInt(device.minor)
        request[keys.OPEN_COUNT] = UInt(device.open_count)
        request[keys.TARGET_COUNT] = UInt(0)
        request[keys.FLAGS] = UInt(device.state_flags(fields.uint32(request, keys.FLAGS)))
        return True


@dataclass(eq=False, slots=True)
class DrainWait:
    """Until no request works on the sectors of `device`; then `finish` writes the reply."""

    device: Device
    finish: Callable[[PlistDict], None]
    outlives_client: bool = True
    work: Callable[[], None] | None = None
    at_end: Callable[[], None] | None = None

    def end(self) -> None:
        if self.at_end is not None:
            self.at_end()

    def is_over(self, request: PlistDict) -> bool:
        if self.device.started_io:
            return False
        self.finish(request)
        return True
