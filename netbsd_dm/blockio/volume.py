"""A device that is open: checked, mapped, counted I/O on ranges of its bytes."""

from collections.abc import Callable, Iterable, Iterator

from ..driver.device import Device
from ..driver.mapper import Mapper
from ..faults.plan import AccessFault
from ..pdev.file import FileHandle, Range
from ..pdev.handle import SECTOR_BYTES
from ..resources.closing import Closing
from ..wire.errors import DMError, Errno
from . import access, operations
from .access import Access, Op
from .extents import Extent
from .layout import HeldError
from .passages import passages

_NO_FAULT = AccessFault(0.0, None)


class Volume(Closing):
    """A device of `mapper` that is open until `close`; `open_count` counts it.

    Offsets and lengths are in bytes.  Failures raise `DMError`: EINVAL for a
    range that the device has not, EPERM for a write to a read-only device, EIO
    for what the files under it refuse or no longer have (and for a device that
    was removed), ENOSPC, and EAGAIN for one that is suspended, for nobody else
    could resume it meanwhile.  A read or write at the very end moves nothing in
    profile `netbsd-9`, and is EINVAL in `standard`.
    """

    def __init__(self, mapper: Mapper, device: Device) -> None:
        self.mapper = mapper
        self.device = device
        self.profile = mapper.profile
        self._is_open = True
        device.open_count += 1

    def close(self) -> None:
        """Close it; once is enough."""
        if self._is_open:
            self._is_open = False
            self.device.open_count -= 1

    @property
    def size_bytes(self) -> int:
        """The size of the live table now."""
        return self.device.live.size_sectors * SECTOR_BYTES

    @property
    def is_read_only(self) -> bool:
        """Whether the profile refuses writes to it."""
        return self.device.is_read_only and self.profile.enforces_readonly

    def read(self, offset_bytes: int, length_bytes: int) -> bytes:
        """What that range holds; fewer bytes only where the profile cuts at the end."""
        buffer = bytearray(self.check(Op.READ, offset_bytes, length_bytes))

        def fill(extents: Iterable[Extent]) -> None:
            operations.read(extents, memoryview(buffer))

        self._run(Op.READ, offset_bytes, len(buffer), fill)
        return bytes(buffer)

    def write(
        self, offset_bytes: int, data: bytes | bytearray | memoryview, *, fua: bool = False
    ) -> int:
        """Write `data`; gives how much of it.  With `fua` it is durable on return."""
        view = memoryview(data).cast("B")
        length = self.check(Op.WRITE, offset_bytes, len(view))
        self._run(
            Op.WRITE,
            offset_bytes,
            length,
            lambda extents: operations.write(extents, view[:length]),
            fua=fua,
        )
        return length

    def flush(self) -> None:
        """Make every write that has returned durable."""
        self._run(Op.FLUSH, 0, 0, _nothing)

    def discard(self, offset_bytes: int, length_bytes: int) -> None:
        """Give the space of that range back; what it then holds is undefined."""
        length = self.check(Op.DISCARD, offset_bytes, length_bytes)
        self._run(Op.DISCARD, offset_bytes, length, operations.discard)

    def write_zeroes(
        self, offset_bytes: int, length_bytes: int, *, may_punch: bool = True, fua: bool = False
    ) -> None:
        """Have zero bytes in that range; with `may_punch` as holes where possible."""
        length = self.check(Op.WRITE_ZEROES, offset_bytes, length_bytes)
        self._run(
            Op.WRITE_ZEROES,
            offset_bytes,
            length,
            lambda extents: operations.write_zeroes(extents, may_punch=may_punch),
            fua=fua,
        )

    def ranges(self, offset_bytes: int, length_bytes: int) -> Iterator[Range]:
        """Where that range is data, and where holes that read as zeroes."""
        length = self.check(Op.RANGES, offset_bytes, length_bytes)
        found: list[Range] = []
        self._run(
            Op.RANGES,
            offset_bytes,
            length,
            lambda extents: found.extend(operations.ranges(extents)),
        )
        return iter(found)

    def check(self, op: Op, offset_bytes: int, length_bytes: int) -> int:
        """How many bytes such a request moves; raises `DMError` if it is refused."""
        device = self.device
        if device.is_removed:
            raise DMError(Errno.EIO, f"{device.title} was removed: disconnect")
        if op.changes and self.is_read_only:
            raise DMError(
                Errno.EPERM, f"{device.title} is read-only: it was created with the flag READONLY"
            )
        size_bytes = self.size_bytes
        if min(offset_bytes, length_bytes) < 0 or offset_bytes + length_bytes > size_bytes:
            if offset_bytes == size_bytes and not self.profile.refuses_io_at_end:
                return 0
            raise DMError(
                Errno.EINVAL,
                f"bytes {offset_bytes} to {offset_bytes + length_bytes} are beyond the end of"
                f" {device.title}, which has {size_bytes}",
            )
        if (offset_bytes | length_bytes) % SECTOR_BYTES and not self.profile.byte_granular:
            raise DMError(
                Errno.EINVAL,
                f"offset {offset_bytes} or length {length_bytes} is no multiple of {SECTOR_BYTES}",
            )
        return length_bytes

    @property
    def is_watched(self) -> bool:
        """Whether `fault` must be asked before every request."""
        return self.mapper.faults.watches_io

    def fault(self, op: Op, offset_bytes: int, length_bytes: int) -> AccessFault:
        """What a request that `check` has let pass meets on demand; each call counts as one.

        Raises `HeldError`, for what it then passes may be something else.
        """
        if not self.is_watched or not op.kind:
            return _NO_FAULT
        try:
            parts = list(passages(self.device, op, offset_bytes, length_bytes))
        except DMError:
            return _NO_FAULT  # what cannot be mapped fails by itself, when it starts
        found = self.mapper.faults.access(parts)
        if found.problem is not None:
            access.count(self.device, op, length_bytes, failed=True)
        return found

    def start(self, op: Op, offset_bytes: int, length_bytes: int) -> Access:
        """Begin a request on a range that `check` has let pass; raises `HeldError`.

        A failure to map it is a `DMError`, and counted.
        """
        try:
            begun = access.start(self.mapper, self.device, op, offset_bytes, length_bytes)
        except DMError:
            access.count(self.device, op, length_bytes, failed=True)
            raise
        if not self.profile.backing_errors_are_eio:
            try:
                _refuse_beyond(begun.extents)
            except DMError:
                begun.end(failed=True)
                raise
        return begun

    def _run(
        self,
        op: Op,
        offset_bytes: int,
        length_bytes: int,
        work: Callable[[Iterable[Extent]], None],
        *,
        fua: bool = False,
    ) -> None:
        try:
            fault = self.fault(op, offset_bytes, length_bytes)
            if fault.delay_seconds:
                self.mapper.clock.sleep(fault.delay_seconds)
            if fault.problem is not None:
                raise fault.problem
            begun = self.start(op, offset_bytes, length_bytes)
        except HeldError as held:
            raise DMError(Errno.EAGAIN, str(held)) from None
        failed = True
        try:
            if delay_seconds := begun.delay_seconds:
                self.mapper.clock.sleep(delay_seconds)
            work(begun.extents)
            if fua or op is Op.FLUSH:
                operations.flush(begun.files)
            failed = False
        finally:
            begun.end(failed=failed)


def _nothing(extents: Iterable[Extent]) -> None:
    """A flush does nothing to ranges."""


def _refuse_beyond(extents: Iterable[Extent]) -> None:
    """Raise `DMError` (EINVAL) for what begins beyond the end of its file, as recorded."""
    for extent in extents:
        file = extent.place
        if isinstance(file, FileHandle) and extent.offset_bytes > file.size_bytes:
            raise DMError(Errno.EINVAL, f"byte {extent.offset_bytes} is beyond {file.path}")
