"""A mapped device that a test has open."""

from ..blockio.volume import Volume
from ..resources.closing import Closing
from .thread import ServerThread


class OpenDevice(Closing):
    """A device that is open until `close`, and counted as such.

    Offsets and lengths are in bytes; failures raise `DMError`, as those of
    `blockio.volume.Volume`.  A delay by a fault passes at once where the clock is manual.
    """

    def __init__(self, volume: Volume, thread: ServerThread) -> None:
        self._volume = volume
        self._thread = thread

    def close(self) -> None:
        """Close it; once is enough."""
        self._thread.call(self._volume.close)

    @property
    def size_bytes(self) -> int:
        """The size of the live table now."""
        return self._thread.call(lambda: self._volume.size_bytes)

    def read(self, offset_bytes: int, length_bytes: int) -> bytes:
        """What that range holds."""
        return self._thread.call(lambda: self._volume.read(offset_bytes, length_bytes))

    def write(self, offset_bytes: int, data: bytes, *, fua: bool = False) -> int:
        """Write `data`; gives how much of it.  With `fua` it is durable on return."""
        return self._thread.call(lambda: self._volume.write(offset_bytes, data, fua=fua))

    def flush(self) -> None:
        """Make every write that has returned durable."""
        self._thread.call(self._volume.flush)

    def discard(self, offset_bytes: int, length_bytes: int) -> None:
        """Give the space of that range back; what it then holds is undefined."""
        self._thread.call(lambda: self._volume.discard(offset_bytes, length_bytes))
