"""Every device that an access passes, with the sectors that it touches of each."""

from collections import deque
from collections.abc import Iterator

from ..driver.device import Device
from ..driver.stacking import MappedHandle
from ..faults.plan import Access
from ..faults.rules import Names
from ..pdev.handle import SECTOR_BYTES
from .access import Op
from .layout import HeldError, layout_of


def passages(device: Device, op: Op, offset_bytes: int, length_bytes: int) -> Iterator[Access]:
    """The parts of an access, from the mapped device asked down to the physical ones.

    A mapped device below another is one of both: it has its own names, and that by which
    the table above calls it.  A flush passes all that the live tables name, and touches no
    sectors.  Raises `DMError` where a target does in mapping, and `HeldError`.
    """
    if op is Op.FLUSH:
        yield from _flushed(device)
        return
    ranges = deque([(device, offset_bytes, length_bytes)])
    while ranges:
        device, offset_bytes, length_bytes = ranges.popleft()
        _require_free(device)
        yield Access(op.kind, *_sectors(offset_bytes, length_bytes), _names(device), "")
        layout = layout_of(device.live)
        end_bytes = offset_bytes + length_bytes
        while offset_bytes < end_bytes:
            window = layout.window(offset_bytes)
            part_bytes = min(end_bytes, window.end) - offset_bytes
            there_bytes = offset_bytes + window.shift
            if window.pdev is not None:
                yield Access(op.kind, *_sectors(there_bytes, part_bytes), None, window.pdev.name)
            if isinstance(window.place, Device):
                ranges.append((window.place, there_bytes, part_bytes))
            offset_bytes += part_bytes


def _flushed(device: Device) -> Iterator[Access]:
    """The parts of a flush, each device once."""
    devices, seen = deque([device]), {device}
    while devices:
        device = devices.popleft()
        _require_free(device)
        yield Access(Op.FLUSH.kind, 0, 0, _names(device), "")
        for pdev in sorted(device.live.pdevs, key=lambda pdev: pdev.name):  # sets have no order
            yield Access(Op.FLUSH.kind, 0, 0, None, pdev.name)
            if isinstance(pdev.handle, MappedHandle) and pdev.handle.device not in seen:
                seen.add(pdev.handle.device)
                devices.append(pdev.handle.device)


def _require_free(device: Device) -> None:
    if device.stops_io:
        raise HeldError(device)


def _names(device: Device) -> Names:
    return Names(device.name, device.uuid, device.minor)


def _sectors(offset_bytes: int, length_bytes: int) -> tuple[int, int]:
    """The first sector of a range of bytes, and where its last one ends."""
    return offset_bytes // SECTOR_BYTES, -(-(offset_bytes + length_bytes) // SECTOR_BYTES)
