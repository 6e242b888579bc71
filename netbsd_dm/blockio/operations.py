"""What a request does to its extents.  All of it blocks, and knows no device.

Each function takes the extents of an `Access` in order.  An extent of `error`
fails with EIO, a hole of the table with EINVAL; what comes before is done, and
what comes behind too, as the driver does it (driver spec section 4.5, rule 5).
"""

from collections.abc import Callable, Iterable, Iterator

from ..pdev.file import FileHandle, Range
from ..targets.interface import Filler
from ..wire.errors import DMError, Errno
from .extents import Extent


def read(extents: Iterable[Extent], view: memoryview) -> None:
    """Fill `view`, which is as long as all extents together."""

    def fill(extent: Extent, file: FileHandle, done: int) -> None:
        part = view[done : done + extent.length_bytes]
        file.read_into(part, extent.offset_bytes)
        _corrupt(extent, part)

    def zero(extent: Extent, done: int) -> None:
        view[done : done + extent.length_bytes] = bytes(extent.length_bytes)

    _each(extents, fill, zero)


def write(extents: Iterable[Extent], data: memoryview) -> None:
    """Write `data`, which is as long as all extents together."""

    def put(extent: Extent, file: FileHandle, done: int) -> None:
        part = data[done : done + extent.length_bytes]
        if extent.treatment.corruption is not None:
            part = memoryview(bytearray(part))
            _corrupt(extent, part)
        file.write(part, extent.offset_bytes)

    _each(extents, put)


def _corrupt(extent: Extent, part: memoryview) -> None:
    """Put the byte that a target wants to be wrong into the data of `extent`."""
    wrong = extent.treatment.corruption
    if wrong is not None and wrong.offset_bytes < len(part):
        part[wrong.offset_bytes] = wrong.value


def discard(extents: Iterable[Extent]) -> None:
    """Give their space back, where the files can."""

    def drop(extent: Extent, file: FileHandle, done: int) -> None:
        file.discard(extent.offset_bytes, extent.length_bytes)

    _each(extents, drop)


def write_zeroes(extents: Iterable[Extent], *, may_punch: bool) -> None:
    """Have zero bytes there, as holes where allowed."""

    def clear(extent: Extent, file: FileHandle, done: int) -> None:
        file.write_zeroes(extent.offset_bytes, extent.length_bytes, may_punch=may_punch)

    _each(extents, clear)


def cache(extents: Iterable[Extent]) -> None:
    """Have the files read it ahead, for it will be asked for."""

    def ahead(extent: Extent, file: FileHandle, done: int) -> None:
        file.read_ahead(extent.offset_bytes, extent.length_bytes)

    _each(extents, ahead)


def flush(files: Iterable[FileHandle]) -> None:
    """Make all writes to `files` durable; every one is tried."""
    problem = None
    for file in files:
        try:
            file.sync()
        except DMError as error:
            problem = problem or error
    if problem is not None:
        raise problem


def ranges(extents: Iterable[Extent]) -> Iterator[Range]:
    """Where there is data and where holes that read as zeroes, neighbours joined."""
    joined: Range | None = None
    for extent in extents:
        for found in _ranges(extent):
            if joined is not None and joined.is_hole == found.is_hole:
                joined = Range(joined.length_bytes + found.length_bytes, found.is_hole)
                continue
            if joined is not None:
                yield joined
            joined = found
    if joined is not None:
        yield joined


def _ranges(extent: Extent) -> Iterable[Range]:
    if isinstance(extent.place, FileHandle):
        return extent.place.ranges(extent.offset_bytes, extent.length_bytes)
    return [Range(extent.length_bytes, extent.place is Filler.ZERO)]


def _each(
    extents: Iterable[Extent],
    on_file: Callable[[Extent, FileHandle, int], None],
    on_zero: Callable[[Extent, int], None] | None = None,
) -> None:
    """Do it to every extent, given how many bytes come before; raise the first error."""
    problem = None
    done = 0
    for extent in extents:
        try:
            if isinstance(extent.place, FileHandle):
                on_file(extent, extent.place, done)
            elif extent.place is not Filler.ZERO:
                raise _fault(extent)
            elif on_zero is not None:
                on_zero(extent, done)
        except DMError as error:
            problem = problem or error
        done += extent.length_bytes
    if problem is not None:
        raise problem


def _fault(extent: Extent) -> DMError:
    if extent.treatment.filler is Filler.ERROR:
        return DMError(Errno.EIO, "a target of the table fails every access for now")
    if extent.place is Filler.ERROR:
        return DMError(Errno.EIO, "the target error fails every access")
    return DMError(Errno.EINVAL, "no line of the table covers this range: load one that does")
