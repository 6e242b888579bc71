"""Failures: NetBSD's error numbers and the one exception that carries them."""

from enum import IntEnum


class Errno(IntEnum):
    """NetBSD's numbers (errno.2), which are not everywhere the host's."""

    EPERM = 1
    ENOENT = 2
    EIO = 5
    ENXIO = 6
    E2BIG = 7
    ENOMEM = 12
    EACCES = 13
    EBUSY = 16
    EEXIST = 17
    ENODEV = 19
    EINVAL = 22
    ENOTTY = 25
    ENOSPC = 28
    EROFS = 30
    EAGAIN = 35
    ETIMEDOUT = 60
    ELOOP = 62
    ENOTSUP = 86


class DMError(Exception):
    """A command failed.

    `errno` is NetBSD's number (an `Errno`, or an `int` that it does not name),
    `message` says what, why and what to do, `where` names the part of the
    request that is to blame, such as `cmd_data[2].params`.
    """

    def __init__(self, errno: int, message: str, where: str | None = None) -> None:
        super().__init__(errno, message, where)
        self.errno = errno
        self.message = message
        self.where = where

    @property
    def name(self) -> str:
        """The symbolic name, `ENOENT`; `errno 99` for a number without one."""
        return error_name(self.errno)

    def __str__(self) -> str:
        place = f" ({self.where})" if self.where else ""
        return f"{self.name}: {self.message}{place}"


class UndefinedError(DMError):
    """The real driver crashes here or reads uninitialised memory.

    The request is echoed and nothing changes (driver spec section 13).
    """

    def __init__(self, message: str, where: str | None = None) -> None:
        DMError.__init__(self, Errno.EINVAL, message, where)
        self.args = (message, where)


class NoServerError(ConnectionError):
    """Nobody listens on the socket, or the server went away."""


def error_name(errno: int) -> str:
    """The symbolic name of a NetBSD error number."""
    try:
        return Errno(errno).name
    except ValueError:
        return f"errno {errno}"
