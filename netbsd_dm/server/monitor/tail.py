"""The journal as it is written, for those who watch."""

from collections import deque
from collections.abc import Callable
from typing import Final

from ...faults.plan import Hit
from ...plist import PlistDict, PlistValue, UInt
from ...wire import monitoring
from ..journal import Exchange
from ..responding import Reply

ENTRIES_MAX: Final = 1024
BYTES_MAX: Final = 16_777_216
"""What is kept for a client that does not ask; then the oldest are left out, and counted."""


class Tail:
    """Keeps what happens until it is taken; a journal."""

    def __init__(self) -> None:
        self._entries: deque[PlistDict] = deque()
        self._sizes: deque[int] = deque()
        self._size_bytes = 0
        self._lost = 0
        self.listener: Callable[[], None] | None = None

    def __bool__(self) -> bool:
        return bool(self._entries)

    def exchange(self, exchange: Exchange) -> None:
        entry: PlistDict = {
            monitoring.CLIENT: UInt(exchange.client),
            monitoring.NS: _ns(exchange.at_seconds),
            monitoring.REQUEST: _data(exchange.request),
            monitoring.FAULTS: list[PlistValue](exchange.faults),
        }
        if exchange.reply is not None:
            entry[monitoring.REPLY] = _data(exchange.reply)
        if exchange.sent_bytes is not None:
            entry[monitoring.SENT] = UInt(exchange.sent_bytes)
        self._keep(entry, len(exchange.request) + len(exchange.reply or b""))

    def hit(self, hit: Hit, at_seconds: float) -> None:
        entry: PlistDict = {
            monitoring.NS: _ns(at_seconds),
            monitoring.FAULTS: [hit.rule],
            monitoring.WHAT: hit.what,
        }
        self._keep(entry, len(hit.what))

    def take(self) -> PlistDict:
        """Everything kept so far, and how much had to be left out before it."""
        entries: list[PlistValue] = list(self._entries)
        taken: PlistDict = {monitoring.ENTRIES: entries, monitoring.LOST: UInt(self._lost)}
        self._entries.clear()
        self._sizes.clear()
        self._size_bytes = self._lost = 0
        return taken

    def _keep(self, entry: PlistDict, size_bytes: int) -> None:
        self._entries.append(entry)
        self._sizes.append(size_bytes)
        self._size_bytes += size_bytes
        while len(self._entries) > ENTRIES_MAX or self._size_bytes > BYTES_MAX:
            self._entries.popleft()
            self._size_bytes -= self._sizes.popleft()
            self._lost += 1
        if self.listener is not None:
            self.listener()


class WaitingTail:
    """A reply that comes with the next entry."""

    work = None

    def __init__(self, tail: Tail, finish: Callable[[PlistDict], bytes]) -> None:
        self._tail = tail
        self._finish = finish
        self._reply: bytes | None = None

    @property
    def reply(self) -> Reply | None:
        if self._reply is None and self._tail:
            self._reply = self._finish(self._tail.take())
        return self._reply

    def when_ready(self, listener: Callable[[], None]) -> None:
        if self._tail:
            listener()
        self._tail.listener = listener

    def worked(self, error: object = None) -> object:
        """There is no work."""

    def cancel(self) -> None:
        self._tail.listener = None


def _data(text: bytes) -> bytes | str:
    """A text as data; proplib cannot read data of no bytes."""
    return text or ""


def _ns(seconds: float) -> UInt:
    return UInt(round(seconds * 1_000_000_000))
