"""Every device that an access passes, with the sectors that it touches of each."""

from collections.abc import Iterator

from ..driver.device import Device
from ..driver.stacking import devices_below
from ..faults.plan import Access
from ..faults.rules import Names
from ..pdev.handle import SECTOR_BYTES
from .access import Op
from .layout import layout_of


def passages(device: Device, op: Op, offset_bytes: int, length_bytes: int) -> Iterator[Access]:
    """The parts of an access, from the mapped device asked down to the physical ones.

    A flush passes them all, and touches no sectors.
    """
    if op is Op.FLUSH:
        for each in (device, *devices_below(device)):
            yield Access(op.kind, 0, 0, _names(each), "")
            for pdev in each.live.pdevs:
                yield Access(op.kind, 0, 0, None, pdev.name)
        return
    yield Access(op.kind, *_sectors(offset_bytes, length_bytes), _names(device), "")
    layout = layout_of(device.live)
    end_bytes = offset_bytes + length_bytes
    while offset_bytes < end_bytes:
        window = layout.window(offset_bytes)
        part_bytes = min(end_bytes, window.end) - offset_bytes
        there_bytes = offset_bytes + window.shift
        if isinstance(window.place, Device):
            yield from passages(window.place, op, there_bytes, part_bytes)
        elif window.pdev is not None:
            yield Access(op.kind, *_sectors(there_bytes, part_bytes), None, window.pdev.name)
        offset_bytes += part_bytes


def _names(device: Device) -> Names:
    return Names(device.name, device.uuid, device.minor)


def _sectors(offset_bytes: int, length_bytes: int) -> tuple[int, int]:
    """The first sector of a range of bytes, and where its last one ends."""
    return offset_bytes // SECTOR_BYTES, -(-(offset_bytes + length_bytes) // SECTOR_BYTES)
