"""The trio twin of the blocking client."""

import os
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import trio

from ..plist import PlistDict, dumps, loads
from ..wire import calls
from ..wire.address import default_socket_path
from ..wire.calls import Call, Selector
from ..wire.errors import NoServerError
from ..wire.outcome import failure_of
from ..wire.replies import Info, IoStatistics, NamedDevice, TableLine, TargetVersion, Version
from .exchange import RECEIVE_BYTES, ReplyReader, framed, no_server

T = TypeVar("T")


@asynccontextmanager
async def connect_trio(path: str | os.PathLike[str] | None = None) -> AsyncIterator["TrioClient"]:
    """A client of the server at `path`, by default where one would be.

    Raises `NoServerError`.
    """
    socket_path = default_socket_path() if path is None else Path(path)
    try:
        stream = await trio.open_unix_socket(socket_path)
    except OSError as error:
        raise no_server(socket_path, error) from None
    async with stream:
        yield TrioClient(stream)


class TrioClient:
    """One connection to a server, with the methods of the blocking client.

    Tasks may share it: their exchanges take turns.  An exchange that is
    cancelled leaves its reply behind, so the connection is closed with it.
    """

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream
        self._replies = ReplyReader()
        # Held from the first byte of a request to the last of its reply.
        self._turn = trio.Lock()

    async def exchange(self, request: PlistDict) -> PlistDict:
        """Send one request dictionary and give the reply, failed or not."""
        text = dumps(request)
        async with self._turn:
            try:
                reply = await self._exchange_text(text)
            except BaseException:
                await trio.aclose_forcefully(self._stream)
                raise
        return loads(reply)

    async def version(self) -> Version:
        """The driver's version."""
        return await self._do(calls.version())

    async def targets(self) -> list[TargetVersion]:
        """All targets, in order of registration."""
        return await self._do(calls.targets())

    async def names(self) -> list[NamedDevice]:
        """All devices with their minors, oldest first, renamed ones last."""
        return await self._do(calls.names())

    async def create(self, name: str, uuid: str | None = None, *, read_only: bool = False) -> int:
        """Make a device without tables; gives its minor."""
        return await self._do(calls.create(name, uuid, read_only))

    async def remove(
        self, name: str | None = None, *, uuid: str | None = None, minor: int | None = None
    ) -> None:
        """Remove a device and give back what its tables use."""
        await self._do(calls.remove(Selector(name, uuid, minor)))

    async def remove_all(self) -> None:
        """Remove every device that is not in use; EBUSY if some are."""
        await self._do(calls.remove_all())

    async def rename(
        self,
        name: str | None,
        new_name: str,
        *,
        uuid: str | None = None,
        minor: int | None = None,
    ) -> None:
        """Give a device another name."""
        await self._do(calls.rename(Selector(name, uuid, minor), new_name))

    async def suspend(
        self,
        name: str | None = None,
        *,
        uuid: str | None = None,
        minor: int | None = None,
        no_flush: bool = False,
    ) -> None:
        """Hold new I/O to a device, await what has begun, and flush it unless `no_flush`."""
        await self._do(calls.suspend(Selector(name, uuid, minor), no_flush))

    async def resume(
        self, name: str | None = None, *, uuid: str | None = None, minor: int | None = None
    ) -> None:
        """Make the inactive table live, and end a suspension."""
        await self._do(calls.resume(Selector(name, uuid, minor)))

    async def info(
        self, name: str | None = None, *, uuid: str | None = None, minor: int | None = None
    ) -> Info:
        """The state of a device."""
        return await self._do(calls.info(Selector(name, uuid, minor)))

    async def mknodes(
        self, name: str | None = None, *, uuid: str | None = None, minor: int | None = None
    ) -> Info:
        """What `info` gives, as the driver does."""
        return await self._do(calls.info(Selector(name, uuid, minor), "mknodes"))

    async def waitevent(
        self,
        name: str | None = None,
        event_nr: int | None = None,
        *,
        uuid: str | None = None,
        minor: int | None = None,
    ) -> int:
        """Wait until the event counter passes `event_nr` (None: the present one); gives it."""
        return await self._do(calls.waitevent(Selector(name, uuid, minor), event_nr))

    async def reload(
        self,
        name: str | None = None,
        lines: Iterable[TableLine] = (),
        *,
        uuid: str | None = None,
        minor: int | None = None,
    ) -> None:
        """Load a table into the inactive slot."""
        await self._do(calls.reload(Selector(name, uuid, minor), lines))

    async def clear(
        self, name: str | None = None, *, uuid: str | None = None, minor: int | None = None
    ) -> None:
        """Empty the inactive slot."""
        await self._do(calls.clear(Selector(name, uuid, minor)))

    async def deps(
        self,
        name: str | None = None,
        *,
        uuid: str | None = None,
        minor: int | None = None,
        inactive: bool = False,
    ) -> list[int]:
        """The NetBSD dev_t of each physical device the table uses, once per use."""
        return await self._do(calls.deps(Selector(name, uuid, minor), inactive))

    async def status(
        self,
        name: str | None = None,
        *,
        uuid: str | None = None,
        minor: int | None = None,
        inactive: bool = False,
    ) -> list[TableLine]:
        """The lines of the table, without params."""
        return await self._do(calls.status(Selector(name, uuid, minor), inactive))

    async def table(
        self,
        name: str | None = None,
        *,
        uuid: str | None = None,
        minor: int | None = None,
        inactive: bool = False,
    ) -> list[TableLine]:
        """The lines of the table, with params."""
        return await self._do(calls.table(Selector(name, uuid, minor), inactive))

    async def message(
        self,
        name: str | None = None,
        text: str = "",
        *,
        sector: int = 0,
        uuid: str | None = None,
        minor: int | None = None,
    ) -> str | None:
        """Send a text to the target that maps `sector`; gives its answer, if any."""
        return await self._do(calls.message(Selector(name, uuid, minor), text, sector))

    async def setgeometry(
        self,
        name: str | None = None,
        *,
        cylinders: int,
        heads: int,
        sectors: int,
        start: int = 0,
        uuid: str | None = None,
        minor: int | None = None,
    ) -> None:
        """Set the geometry that disk information reports."""
        selector = Selector(name, uuid, minor)
        await self._do(calls.setgeometry(selector, cylinders, heads, sectors, start))

    async def iostat(
        self, name: str | None = None, *, uuid: str | None = None, minor: int | None = None
    ) -> list[IoStatistics]:
        """What became of the I/O of a device, or of all devices if none is given."""
        return await self._do(calls.iostat(Selector(name, uuid, minor)))

    async def _do(self, call: Call[T]) -> T:
        reply = await self.exchange(call.request)
        error = failure_of(call.request, reply)
        if error is not None:
            raise error
        return call.read(reply)

    async def _exchange_text(self, text: bytes) -> bytes:
        try:
            await self._stream.send_all(framed(text))
            while (reply := self._replies.next_reply()) is None:
                data = await self._stream.receive_some(RECEIVE_BYTES)
                if not data:
                    raise NoServerError("the server closed the connection")
                self._replies.feed(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            raise NoServerError("the connection to the server was lost") from None
        return reply
