"""A range of a device, cut along the windows of its table."""

from collections.abc import Iterator
from typing import NamedTuple

from ..driver.device import Device
from ..driver.stacking import MappedHandle
from ..pdev.file import FileHandle
from ..pdev.registry import Pdev
from ..targets.interface import Filler
from .layout import HeldError, layout_of, look_through


class Extent(NamedTuple):
    """A part of a range, all in one place; None for a hole of the table."""

    place: FileHandle | Filler | None
    offset_bytes: int
    length_bytes: int
    pdev: Pdev | None = None


def extents(
    device: Device, offset_bytes: int, length_bytes: int, passed: set[Device]
) -> Iterator[Extent]:
    """The extents of a range of `device`, in order.

    Every device on the way goes into `passed`.  Raises `HeldError` if one of
    them holds its I/O, and what a target raises in mapping.
    """
    if device.stops_io:
        raise HeldError(device)
    passed.add(device)
    layout = layout_of(device.live)
    end = offset_bytes + length_bytes
    while offset_bytes < end:
        window = look_through(layout.window(offset_bytes), offset_bytes, passed)
        part = min(end, window.end) - offset_bytes
        place = None if isinstance(window.place, Device) else window.place
        yield Extent(place, offset_bytes + window.shift, part, window.pdev)
        offset_bytes += part


def whole_files(device: Device, passed: set[Device]) -> Iterator[Extent]:
    """An empty extent for each file that `device` stands on, through others too.

    As `extents`; a file may come more than once.
    """
    below = [device]
    while below:
        each = below.pop()
        if each in passed:
            continue
        if each.stops_io:
            raise HeldError(each)
        passed.add(each)
        for pdev in each.live.pdevs:
            handle = pdev.handle
            if isinstance(handle, FileHandle):
                yield Extent(handle, 0, 0, pdev)
            elif isinstance(handle, MappedHandle):
                below.append(handle.device)
