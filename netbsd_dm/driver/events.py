"""Replies that wait for something to happen to a device."""

from collections.abc import Callable
from dataclasses import dataclass

from ..plist import PlistDict, UInt
from ..wire import fields, keys
from ..wire.errors import DMError, Errno
from .device import Device


class Pending:
    """A reply that is not ready; it becomes so once, or is cancelled.

    `attempt` gives the reply, or None while it must wait; it is tried again
    after every event of the device, within the command that caused the event.
    """

    def __init__(self, device: Device, attempt: Callable[[], PlistDict | None]) -> None:
        self._device = device
        self._attempt = attempt
        self._listener: Callable[[], None] | None = None
        self.reply: PlistDict | None = None
        device.watchers.add(self._look)

    def when_ready(self, listener: Callable[[], None]) -> None:
        """Call `listener` once the reply is there; at once if it already is."""
        if self.reply is not None:
            listener()
        self._listener = listener

    def cancel(self) -> None:
        """Stop waiting: nobody wants the reply any more."""
        self._device.watchers.discard(self._look)

    def _look(self) -> None:
        self.reply = self._attempt()
        if self.reply is not None:
            self.cancel()
            if self._listener is not None:
                self._listener()


@dataclass(frozen=True, slots=True)
class EventWait:
    """What waitevent waits for: the counter of `device` beyond `event_nr`."""

    device: Device
    event_nr: int

    def is_over(self, request: PlistDict) -> bool:
        """Whether the wait is over, the reply then written into `request`.

        Raises `DMError` (ENXIO) once the device is removed.
        """
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
