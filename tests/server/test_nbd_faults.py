"""NBD when files or clients fail: what goes on, and what is left behind."""

import os
from pathlib import Path

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from netbsd_dm.server import nbd, nbd_stream

from ..helpers.nbd import FLUSH, READ, WRITE, NbdClient, nbd_negotiation, nbd_option, nbd_request
from .conftest import (
    DISK,
    WHOLE,
    descriptor_count,
    nbd_server,
    open_raw,
    receive_all,
    receive_until_broken,
    task_count,
)

EIO = 5
LARGE = 1_000_000


@pytest.mark.parametrize("structured", [True, False])
async def test_what_a_shortened_file_lost_fails_and_the_rest_is_read(
    tmp_path: Path, structured: bool
) -> None:
    async with (
        nbd_server(tmp_path, WHOLE) as server,
        server.client(structured=structured) as client,
    ):
        os.truncate(tmp_path / "wd0a", LARGE // 512 * 512)
        end = LARGE // 512 * 512
        for offset, length in [(end, 1), (end - 1, 2), (0, end + 1), (end + 4096, LARGE)]:
            reply = await client.do(READ, offset, length)
            assert reply.error == EIO, f"{length} bytes at {offset}"
        for offset, length in [(0, 512), (end - 512, 512), (0, end), (1, 70_000)]:
            assert await client.read(offset, length) == DISK[offset : offset + length]
        for size in (100, LARGE):
            assert (await client.do(WRITE, end, 0, bytes(size))).error == EIO
        assert (tmp_path / "wd0a").stat().st_size == end, "a write made the file longer"
        assert (await client.do(FLUSH)).error == 0


@pytest.mark.parametrize("by_itself", [True, False])
async def test_a_file_shortened_while_it_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_buffers: None, by_itself: bool
) -> None:
    monkeypatch.setattr(nbd_stream, "SENDFILE_BYTES", 0 if by_itself else 2**40)
    async with nbd_server(tmp_path, WHOLE) as server, server.client() as client:
        cookie = await client.begin(READ, 0, len(DISK))
        await wait_all_tasks_blocked()  # the server waits for us to read
        os.truncate(tmp_path / "wd0a", 4096)
        reply = await client.end(cookie)
        assert reply.error == EIO
        assert "wd0a" in reply.message
        assert await client.read(0, 4096) == DISK[:4096]
        await wait_all_tasks_blocked()
        assert (await server.dm.iostat("vol1"))[0].errors == 1
        assert server.mapper.devices[0].started_io == 0


async def test_what_is_sent_in_pieces_has_nothing_in_between(
    tmp_path: Path, small_buffers: None, no_threads: None
) -> None:
    async with nbd_server(tmp_path, WHOLE) as server, server.client() as client:
        sent = b"".join(nbd_request(FLUSH, cookie=cookie) for cookie in (101, 102))
        sent += nbd_request(READ, 0, LARGE, cookie=103) + nbd_request(READ, 1, LARGE, cookie=104)
        sent += nbd_request(READ, 2, 512, cookie=105)
        for cookie in range(101, 106):
            length = {103: LARGE, 104: LARGE, 105: 512}.get(cookie, 0)
            client._begun[cookie] = (READ if length else FLUSH, max(cookie - 103, 0), length)
        await client.stream.send_all(sent)
        await wait_all_tasks_blocked()  # one reply half sent, others waiting behind it
        for cookie, offset in ((103, 0), (104, 1), (105, 2)):
            reply = await client.end(cookie)
            assert reply.error == 0
            assert reply.data == DISK[offset : offset + len(reply.data)]
        assert (await client.end(101)).error == (await client.end(102)).error == 0


async def test_clients_that_vanish_leave_nothing_behind(tmp_path: Path) -> None:
    beginnings = [
        b"",
        b"\0",
        nbd_negotiation()[:30],
        nbd_negotiation(),
        nbd_negotiation() + nbd_request(READ, 0, LARGE) * 5,
        nbd_negotiation() + nbd_request(WRITE, 0, 0, DISK[:LARGE])[:5000],
        nbd_negotiation() + nbd_request(FLUSH) * 20 + nbd_request(READ, 0, 5)[:10],
        nbd_negotiation() + nbd_request(READ, 1, 512) * 500,
    ]
    async with nbd_server(tmp_path, WHOLE) as server:
        await wait_all_tasks_blocked()
        before = descriptor_count(), task_count(server.nursery)

        async def vanish(sent: bytes) -> None:
            async with await open_raw(server.nbd_path) as stream:
                await stream.send_all(sent)

        async with trio.open_nursery() as nursery:
            for number in range(200):
                nursery.start_soon(vanish, beginnings[number % len(beginnings)])
        while task_count(server.nursery) > before[1]:  # some wait for threads
            await wait_all_tasks_blocked()
        assert (descriptor_count(), task_count(server.nursery)) == before
        (device,) = server.mapper.devices
        assert (device.open_count, device.started_io, device.watchers) == (0, 0, set())
        async with server.client() as client:
            assert await client.read(0, LARGE) == DISK[:LARGE]


@pytest.mark.parametrize(
    "junk",
    [
        b"GET / HTTP/1.1\r\n\r\n" * 10,
        bytes(28),
        nbd_request(READ, 0, 10) + bytes(100_000),
        nbd_request(FLUSH) + b"\xff" * 28,
    ],
)
async def test_a_client_that_sends_what_is_no_request_is_dropped(
    tmp_path: Path, junk: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with nbd_server(tmp_path, WHOLE) as server, server.client() as other:
        async with await open_raw(server.nbd_path) as stream:
            client = NbdClient(stream)
            await client.negotiate(nbd_negotiation())
            await stream.send_all(junk)
            await receive_until_broken(stream)
        assert "instead of a request" in caplog.text
        assert await other.read(0, 512) == DISK[:512]
        await wait_all_tasks_blocked()
        assert server.mapper.devices[0].open_count == 1


@pytest.mark.parametrize(
    ("sent", "what"),
    [
        (b"\xff" * 4, "unknown handshake flags"),
        (bytes([0, 0, 0, 3]) + b"x" * 16, "instead of an option"),
        (bytes([0, 0, 0, 3]) + nbd_option(1, b"nosuch"), "unknown export, 'nosuch'"),
    ],
)
async def test_a_client_that_breaks_the_negotiation_is_dropped(
    tmp_path: Path, sent: bytes, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with nbd_server(tmp_path) as server, await open_raw(server.nbd_path) as stream:
        await stream.send_all(sent)
        assert await receive_all(stream) == b"NBDMAGICIHAVEOPT\0\3"
        assert what in caplog.text


async def test_a_client_that_never_chooses_is_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nbd, "HANDSHAKE_SECONDS", 0.01)
    async with nbd_server(tmp_path) as server, await open_raw(server.nbd_path) as stream:
        await stream.send_all(bytes([0, 0, 0, 3]))
        assert await receive_all(stream) == b"NBDMAGICIHAVEOPT\0\3"


async def test_a_client_that_goes_while_its_requests_wait_is_forgotten(tmp_path: Path) -> None:
    async with nbd_server(tmp_path, WHOLE) as server:
        (device,) = server.mapper.devices
        async with server.client() as client:
            await server.dm.suspend("vol1")
            for _ in range(10):
                await client.begin(WRITE, 0, 0, b"too late")
            await wait_all_tasks_blocked()
            assert (device.open_count, len(device.watchers)) == (1, 10)
            await client.stream.aclose()
        await wait_all_tasks_blocked()
        assert (device.open_count, device.watchers) == (0, set())
        await server.dm.resume("vol1")
        await server.dm.remove("vol1")
        assert (tmp_path / "wd0a").read_bytes() == DISK
