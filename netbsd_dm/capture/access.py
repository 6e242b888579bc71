"""Accesses to the mapped disks in a capture: their form, and doing them again."""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from ..blockio.nodes import block_read, block_write, raw_read, raw_write
from ..blockio.volume import Volume
from ..driver.device import Device
from ..driver.diskinfo import disk_info, wedge_info
from ..driver.mapper import Mapper
from ..plist import dumps
from ..wire.errors import DMError, Errno

_LENGTH_MAX: Final = 2**27


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an access came to; what its kind does not give is None."""

    errno: int
    """NetBSD's number; 0 if it succeeded."""
    data_bytes: int | None = None
    """What a read gave, in size and SHA-256."""
    sha256: str | None = None
    written_bytes: int | None = None
    text: str | None = None

    def __str__(self) -> str:
        parts = [f"errno {self.errno}"]
        if self.data_bytes is not None:
            parts.append(f"{self.data_bytes} bytes, SHA-256 {self.sha256}")
        if self.written_bytes is not None:
            parts.append(f"{self.written_bytes} bytes written")
        return ", ".join(parts) + (f"\n{self.text}" if self.text is not None else "")


@dataclass(frozen=True, slots=True)
class Access:
    """One access: `op` as protocol/capture.md has it, a range in bytes, what to write."""

    op: str
    minor: int
    offset_bytes: int
    length_bytes: int
    payload: bytes
    recorded: Outcome | None
    """None where the driver gave no answer."""


def read_access(record: dict[str, Any]) -> Access:
    """The access in the `io` object of a step; raises `ValueError` or `KeyError`."""
    op = str(record["op"])
    if op not in _DO:
        raise ValueError(f"no access {op!r}; there are {', '.join(_DO)}")
    length = int(record["len"])
    if not 0 <= length <= _LENGTH_MAX:
        raise ValueError(f"an access of {length} bytes")
    fill = record.get("write_fill")
    text = record.get("write_base64", "")
    return Access(
        op=op,
        minor=int(record["minor"]),
        offset_bytes=int(record["off"]),
        length_bytes=length,
        payload=base64.b64decode(text) if fill is None else bytes([fill]) * length,
        recorded=_recorded(op, record) if "errno" in record else None,
    )


def _recorded(op: str, record: dict[str, Any]) -> Outcome:
    errno = int(record["errno"])
    if errno:
        return Outcome(errno)
    if op in "Rr":
        return Outcome(0, data_bytes=int(record["nreply"]), sha256=str(record["sha256"]))
    if op in "Ww":
        return Outcome(0, written_bytes=int(record["written"]))
    return Outcome(0, text=record.get("text"))


def perform(mapper: Mapper, access: Access) -> Outcome:
    """Do `access` to a device of `mapper`, as NetBSD's device nodes do it."""
    device = mapper.lookup(access.minor)
    if device is None:
        return Outcome(Errno.EIO if access.op in "RWrw" else Errno.ENODEV)
    try:
        return _DO[access.op](mapper, device, access)
    except DMError as error:
        return Outcome(error.errno)


_Read = Callable[[Volume, int, int], bytes]
_Write = Callable[[Volume, int, bytes], int]
_Do = Callable[[Mapper, Device, Access], Outcome]


def _reading(read: _Read) -> _Do:
    def do(mapper: Mapper, device: Device, access: Access) -> Outcome:
        with Volume(mapper, device) as volume:
            data = read(volume, access.offset_bytes, access.length_bytes)
        return Outcome(0, data_bytes=len(data), sha256=hashlib.sha256(data).hexdigest())

    return do


def _writing(write: _Write) -> _Do:
    def do(mapper: Mapper, device: Device, access: Access) -> Outcome:
        with Volume(mapper, device) as volume:
            return Outcome(0, written_bytes=write(volume, access.offset_bytes, access.payload))

    return do


def _sync(mapper: Mapper, device: Device, access: Access) -> Outcome:
    with Volume(mapper, device) as volume:
        volume.flush()
    return Outcome(0)


def _disk(mapper: Mapper, device: Device, access: Access) -> Outcome:
    return Outcome(0, text=dumps(disk_info(device)).decode())


def _wedge(mapper: Mapper, device: Device, access: Access) -> Outcome:
    wedge = wedge_info(device)
    words = (wedge.devname, wedge.name, wedge.parent, 0, wedge.size_sectors, wedge.ptype)
    return Outcome(0, text="|".join(map(str, words)))


_DO: Final[dict[str, _Do]] = {
    "R": _reading(raw_read),
    "W": _writing(raw_write),
    "r": _reading(block_read),
    "w": _writing(block_write),
    "C": _sync,
    "D": _disk,
    "G": _wedge,
}
