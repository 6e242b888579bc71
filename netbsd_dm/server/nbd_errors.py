"""The device mapper's errors in the numbers of NBD."""

from typing import Final

from ..nbd.constants import Error
from ..wire.errors import DMError, Errno

_NUMBERS: Final = {
    Errno.EPERM: Error.EPERM,
    Errno.EINVAL: Error.EINVAL,
    Errno.ENOSPC: Error.ENOSPC,
    Errno.ENOTSUP: Error.ENOTSUP,
}


def error_of(error: DMError) -> Error:
    """NBD's number; everything that it has no better one for is EIO."""
    return next((ours for theirs, ours in _NUMBERS.items() if theirs == error.errno), Error.EIO)
