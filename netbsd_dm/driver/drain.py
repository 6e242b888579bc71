"""Waiting for the I/O of a device to end, and its flush."""

from collections.abc import Callable, Iterator

from ..pdev.file import FileHandle
from ..plist import PlistDict
from .device import Device
from .events import DrainWait
from .stacking import devices_below


def after_io(device: Device, work: Callable[[], None] | None = None) -> DrainWait | None:
    """The wait until what works on `device` is done, then for `work`; None if for nothing."""
    if not device.started_io and work is None:
        return None
    return DrainWait(device, _as_it_is, work=work)


def _as_it_is(request: PlistDict) -> None:
    """The reply was written when the command ran."""


def flush_of(device: Device) -> Callable[[], None] | None:
    """What makes the device's writes durable, to be called later; None without any.

    It raises `DMError` (EIO).
    """
    if not device.is_dirty:
        return None
    files = set(files_of(device))

    def flush() -> None:
        for file in files:
            file.sync()
        device.is_dirty = False

    return flush


def files_of(device: Device) -> Iterator[FileHandle]:
    """The files that its live table stands on, through other devices too."""
    for each in (device, *devices_below(device)):
        for pdev in each.live.pdevs:
            if isinstance(pdev.handle, FileHandle):
                yield pdev.handle
