"""A range of a device, cut along the windows of its table."""

from collections.abc import Iterator
from typing import NamedTuple

from ..driver.device import Device
from ..driver.stacking import MappedHandle
from ..pdev.file import FileHandle
from ..pdev.registry import Pdev
from ..targets.interface import Filler
from ..targets.timed import UNTREATED, Treatment
from .layout import HeldError, Window, layout_of, look_through


class Extent(NamedTuple):
    """A part of a range, all in one place; None for a hole of the table."""

    place: FileHandle | Filler | None
    offset_bytes: int
    length_bytes: int
    pdev: Pdev | None = None
    treatment: Treatment = UNTREATED
    """What targets make of the request by the time; `place` has their filler already."""


def extents(
    device: Device, offset_bytes: int, length_bytes: int, passed: set[Device], op: str = "read"
) -> list[Extent]:
    """The extents of a range of `device`, in order, for a request of that kind.

    Every device on the way goes into `passed`.  Raises `HeldError` if one of
    them holds its I/O, and what a target raises in mapping.
    """
    if device.stops_io:
        raise HeldError(device)
    passed.add(device)
    window_at = layout_of(device.live).window
    found = []
    end = offset_bytes + length_bytes
    while offset_bytes < end:
        window = window_at(offset_bytes)
        place = window.place
        if isinstance(place, Device):
            window = look_through(window, offset_bytes, passed)
            place = None if isinstance(window.place, Device) else window.place
        stop = window.end
        length = (end if end < stop else stop) - offset_bytes  # noqa: FURB136 (faster)
        extent = Extent(place, offset_bytes + window.shift, length, window.pdev)
        found.append(_treated(extent, window, op) if window.gates else extent)
        offset_bytes += length
    return found


def _treated(extent: Extent, window: Window, op: str) -> Extent:
    """`extent` after the targets that treat it by the time; the first that fills ends it."""
    for gate in window.gates:
        found, before = gate.treat(op), extent.treatment
        both = Treatment(
            before.delay_seconds + found.delay_seconds,
            found.filler,
            before.corruption or found.corruption,
        )
        extent = extent._replace(treatment=both)
        if found.filler is not None:
            return extent._replace(place=found.filler)
    return extent


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
