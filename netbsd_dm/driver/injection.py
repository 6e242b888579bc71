"""A failure on demand, its reply as the driver would have left it (driver spec section 0.3)."""

from typing import Final

from ..plist import PlistDict, UInt
from ..wire import fields, flags, keys
from ..wire.errors import DMError, Errno
from .state import State

_LOOKS_UP_NOTHING: Final = frozenset(
    {"version", "targets", "names", "create", "remove_all", "iostat"}
)


def precedes_admission(errno: int) -> bool:
    """Whether it is the errno of the version check, which leaves the request as it is."""
    return errno == Errno.EIO


def fail_on_demand(state: State, command: str, request: PlistDict, error: DMError) -> None:
    """Raise `error`, the request changed as far as the driver comes with that errno.

    EPERM is given before the command begins.  ENOENT is a device that is not found; but
    from a reload, like every other errno there, a table that could not be loaded.
    A request that names no device fails by itself.
    """
    if error.errno == Errno.EPERM:
        raise error
    if command == "create" and error.errno == Errno.EEXIST:
        fields.add_flags(request, flags.EXISTS)
    if command in _LOOKS_UP_NOTHING:
        raise error
    device = state.find(request)
    if command == "reload":
        if not state.profile.reload_is_atomic:
            device.destroy_inactive()
        request[keys.MINOR] = UInt(device.minor)
    elif error.errno == Errno.ENOENT:
        fields.remove_flags(request, flags.EXISTS)
    raise error
