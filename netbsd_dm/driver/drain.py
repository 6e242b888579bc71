"""Waiting for the I/O of a device to end, and its flush."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

from ..pdev.file import FileHandle
from ..pdev.registry import Pdev, PdevRegistry
from ..plist import PlistDict
from ..wire.errors import DMError
from .device import Device
from .events import DrainWait
from .stacking import devices_below


def after_io(device: Device) -> DrainWait | None:
    """The wait until what works on `device` is done; None if nothing does."""
    return DrainWait(device, _as_it_is) if device.started_io else None


def after_flush(device: Device, pdevs: PdevRegistry) -> DrainWait | None:
    """As `after_io`, and then until its writes are durable.

    Its files stay open until then, even if the device is resumed meanwhile with
    a table that has others.
    """
    flush = flush_of(device)
    if flush is None:
        return after_io(device)
    return DrainWait(device, _as_it_is, work=flush, at_end=_keep_files(device, pdevs))


def before_swap(
    device: Device, pdevs: PdevRegistry, swap: Callable[[PlistDict], None]
) -> DrainWait | None:
    """The wait until `swap` can be done, and what the old table's files hold is durable.

    No request meets two tables, and a flush through the new one need not cover the
    old one's files.  New I/O waits meanwhile, as if the device were suspended.
    None if there is nothing to wait for.
    """
    if not device.started_io and not (device.is_dirty and device.inactive):
        return None
    kept = ExitStack()

    def finish(request: PlistDict) -> None:
        if device.inactive:
            wait.work = flush_of(device)
            kept.callback(_keep_files(device, pdevs))
        swap(request)

    def end() -> None:
        kept.close()
        if not device.is_suspended:
            device.allow_io()

    device.hold_io()
    wait = DrainWait(device, finish, at_end=end)
    return wait


def _keep_files(device: Device, pdevs: PdevRegistry) -> Callable[[], None]:
    """Keep the files of its live table open; what is given gives them back."""
    kept = {pdev for pdev in _pdevs_of(device) if isinstance(pdev.handle, FileHandle)}
    for pdev in kept:
        pdevs.retain(pdev)

    def give_back() -> None:
        for pdev in kept:
            pdevs.release(pdev)
        pdevs.reap()

    return give_back


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
        device.is_dirty = False  # before, for a write meanwhile makes it dirty again
        try:
            for file in files:
                file.sync()
        except DMError:
            device.is_dirty = True
            raise

    return flush


def files_of(device: Device) -> Iterator[FileHandle]:
    """The files that its live table stands on, through other devices too."""
    for pdev in _pdevs_of(device):
        if isinstance(pdev.handle, FileHandle):
            yield pdev.handle


def _pdevs_of(device: Device) -> Iterator[Pdev]:
    for each in (device, *devices_below(device)):
        yield from each.live.pdevs
