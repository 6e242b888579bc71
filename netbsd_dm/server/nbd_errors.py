"""The device mapper's errors in the numbers of NBD."""

from typing import Final

from ..nbd.constants import Command, Error
from ..nbd.requests import Request
from ..wire.errors import DMError, Errno

_NUMBERS: Final[dict[int, Error]] = {
    Errno.EPERM: Error.EPERM,
    Errno.EINVAL: Error.EINVAL,
    Errno.ENOSPC: Error.ENOSPC,
    Errno.ENOTSUP: Error.ENOTSUP,
}


def error_of(error: DMError) -> Error:
    """NBD's number; everything that it has no better one for is EIO."""
    return _NUMBERS.get(error.errno, Error.EIO)


def error_beyond(request: Request, size_bytes: int, error: DMError) -> Error:
    """As `error_of`; a write beyond the end of the device is ENOSPC ("Error values")."""
    if (
        error.errno == Errno.EINVAL
        and request.command in (Command.WRITE, Command.WRITE_ZEROES)
        and request.offset_bytes + request.length_bytes > size_bytes
    ):
        return Error.ENOSPC
    return error_of(error)
