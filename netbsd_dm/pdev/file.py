"""A file or block device as a disk: opened, read, written, flushed, discarded."""

import errno
import logging
import os
import stat
from collections.abc import Iterator
from typing import NamedTuple

from ..wire.errors import DMError, Errno
from . import falloc
from .handle import SECTOR_BYTES

_log = logging.getLogger(__name__)

_ZEROES = bytes(1_048_576)


class Range(NamedTuple):
    """Bytes of a file that are all data, or all a hole."""

    length_bytes: int
    is_hole: bool


class FileHandle:
    """A regular file or block device, open for reading and, if allowed, writing.

    Offsets and lengths are in bytes.  Every access ends within the whole sectors
    that the file has at that moment: one that does not raises `DMError` (EIO),
    after the part that fits.  So does whatever the host refuses; ENOSPC stays.
    """

    __slots__ = ("_cached_flags", "_reported", "fd", "path", "read_only")

    def __init__(self, path: str, read_only: bool) -> None:
        self.path = path
        self.read_only = read_only
        self._cached_flags: int | None = -1
        self._reported: set[int] = set()
        # Before opening: to open a tape or a watchdog does something to it.
        require_disk(path)
        access = os.O_RDONLY if read_only else os.O_RDWR
        try:
            self.fd = os.open(path, access | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
        except OSError as error:
            raise _unusable(path, error) from None
        if not _is_disk(os.fstat(self.fd)):
            self.close()
            raise _no_disk(path)

    @property
    def size_sectors(self) -> int:
        return os.lseek(self.fd, 0, os.SEEK_END) // SECTOR_BYTES

    @property
    def size_bytes(self) -> int:
        """The size now, as far as it is whole sectors."""
        return self.size_sectors * SECTOR_BYTES

    @property
    def cached_flags(self) -> int | None:
        """Flags with which preadv(2) never waits for the disk; None if there are none."""
        if self._cached_flags == -1:
            self._cached_flags = falloc.cached_read_flags(self.fd)
        return self._cached_flags

    def close(self) -> None:
        os.close(self.fd)

    def read_into(self, view: memoryview, offset_bytes: int) -> None:
        """Fill `view`; waits for the disk."""
        done = 0
        try:
            while done < len(view):
                count = os.preadv(self.fd, (view[done:],), offset_bytes + done)
                if not count:
                    raise self._beyond_end(offset_bytes + done)
                done += count
        except OSError as error:
            raise self.failed("read", offset_bytes + done, error) from None

    def write(self, data: bytes | bytearray | memoryview, offset_bytes: int) -> None:
        """Write all of `data`."""
        self._require_writable()
        view = memoryview(data)
        fits = self._fitting(offset_bytes, len(view))
        done = 0
        try:
            while done < fits:
                done += os.pwrite(self.fd, view[done:fits], offset_bytes + done)
        except OSError as error:
            raise self.failed("write", offset_bytes + done, error) from None
        if fits < len(view):
            raise self._beyond_end(offset_bytes + fits)

    @property
    def writable_bytes(self) -> int:
        """Where a write must end: at the size now, or -1 if there may be none."""
        return -1 if self.read_only else self.size_bytes

    def sync(self) -> None:
        """Make every write that has returned durable (fdatasync(2))."""
        try:
            os.fdatasync(self.fd)
        except OSError as error:
            raise self.failed("flush", 0, error) from None

    def discard(self, offset_bytes: int, length_bytes: int) -> None:
        """Give the space back, where the host can; what is read afterwards is undefined."""
        self._require_writable()
        fits = self._fitting(offset_bytes, length_bytes)
        try:
            falloc.punch(self.fd, offset_bytes, fits)
        except OSError as error:
            if error.errno not in falloc.CANNOT:
                raise self.failed("discard", offset_bytes, error) from None
        if fits < length_bytes:
            raise self._beyond_end(offset_bytes + fits)

    def write_zeroes(self, offset_bytes: int, length_bytes: int, *, may_punch: bool) -> None:
        """Have zero bytes there; as a hole where that is allowed and possible."""
        self._require_writable()
        fits = self._fitting(offset_bytes, length_bytes)
        clear = falloc.punch if may_punch else falloc.zero
        try:
            clear(self.fd, offset_bytes, fits)
        except OSError as error:
            if error.errno not in falloc.CANNOT:
                raise self.failed("zero", offset_bytes, error) from None
            for done in range(0, fits, len(_ZEROES)):
                self.write(_ZEROES[: fits - done], offset_bytes + done)
        if fits < length_bytes:
            raise self._beyond_end(offset_bytes + fits)

    def read_ahead(self, offset_bytes: int, length_bytes: int) -> None:
        """Ask the host to have that range in its page cache soon."""
        try:
            os.posix_fadvise(self.fd, offset_bytes, length_bytes, os.POSIX_FADV_WILLNEED)
        except OSError as error:
            raise self.failed("read ahead", offset_bytes, error) from None

    def ranges(self, offset_bytes: int, length_bytes: int) -> Iterator[Range]:
        """Where that range is data and where holes; what cannot be told or read is data."""
        fits = self._fitting(offset_bytes, length_bytes)
        end = offset_bytes + fits
        while offset_bytes < end:
            data = self._seek(offset_bytes, os.SEEK_DATA, end)
            if data > offset_bytes:
                yield Range(data - offset_bytes, is_hole=True)
            offset_bytes = self._seek(data, os.SEEK_HOLE, end) if data < end else end
            if offset_bytes > data:  # unless somebody punches there meanwhile
                yield Range(offset_bytes - data, is_hole=False)
        if fits < length_bytes:
            yield Range(length_bytes - fits, is_hole=False)

    def failed(self, doing: str, offset_bytes: int, error: OSError) -> DMError:
        """The error of the host as ours, logged once for each kind."""
        number = Errno.ENOSPC if error.errno == errno.ENOSPC else Errno.EIO
        hint = ": make room on its file system" if number is Errno.ENOSPC else ""
        return self._report(
            DMError(
                number, f"cannot {doing} {self.path} at byte {offset_bytes}: {error.strerror}{hint}"
            )
        )

    def _require_writable(self) -> None:
        if self.read_only:
            raise DMError(Errno.EPERM, f"{self.path} is offered read-only: offer it without ,ro")

    def _beyond_end(self, offset_bytes: int) -> DMError:
        return self._report(
            DMError(
                Errno.EIO,
                f"{self.path} ends at byte {self.size_bytes}, before byte {offset_bytes}"
                " which its device has: make it as long as it was when the table was loaded",
            )
        )

    def _report(self, error: DMError) -> DMError:
        if error.errno not in self._reported:  # a client may go on trying for ever
            self._reported.add(error.errno)
            _log.warning("%s", error.message)
        return error

    def _fitting(self, offset_bytes: int, length_bytes: int) -> int:
        """How much of that range there is."""
        return max(0, min(length_bytes, self.size_bytes - offset_bytes))

    def _seek(self, offset_bytes: int, how: int, end: int) -> int:
        """The next data or hole from there on, at most `end`."""
        try:
            return min(end, os.lseek(self.fd, offset_bytes, how))
        except OSError as error:
            # ENXIO: nothing but a hole follows.  Anything else: it cannot be told.
            return end if how == os.SEEK_HOLE or error.errno == errno.ENXIO else offset_bytes


def require_disk(path: str) -> os.stat_result:
    """The status of `path`; raises `DMError` unless it can serve as a disk."""
    try:
        status = os.stat(path)  # noqa: PTH116 (a Path costs more than the call)
    except OSError as error:
        raise _unusable(path, error) from None
    if not _is_disk(status):
        raise _no_disk(path)
    return status


def _is_disk(status: os.stat_result) -> bool:
    return stat.S_ISREG(status.st_mode) or stat.S_ISBLK(status.st_mode)


def _no_disk(path: str) -> DMError:
    return DMError(Errno.ENOENT, f"{path} is neither a regular file nor a block device")


def _unusable(path: str, error: OSError) -> DMError:
    reason = error.strerror or "unknown error"
    hint = {
        errno.ENOENT: "; create it first, for example with truncate -s 64M",
        errno.EACCES: "; let the server's user read and write it, or offer it with ,ro",
        errno.EROFS: "; offer it with ,ro",
    }.get(error.errno or 0, "")
    return DMError(Errno.ENOENT, f"cannot open {path}: {reason}{hint}")
