"""What a mapper holds, as values that stay as they are while it goes on."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from ..driver.device import Device
from ..driver.mapper import Mapper
from ..driver.stacking import MappedHandle
from ..driver.table import Table
from ..pdev.registry import Pdev


class Location(NamedTuple):
    """Where a sector lies: `device` is a name as in tables, or `zero`, or `error`."""

    device: str
    sector: int

    def __str__(self) -> str:
        return f"{self.device} {self.sector}"


@dataclass(frozen=True, slots=True)
class DeviceState:
    """A mapped device; the lines of its tables are as dmsetup prints them."""

    name: str
    uuid: str
    minor: int
    live: tuple[str, ...]
    inactive: tuple[str, ...]
    is_suspended: bool
    is_read_only: bool
    open_count: int
    event_nr: int


def devices_of(mapper: Mapper) -> list[DeviceState]:
    """Every mapped device, oldest first, renamed ones last."""
    return [_state(device) for device in mapper.devices]


def _state(device: Device) -> DeviceState:
    return DeviceState(
        name=device.name,
        uuid=device.uuid,
        minor=device.minor,
        live=tuple(_lines(device.live)),
        inactive=tuple(_lines(device.inactive)),
        is_suspended=device.is_suspended,
        is_read_only=device.is_read_only,
        open_count=device.open_count,
        event_nr=device.event_nr,
    )


def _lines(table: Table) -> Iterator[str]:
    for entry in table:
        words = (entry.start_sector, entry.length_sectors, entry.target.name, entry.target.table())
        yield " ".join(str(word) for word in words if word not in (None, ""))


def handles_of(mapper: Mapper) -> dict[str, int]:
    """The physical devices that are open, and how many lines of tables use each."""
    return {pdev.name: pdev.references for pdev in mapper.opened}


def locations_of(mapper: Mapper, name: str, sector: int) -> list[Location]:
    """Where a sector lies by the live table, and the tables below, down to a disk.

    Empty in a hole.  Raises `DMError` (ENOENT).
    """
    device: Device | None = mapper.find(name)
    found = []
    while device is not None:
        place = device.live.map(sector)
        if place is None:
            break
        sector = place.sector
        device = None
        if not isinstance(place.device, Pdev):
            found.append(Location(place.device.value, sector))
            break
        found.append(Location(place.device.name, sector))
        if isinstance(place.device.handle, MappedHandle):
            device = place.device.handle.device
    return found
