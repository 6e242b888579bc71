"""Where the bytes of a device lie, by its live table."""

from bisect import bisect_right
from typing import Final, NamedTuple
from weakref import ref

from ..driver.device import Device
from ..driver.stacking import MappedHandle
from ..driver.table import Entry, Table
from ..pdev.file import FileHandle
from ..pdev.handle import SECTOR_BYTES
from ..pdev.registry import Pdev
from ..targets.interface import Filler, Run, Target
from ..targets.timed import TimedTarget
from ..wire.errors import DMError, Errno

_NO_FILE: Final = -1
_PAGE_SHIFT: Final = 12
_RECENT_MAX: Final = 65_536


class Window(NamedTuple):
    """Bytes of a device that lie in one piece: from `start` below `end`.

    Byte b of them is byte b + `shift` of `place`, which is None in a hole of the
    table.  `fd` and `cached_flags` are the file's, -1 and None without one.  `gates`
    are to be asked about every request, the uppermost first; `cached_flags` is then None.
    """

    start: int
    end: int
    place: FileHandle | Filler | Device | None
    shift: int
    pdev: Pdev | None = None
    fd: int = _NO_FILE
    cached_flags: int | None = None
    gates: tuple[TimedTarget, ...] = ()


class HeldError(Exception):
    """A device holds its I/O: it is suspended, or about to swap its tables."""

    def __init__(self, device: Device) -> None:
        super().__init__(f"{device.title} is suspended: resume it first")
        self.device = device


class Layout:
    """The windows of one table, each made when it is first needed.

    A look-up is a binary search.  For each entry the last window is kept, which
    for a linear one is the whole entry; for others, such as stripes, the windows
    are remembered by the page of the device that was asked for.
    """

    __slots__ = ("__weakref__", "_recent", "_starts", "_table", "_windows")

    def __init__(self, table: Table) -> None:
        self._table = ref(table)  # which keeps us: no cycle
        self._starts = table.starts
        self._windows: list[Window | None] = [None] * (len(self._starts) or 1)
        self._recent: dict[int, Window] = {}

    def window(self, offset_bytes: int) -> Window:
        """The window around a byte of the device."""
        index = bisect_right(self._starts, offset_bytes // SECTOR_BYTES) - 1
        window = self._windows[index]
        if window is not None and window.start <= offset_bytes < window.end:
            return window
        window = self._recent.get(offset_bytes >> _PAGE_SHIFT)
        if window is not None and window.start <= offset_bytes < window.end:
            return window
        return self._look(index, offset_bytes)

    def _look(self, index: int, offset_bytes: int) -> Window:
        sector = offset_bytes // SECTOR_BYTES
        table = self._table()
        if table is None:
            raise ReferenceError("the table of this layout is gone")
        entry, end_sector = table.span(sector)
        if entry is None:
            return Window(sector * SECTOR_BYTES, end_sector * SECTOR_BYTES, None, 0)
        entry_start = entry.start_sector
        run = _run_of(entry, sector - entry_start)
        start = (entry_start + run.first_sector) * SECTOR_BYTES
        end = min(entry_start + run.end_sector, end_sector) * SECTOR_BYTES
        shift = (run.shift_sectors - entry_start) * SECTOR_BYTES
        if not self._starts:  # overlaid by earlier lines, perhaps before this sector
            start = sector * SECTOR_BYTES
        window = _placed(start, end, run.device, shift)
        if isinstance(entry.target, TimedTarget):
            window = window._replace(cached_flags=None, gates=(entry.target,))
        if type(entry.target).run is not Target.run:  # one that does not say may change
            self._windows[index] = window
            if run.first_sector or end < end_sector * SECTOR_BYTES:
                if len(self._recent) == _RECENT_MAX:
                    self._recent.clear()
                self._recent[offset_bytes >> _PAGE_SHIFT] = window
        return window


def _run_of(entry: Entry, sector: int) -> Run:
    """The run around a sector; a target of a package may raise, or say, anything."""
    try:
        run = entry.target.run(sector)
    except DMError:
        raise
    except Exception as error:
        raise DMError(Errno.EIO, f"target {entry.target.name} failed: {error!r}") from error
    if not run.first_sector <= sector < run.end_sector:
        raise DMError(Errno.EIO, f"target {entry.target.name}: sector {sector} is not in {run}")
    return run


def _placed(start: int, end: int, device: Pdev | Filler, shift: int) -> Window:
    if isinstance(device, Filler):
        return Window(start, end, device, shift)
    handle = device.handle
    if isinstance(handle, FileHandle):
        return Window(start, end, handle, shift, device, handle.fd, handle.cached_flags)
    if isinstance(handle, MappedHandle):
        return Window(start, end, handle.device, shift, device)
    raise DMError(Errno.EIO, f"{device.name} is no device that can be read or written")


def layout_of(table: Table) -> Layout:
    """The layout of a table; one for all who ask, for it is kept with it."""
    layout = table.layout
    if not isinstance(layout, Layout):
        layout = table.layout = Layout(table)
    return layout


def look_through(window: Window, offset_bytes: int, passed: set[Device]) -> Window:
    """`window` as it is after all devices that it stands on, which go into `passed`.

    Its place is then a file, a filler or a hole.  Raises `HeldError`.
    """
    while isinstance(window.place, Device):
        device = window.place
        if device.stops_io:
            raise HeldError(device)
        passed.add(device)
        below = layout_of(device.live).window(offset_bytes + window.shift)
        end = size_bytes = device.live.size_sectors * SECTOR_BYTES
        if offset_bytes + window.shift >= size_bytes:
            end = window.end + window.shift
            below = Window(size_bytes, end, None, 0)
        window = below._replace(
            start=max(window.start, below.start - window.shift),
            end=min(window.end, below.end - window.shift, end - window.shift),
            shift=window.shift + below.shift,
            cached_flags=None if window.gates else below.cached_flags,
            gates=window.gates + below.gates,
        )
    return window
