"""An open physical device."""

import errno
import os
import stat
from typing import Final, Protocol

from ..wire.errors import DMError, Errno

SECTOR_BYTES: Final = 512
"""The unit of every table (DEV_BSIZE)."""


class Handle(Protocol):
    """What a physical device is once it is open."""

    @property
    def size_sectors(self) -> int:
        """The size now, in whole sectors."""
        ...

    def close(self) -> None:
        """Give it back; nothing is done with it afterwards."""
        ...


class Source(Protocol):
    """What a name stands for, before it is opened."""

    @property
    def dev(self) -> int:
        """Its NetBSD dev_t, as `deps` reports it; never 0."""
        ...

    @property
    def identity(self) -> object:
        """Equal for two names exactly when they may share one handle."""
        ...

    def open(self) -> Handle:
        """Open it; raises `DMError` (ENOENT, as the driver makes of every failure)."""
        ...


class FileHandle:
    """A regular file or block device, open for reading and, if allowed, writing."""

    __slots__ = ("fd", "path")

    def __init__(self, path: str, read_only: bool) -> None:
        self.path = path
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

    def close(self) -> None:
        os.close(self.fd)


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
