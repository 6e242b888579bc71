"""Whether a command did what it was asked.

`standard` says so.  The driver loses the errno (spec section 0.3), so from
`netbsd-9` only the contents of the reply tell.
"""

from ..plist import PlistDict, PlistValue
from . import fields, flags, keys
from .errors import DMError, Errno

_LOOKS_UP = frozenset(
    [
        "info",
        "mknodes",
        "suspend",
        "remove",
        "rename",
        "resume",
        "clear",
        "deps",
        "reload",
        "status",
        "table",
    ]
)
_WRITES_MINOR = _LOOKS_UP - {"remove", "clear"} | {"waitevent"}


def failure_of(request: PlistDict, reply: PlistDict) -> DMError | None:
    """The error that `reply` to `request` tells of; None if the command was done.

    From a server without errors in its replies, the error is what the reply
    lets us infer; what leaves no trace there is None, too.
    """
    return reported_failure(request, reply) or _inferred(request, reply)


def reported_failure(request: PlistDict, reply: PlistDict) -> DMError | None:
    """The error that `reply` names, without inferring any."""
    error = reply.get(keys.ERROR)
    if isinstance(error, dict) and keys.ERROR not in request:
        return DMError(
            fields.uint32(error, keys.ERRNO),
            fields.string(error, keys.MESSAGE) or "the command failed",
            fields.string(error, keys.WHERE),
        )
    if keys.ERRNO in reply and keys.ERRNO not in request:
        return DMError(fields.uint32(reply, keys.ERRNO), "the server could not read the request")
    return None


def _inferred(request: PlistDict, reply: PlistDict) -> DMError | None:
    command = fields.string(request, keys.COMMAND)
    bits = fields.uint32(reply, keys.FLAGS)
    if keys.VERSION in request and not _was_replaced(reply.get(keys.VERSION)):
        return DMError(Errno.EIO, "the driver does not speak that version", keys.VERSION)
    if isinstance(request.get(keys.VERSION), str):
        return None  # who speaks the draft reports errors
    if command == "iostat" and keys.CMD_DATA not in reply:
        return DMError(Errno.EINVAL, "this server has no iostat: it runs profile netbsd-9")
    if command in _LOOKS_UP and fields.uint32(request, keys.FLAGS) & flags.EXISTS & ~bits:
        return DMError(Errno.ENOENT, "no such device")
    if command == "create" and keys.MINOR not in reply:
        return DMError(Errno.EEXIST, "the device exists, or you may not create one")
    if command in _WRITES_MINOR and keys.MINOR not in reply:
        return DMError(Errno.EINVAL, "the driver refused the command and does not say why")
    if command == "reload" and not bits & flags.INACTIVE_PRESENT:
        return DMError(Errno.EINVAL, "the driver refused the table and does not say why")
    return None


def _was_replaced(version: PlistValue | None) -> bool:
    return version == "4.16.0" or (isinstance(version, list) and version[:3] == [4, 16, 0])
