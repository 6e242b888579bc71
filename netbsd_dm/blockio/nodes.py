"""NetBSD's two device nodes of a mapped device: the raw one and the block one.

They are not the server's: a recorded session reads and writes through them.
Source: physio(9), and driver spec section 4.5.
"""

from typing import Final

from ..pdev.handle import SECTOR_BYTES
from .volume import Volume

_MAXPHYS: Final = 65_536
"""A raw transfer is cut into pieces of so many bytes, one after the other."""


def raw_read(volume: Volume, offset_bytes: int, length_bytes: int) -> bytes:
    """read(2) on the raw node; shorter where a piece comes short.  Raises `DMError`."""
    parts = []
    for done in range(0, length_bytes, _MAXPHYS):
        wanted = min(_MAXPHYS, length_bytes - done)
        parts.append(volume.read(offset_bytes + done, wanted))
        if len(parts[-1]) < wanted:
            break
    return b"".join(parts)


def raw_write(volume: Volume, offset_bytes: int, data: bytes) -> int:
    """write(2) on the raw node; gives the bytes written.  Raises `DMError`."""
    written = 0
    while written < len(data):
        piece = data[written : written + _MAXPHYS]
        count = volume.write(offset_bytes + written, piece)
        written += count
        if count < len(piece):
            break
    return written


def block_read(volume: Volume, offset_bytes: int, length_bytes: int) -> bytes:
    """read(2) on the block node: through the buffer cache, cut at the end of the device."""
    length_bytes = max(0, min(length_bytes, volume.size_bytes - offset_bytes))
    start, end = _whole_sectors(offset_bytes, length_bytes)
    return volume.read(start, end - start)[offset_bytes - start :][:length_bytes]


def block_write(volume: Volume, offset_bytes: int, data: bytes) -> int:
    """write(2) on the block node, as far as the device goes; gives the bytes written."""
    data = data[: max(0, volume.size_bytes - offset_bytes)]
    start, end = _whole_sectors(offset_bytes, len(data))
    held = bytearray(volume.read(start, end - start))
    held[offset_bytes - start : offset_bytes - start + len(data)] = data
    volume.write(start, held)
    return len(data)


def _whole_sectors(offset_bytes: int, length_bytes: int) -> tuple[int, int]:
    """The range of whole sectors around a range."""
    start = offset_bytes // SECTOR_BYTES * SECTOR_BYTES
    return start, -(-(offset_bytes + length_bytes) // SECTOR_BYTES) * SECTOR_BYTES
