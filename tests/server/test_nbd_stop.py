"""What of NBD is durable, and how a server with NBD clients ends."""

import os
import struct
import threading
from pathlib import Path

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from netbsd_dm import DMError, TableLine

from ..helpers.nbd import (
    BLOCK_STATUS,
    FLUSH,
    FUA,
    READ,
    TRIM,
    WRITE,
    WRITE_ZEROES,
    NbdClient,
    nbd_negotiation,
    nbd_request,
)
from .conftest import DISK, WHOLE, nbd_server, open_raw, receive_all

EIO = 5
LARGE = 1_000_000


async def test_a_server_that_stops_sends_nothing_amid_a_reply(
    tmp_path: Path, small_buffers: None, no_threads: None, short_farewell: None
) -> None:
    async with nbd_server(tmp_path, WHOLE) as server, server.client() as client:
        flushes = [nbd_request(FLUSH, cookie=2**64 - 1) for _ in range(3)]
        await client.stream.send_all(b"".join(flushes) + nbd_request(READ, 0, LARGE, cookie=5))
        await wait_all_tasks_blocked()
        server.scope.cancel()
        received = await receive_all(client.stream)
        at = received.find(struct.pack(">IHHQ", 0x668E33EF, 0, 1, 5))
        at = at if at >= 0 else received.find(struct.pack(">IHHQ", 0x668E33EF, 1, 1, 5))
        data = received[at + 28 :][:LARGE]
        assert at >= 0
        assert DISK.startswith(data), "the reply to another request lies amid the data"
        await server.ended.wait()


@pytest.mark.parametrize("length", [512, 65_536, 131_072, LARGE])
@pytest.mark.parametrize("structured", [True, False])
async def test_a_client_that_never_reads_holds_up_nobody_not_even_the_end(
    tmp_path: Path, length: int, structured: bool, short_farewell: None
) -> None:
    async def send_for_ever(stream: trio.SocketStream) -> None:
        try:
            while True:
                await stream.send_all(nbd_request(READ, 0, length) * 100 + nbd_request(FLUSH))
        except trio.BrokenResourceError:
            pass  # the server has ended

    async with (
        nbd_server(tmp_path, WHOLE) as server,
        await open_raw(server.nbd_path) as lazy,
        trio.open_nursery() as nursery,
    ):
        await NbdClient(lazy).negotiate(nbd_negotiation(structured=structured))
        nursery.start_soon(send_for_ever, lazy)
        await wait_all_tasks_blocked()  # the server no longer takes what it sends
        async with server.client() as client:
            assert await client.read(0, LARGE) == DISK[:LARGE]
            await client.write(0, b"hello", flags=FUA)
        await server.dm.suspend("vol1")
        await server.dm.resume("vol1")
        await server.stop()
        assert all(not device.open_count for device in server.mapper.devices)


async def test_requests_on_a_suspended_device_do_not_hold_up_the_end(
    tmp_path: Path, short_farewell: None
) -> None:
    async with nbd_server(tmp_path, WHOLE) as server, server.client() as client:
        await server.dm.suspend("vol1")
        for command in (READ, FLUSH, TRIM, WRITE_ZEROES, BLOCK_STATUS):
            await client.begin(command, 0, 512)
        await client.begin(WRITE, 0, 0, b"x" * LARGE)
        await wait_all_tasks_blocked()
        await server.stop()
        assert await receive_all(client.stream) == b""
        assert (tmp_path / "wd0a").read_bytes() == DISK


async def test_what_is_being_written_as_the_server_stops_is_written_and_flushed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, synced: list[int]
) -> None:
    begun, may_go_on = threading.Event(), threading.Event()
    pwrite = os.pwrite

    def slow(fd: int, data: bytes, offset: int) -> int:
        begun.set()
        may_go_on.wait()
        return pwrite(fd, data, offset)

    monkeypatch.setattr(os, "pwrite", slow)
    async with nbd_server(tmp_path, WHOLE) as server, server.client() as client:
        cookie = await client.begin(WRITE, 0, 0, bytes(LARGE))
        await trio.to_thread.run_sync(begun.wait)
        server.scope.cancel()
        await wait_all_tasks_blocked()
        assert not server.ended.is_set()
        assert not synced
        may_go_on.set()
        assert (await client.end(cookie)).error == 0
        await server.ended.wait()
    assert (tmp_path / "wd0a").read_bytes() == bytes(LARGE) + DISK[LARGE:]
    assert len(synced) == 1


@pytest.mark.parametrize("size", [512, LARGE])
async def test_only_what_asks_for_it_is_flushed(
    tmp_path: Path, synced: list[int], size: int
) -> None:
    lines = [
        TableLine(0, 1024, "linear", "/dev/wd0a 0"),
        TableLine(1024, 3072, "linear", "/dev/wd1a 0"),
    ]
    async with nbd_server(tmp_path, *lines) as server, server.client() as client:
        await client.write(0, bytes(size))
        await client.read(0, size)
        assert len(synced) == 0
        await client.write(0, bytes(size), flags=FUA)
        files = 1 if size == 512 else 2
        assert len(synced) == len(set(synced)) == files
        assert (await client.do(WRITE_ZEROES, 0, size, flags=FUA)).error == 0
        assert len(synced) == 2 * files
        assert (await client.do(READ, 0, size, flags=FUA)).error == 0
        assert len(synced) == 2 * files
        assert (await client.do(FLUSH)).error == 0
        assert len(synced) == 2 * files + 2, "a flush is for every file of the table"


async def test_a_flush_that_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(fd: int) -> None:
        raise OSError(5, "Input/output error")

    async with nbd_server(tmp_path, WHOLE) as server, server.client() as client:
        monkeypatch.setattr(os, "fdatasync", failing)
        assert (await client.do(FLUSH)).error == EIO
        assert (await client.do(WRITE, 0, 0, b"x", flags=FUA)).error == EIO
        with pytest.raises(DMError, match="cannot flush"):
            await server.dm.suspend("vol1")
        monkeypatch.undo()
        await server.dm.resume("vol1")
        assert (await client.do(FLUSH)).error == 0


async def test_a_client_taken_just_as_the_server_stops_does_not_keep_it(
    tmp_path: Path, short_farewell: None
) -> None:
    for number in range(60):
        directory = tmp_path / str(number)
        directory.mkdir()
        async with nbd_server(directory) as server:
            streams = [await open_raw(server.nbd_path) for _ in range(3)]
            for _ in range(number % 6):
                await trio.lowlevel.checkpoint()
            await server.stop()
            for stream in streams:
                await stream.aclose()
