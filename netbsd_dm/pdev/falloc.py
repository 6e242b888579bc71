"""What Linux knows of files beyond POSIX: punching holes, reading what is cached."""

import errno
import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

CANNOT: Final = frozenset({errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS, errno.ENODEV})
"""What fallocate(2) fails with where file system or alignment do not allow it."""

_KEEP_SIZE: Final = 0x01
_PUNCH_HOLE: Final = 0x02
_ZERO_RANGE: Final = 0x10
_IN_MEMORY: Final = frozenset({"tmpfs", "ramfs", "hugetlbfs"})


def punch(fd: int, offset_bytes: int, length_bytes: int) -> None:
    """Make that range a hole; raises `OSError`."""
    _fallocate(fd, _PUNCH_HOLE | _KEEP_SIZE, offset_bytes, length_bytes)


def zero(fd: int, offset_bytes: int, length_bytes: int) -> None:
    """Zero that range and keep its space; raises `OSError`."""
    _fallocate(fd, _ZERO_RANGE | _KEEP_SIZE, offset_bytes, length_bytes)


def _fallocate(fd: int, mode: int, offset_bytes: int, length_bytes: int) -> None:
    if length_bytes and _libc_fallocate()(fd, mode, offset_bytes, length_bytes) != 0:
        import ctypes

        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


@functools.cache
def _libc_fallocate() -> Callable[[int, int, int, int], int]:
    import ctypes

    function = ctypes.CDLL(None, use_errno=True).fallocate64
    function.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)

    def fallocate(fd: int, mode: int, offset_bytes: int, length_bytes: int) -> int:
        return int(function(fd, mode, offset_bytes, length_bytes))

    return fallocate


def cached_read_flags(fd: int) -> int | None:
    """Flags for preadv(2) that keep it from waiting for the disk; None if it may wait.

    Not every file system has RWF_NOWAIT; one that lies in memory needs none.
    """
    try:
        os.preadv(fd, (bytearray(1),), 0, os.RWF_NOWAIT)
    except BlockingIOError:
        return os.RWF_NOWAIT
    except OSError as error:
        is_needless = error.errno == errno.EOPNOTSUPP and _file_system(fd) in _IN_MEMORY
        return 0 if is_needless else None
    return os.RWF_NOWAIT


def _file_system(fd: int) -> str:
    device = os.fstat(fd).st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines():
        words = line.split()
        if words[2] == wanted:
            return words[words.index("-") + 1]
    return ""
