"""Requests as libdevmapper sends them, and what it makes of the replies."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic, TypeVar

from ...client.blocking import Client, connect
from ...plist import PlistDict, PlistError, UInt
from ...wire import calls, fields, flags, keys
from ...wire.calls import Call
from ...wire.errors import DMError, Errno
from ...wire.outcome import reported_failure
from .device import DeviceInfo
from .options import Options

T = TypeVar("T")

_MAY_BE_ABSENT: Final = ("info", "mknodes")
"""Asking for a device that does not exist is no error; the flags of the reply tell."""


class CommandError(Exception):
    """A verb failed.  The message is for standard error; it may be empty."""

    def report(self) -> None:
        """Print the message, if there is one."""
        if text := str(self):
            print(text, file=sys.stderr)


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """A reply, and what the call reads from it."""

    reply: PlistDict
    value: T

    @property
    def device(self) -> DeviceInfo:
        """What the reply says of the device."""
        return DeviceInfo.of(self.reply)


class Session:
    """The exchanges of one command line.

    Nothing is connected before the first one, and before that the library asks
    for the driver's version.  Raises `NoServerError`.
    """

    def __init__(self, options: Options) -> None:
        self._path = None if options.socket is None else Path(options.socket)
        self._traces = options.verbosity > 1
        self._client: Client | None = None

    def close(self) -> None:
        """End the connection, if there is one."""
        if self._client is not None:
            self._client.close()

    def begin(self) -> None:
        """Connect, and ask for the version, unless that has been done."""
        self._connected()

    def do(self, call: Call[T], *, bits: int = 0, extra: PlistDict | None = None) -> Answer[T]:
        """Send the request of `call`, with more `bits` in its flags and `extra` keys.

        Raises `CommandError` if the reply tells of an error.  One of profile
        netbsd-9 never does: there, flags and keys have to tell.
        """
        client = self._connected()
        request: PlistDict = {
            **call.request,
            keys.FLAGS: UInt(fields.uint32(call.request, keys.FLAGS) | bits),
            **(extra or {}),
        }
        self._trace(request)
        try:
            reply = client.exchange(request)
        except PlistError as error:
            raise _failed(request, f"the reply is no property list: {error}") from None
        failure = reported_failure(request, reply)
        if failure is not None and not _is_absence(request, failure):
            raise _failed(request, failure.message)
        return Answer(reply, call.read(reply))

    def _connected(self) -> Client:
        if self._client is None:
            self._client = connect(self._path)
            self.do(calls.version())
        return self._client

    def _trace(self, request: PlistDict) -> None:
        if self._traces:
            bits = int(fields.uint32(request, keys.FLAGS))
            print(f"Ioctl type  {_command(request)} --- flags {bits}")


def _command(request: PlistDict) -> str:
    return fields.string(request, keys.COMMAND) or ""


def _failed(request: PlistDict, reason: str) -> CommandError:
    return CommandError(f"device-mapper: {_command(request)} ioctl failed: {reason}")


def _is_absence(request: PlistDict, failure: DMError) -> bool:
    return _command(request) in _MAY_BE_ABSENT and failure.errno == Errno.ENOENT


def with_minor(minor: int | None) -> tuple[int, PlistDict]:
    """The flag and the key of a request for a device of that number, where one is given."""
    if minor is None or minor < 0:
        return 0, {}
    return flags.PERSISTENT_DEV, {keys.MINOR: UInt(minor)}
