"""Servers inside the test's own trio loop; raw sockets, and an NBD client, to them."""

import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import pytest
import trio

import netbsd_dm
from netbsd_dm import STANDARD, Catalog, Offer, Profile, Settings, TableLine, TrioClient
from netbsd_dm.clock.timers import Clock, ManualClock, WallClock
from netbsd_dm.driver.mapper import Mapper
from netbsd_dm.faults.plan import Plan
from netbsd_dm.server import nbd, nbd_socket, nbd_work
from netbsd_dm.server.journal import Journal
from netbsd_dm.server.serving import serve

from ..helpers.control import Noted
from ..helpers.nbd import DISC, NbdClient, nbd_negotiation, nbd_request

T = TypeVar("T")
Serving = Callable[[Settings], AbstractAsyncContextManager[Mapper]]
Faulty = Callable[..., Settings]


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


@pytest.fixture
def noted() -> Noted:
    return Noted()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def faulty(settings: Settings, noted: Noted, clock: ManualClock) -> Faulty:
    """Settings with those rules, a manual clock and a journal."""

    def make(*rules: str, profile: Profile = STANDARD) -> Settings:
        return replace(
            settings, faults=Plan.of(rules), clock=clock, journals=[noted], profile=profile
        )

    return make


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


def task_count(nursery: trio.Nursery) -> int:
    """How many tasks there are below `nursery`."""
    children = [child for task in nursery.child_tasks for child in task.child_nurseries]
    return len(nursery.child_tasks) + sum(map(task_count, children))


@asynccontextmanager
async def nbd_client(
    path: Path, export: str = "vol1", *, structured: bool = True, allocation: bool = True
) -> AsyncIterator[NbdClient]:
    """A client that has chosen `export`; it says goodbye at the end, if it can."""
    async with await open_raw(path) as stream:
        client = NbdClient(stream)
        await client.negotiate(
            nbd_negotiation(export, structured=structured, allocation=allocation)
        )
        yield client
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            await stream.send_all(nbd_request(DISC))


@dataclass
class NbdServer:
    """A server with NBD, and a client for its commands."""

    nbd_path: Path
    mapper: Mapper
    dm: TrioClient
    nursery: trio.Nursery
    """Whose task it is."""
    scope: trio.CancelScope
    ended: trio.Event

    async def stop(self) -> None:
        """Stop it, and wait for its end."""
        self.scope.cancel()
        with trio.fail_after(60):
            await self.ended.wait()

    def client(
        self, export: str = "vol1", *, structured: bool = True, allocation: bool = True
    ) -> AbstractAsyncContextManager[NbdClient]:
        """An NBD client."""
        return nbd_client(self.nbd_path, export, structured=structured, allocation=allocation)

    async def create(self, name: str, *lines: TableLine, read_only: bool = False) -> None:
        """A device with a live table."""
        await self.dm.create(name, read_only=read_only)
        if lines:
            await self.dm.reload(name, lines)
            await self.dm.resume(name)


DISK = bytes(range(256)) * 8192
"""2 MiB, the content of /dev/wd0a; /dev/wd1a is as large and empty, /dev/ro read-only."""
SECTORS = len(DISK) // 512
WHOLE = TableLine(0, SECTORS, "linear", "/dev/wd0a 0")
EMPTY = TableLine(0, SECTORS, "linear", "/dev/wd1a 0")


@asynccontextmanager
async def nbd_server(
    directory: Path,
    *lines: TableLine,
    profile: Profile = STANDARD,
    clock: Clock | None = None,
    journals: Collection[Journal] = (),
) -> AsyncIterator[NbdServer]:
    """A server with three disks in `directory`, and vol1 if there are `lines` for it."""
    (directory / "wd0a").write_bytes(DISK)
    (directory / "ro").write_bytes(DISK)
    with (directory / "wd1a").open("wb") as file:
        file.truncate(len(DISK))
    offers = [
        Offer("/dev/wd0a", directory / "wd0a"),
        Offer("/dev/wd1a", directory / "wd1a"),
        Offer("/dev/ro", directory / "ro", read_only=True),
    ]
    settings = Settings(
        socket_path=directory / "dm.sock",
        nbd_path=directory / "nbd.sock",
        profile=profile,
        catalog=Catalog(offers),
        clock=WallClock() if clock is None else clock,
        journals=journals,
    )
    scope, ended = trio.CancelScope(), trio.Event()

    async def run(task_status: trio.TaskStatus[Mapper]) -> None:
        with scope:
            await serve(settings, task_status=task_status)
        ended.set()

    async with trio.open_nursery() as nursery:
        mapper: Mapper = await nursery.start(run)
        async with netbsd_dm.connect_trio(settings.socket_path) as dm:
            server = NbdServer(directory / "nbd.sock", mapper, dm, nursery, scope, ended)
            if lines:
                await server.create("vol1", *lines)
            try:
                yield server
            finally:
                scope.cancel()


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The descriptors that were flushed."""
    seen: list[int] = []
    fdatasync = os.fdatasync

    def counted(fd: int) -> None:
        seen.append(fd)
        fdatasync(fd)

    monkeypatch.setattr(os, "fdatasync", counted)
    return seen


@pytest.fixture
def short_farewell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not give clients that never read two seconds."""
    monkeypatch.setattr(nbd, "FAREWELL_SECONDS", 0.05)


@pytest.fixture
def small_buffers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server cannot send much that is not read."""
    monkeypatch.setattr(nbd_socket, "SEND_BUFFER_BYTES", 4096)


@pytest.fixture
def no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """What would run in a thread runs in the task, so that nothing happens unseen."""

    async def at_once(work: Callable[[], T]) -> T:
        await trio.lowlevel.checkpoint()
        return work()

    monkeypatch.setattr(nbd_work, "in_thread", at_once)


async def receive_until_broken(stream: trio.SocketStream) -> None:
    """Take what comes, until the server closes the connection, however it does."""
    with suppress(trio.BrokenResourceError):  # closed with something of ours unread
        await receive_all(stream)
