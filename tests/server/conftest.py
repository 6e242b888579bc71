"""Servers inside the test's own trio loop, and raw sockets to them."""

import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path

import pytest
import trio

from netbsd_dm import Catalog, Offer, Settings
from netbsd_dm.driver.mapper import Mapper
from netbsd_dm.server.serving import serve

Serving = Callable[[Settings], AbstractAsyncContextManager[Mapper]]


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A disk of 1 MiB."""
    path = tmp_path / "disk.img"
    path.write_bytes(bytes(1 << 20))
    return path


@pytest.fixture
def settings(tmp_path: Path, image: Path) -> Settings:
    """A server of profile standard with one disk."""
    return Settings(socket_path=tmp_path / "dm.sock", catalog=Catalog([Offer("/dev/wd1a", image)]))


@pytest.fixture
def serving() -> Serving:
    """Run a server for the time of a block; gives its mapper."""

    @asynccontextmanager
    async def run(settings: Settings) -> AsyncIterator[Mapper]:
        async with trio.open_nursery() as nursery:
            start: Callable[..., Awaitable[int]] = serve
            mapper: Mapper = await nursery.start(start, settings)
            try:
                yield mapper
            finally:
                nursery.cancel_scope.cancel()

    return run


async def open_raw(path: Path) -> trio.SocketStream:
    """A connection without any framing."""
    connection = trio.socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    await connection.connect(os.fspath(path))
    return trio.SocketStream(connection)


async def receive_frame(stream: trio.SocketStream) -> bytes:
    """The text of one reply that has its length before it."""
    header = await receive_exactly(stream, 4)
    return await receive_exactly(stream, int.from_bytes(header, "big"))


async def receive_exactly(stream: trio.SocketStream, size: int) -> bytes:
    """So many bytes, or an assertion that the stream ended."""
    data = b""
    while len(data) < size:
        part = await stream.receive_some(size - len(data))
        assert part, f"the server closed the connection after {data!r}"
        data += part
    return data


async def receive_all(stream: trio.SocketStream) -> bytes:
    """Everything up to the end of file."""
    return b"".join([part async for part in stream])


def open_files_below(directory: Path) -> list[str]:
    """The files of this process below `directory` that are open, sockets left out."""
    names = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the one that lists the others
            target = str(descriptor.readlink())
            if target.startswith(str(directory)) and not target.endswith(".sock"):
                names.append(target)
    return sorted(names)


def descriptor_count() -> int:
    """How many descriptors this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))
