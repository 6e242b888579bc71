"""Disk and wedge information: two ioctls on a device node (driver spec section 4.6)."""

from typing import Final, NamedTuple

from ..pdev.handle import SECTOR_BYTES
from ..plist import PlistDict, UInt
from ..plist.escapes import cut_bytes
from ..wire.errors import DMError, Errno
from .device import Device

_HEADS: Final = 64
_SECTORS_PER_TRACK: Final = 32
_WEDGE_NAME_BYTES: Final = 15


def disk_info(device: Device) -> PlistDict:
    """The dictionary that describes `device` as a disk.

    As of the last resume with a table; raises `DMError` (ENOTSUP) before the
    first.  What setgeometry said takes the place of the driver's made-up numbers.
    """
    if device.mapped_sectors is None:
        raise DMError(Errno.ENOTSUP, f"{device.title} has had no table yet: reload and resume")
    heads, sectors = _HEADS, _SECTORS_PER_TRACK
    cylinders = device.mapped_sectors // (heads * sectors)
    if device.geometry is not None:
        heads, sectors = device.geometry.heads, device.geometry.sectors
        cylinders = device.geometry.cylinders
    geometry: PlistDict = {
        "sector-size": UInt(SECTOR_BYTES),
        "sectors-per-track": UInt(sectors),
        "sectors-per-unit": UInt(device.mapped_sectors),
        "tracks-per-cylinder": UInt(heads),
    }
    if cylinders:
        geometry["cylinders-per-unit"] = UInt(cylinders)
    return {"geometry": geometry, "type": "ESDI"}


class Wedge(NamedTuple):
    """What DIOCGWEDGEINFO answers: the device as a wedge of itself."""

    devname: str
    name: str
    parent: str
    size_sectors: int
    ptype: str


def wedge_info(device: Device) -> Wedge:
    """The device as a wedge, its device name cut to 15 bytes."""
    short = cut_bytes(device.name, _WEDGE_NAME_BYTES)
    # The driver counts bytes, modulo 2^64, and divides.
    size_bytes = device.live.size_sectors * SECTOR_BYTES % 2**64
    return Wedge(short, device.name, short, size_bytes // SECTOR_BYTES, "ffs")
