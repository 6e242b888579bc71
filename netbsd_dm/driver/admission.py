"""What comes before every command: the version check and the permission (spec 2.1)."""

from collections.abc import Mapping
from typing import Final

from ..plist import PlistDict, UInt
from ..wire import keys
from ..wire.errors import DMError, Errno
from .commands.table import Command

MAJOR: Final = 4
MINOR: Final = 16
PATCH: Final = 0


def admit(request: PlistDict, commands: Mapping[str, Command], privileged: bool) -> Command:
    """The command that `request` asks for, its version replaced by the driver's.

    Raises `DMError`: EIO for another version, which comes first and leaves the
    request as it is; EINVAL for an unknown command; EPERM.
    """
    name = request.get(keys.COMMAND)
    command = commands.get(name) if type(name) is str else None
    if keys.VERSION in request or command is None or not command.is_extra:
        _check_version(request)
    if not privileged and not (command and command.for_all):
        raise DMError(
            Errno.EPERM,
            f"{_quoted(name)} is for root and the user who runs the server:"
            " run as one of them, or start the server with --superuser UID",
            keys.COMMAND,
        )
    if command is None:
        raise DMError(
            Errno.EINVAL,
            f"no command {_quoted(name)}; there are {', '.join(commands)}",
            keys.COMMAND,
        )
    return command


def _check_version(request: PlistDict) -> None:
    version = request.get(keys.VERSION)
    if not isinstance(version, list) or len(version) < 2:
        raise DMError(
            Errno.EIO,
            "version must be an array of three integers, 4, 0, 0"
            " (in the draft dictionary a string, 4.0.0)",
            keys.VERSION,
        )
    major, minor = version[0], version[1]
    # type(), for a boolean is no number here.
    if not (
        (type(major) is int or type(major) is UInt)
        and (type(minor) is int or type(minor) is UInt)
        and major == MAJOR
        and 0 <= minor <= MINOR
    ):
        raise DMError(
            Errno.EIO,
            f"version {major!r:.20}, {minor!r:.20} is not {MAJOR}, 0 to {MAJOR}, {MINOR}:"
            " send 4, 0, 0",
            keys.VERSION,
        )
    request[keys.VERSION] = [*_OURS, *version[3:]]


_OURS = (UInt(MAJOR), UInt(MINOR), UInt(PATCH))


def _quoted(name: object) -> str:
    return repr(name) if isinstance(name, str) else "that is no string"
