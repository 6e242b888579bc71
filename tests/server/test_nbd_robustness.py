"""Whatever bytes come amid an NBD session, the server goes on and nothing is left of it."""

import gc
from pathlib import Path
from tempfile import TemporaryDirectory

import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import wait_all_tasks_blocked

from ..helpers.nbd import (
    BLOCK_STATUS,
    DISC,
    FLUSH,
    FUA,
    READ,
    TRIM,
    WRITE,
    WRITE_ZEROES,
    nbd_negotiation,
    nbd_request,
)
from .conftest import (
    WHOLE,
    NbdServer,
    descriptor_count,
    nbd_server,
    open_raw,
    receive_until_broken,
    task_count,
)

LARGE = 1_000_000
SESSION = b"".join(
    [
        nbd_negotiation(),
        nbd_request(READ, 0, 512, cookie=1),
        nbd_request(WRITE, 512, 0, b"hello" * 100, cookie=2),
        nbd_request(READ, 0, 100_000, cookie=3),
        nbd_request(FLUSH, cookie=4),
        nbd_request(BLOCK_STATUS, 0, 4096, cookie=5),
        nbd_request(TRIM, 4096, 4096, cookie=6),
        nbd_request(WRITE_ZEROES, 8192, 4096, cookie=7),
        nbd_request(WRITE, 512, 0, bytes(140_000), flags=FUA, cookie=8),
        nbd_request(DISC),
    ]
)

places = st.one_of(
    st.integers(0, 600),
    st.integers(0, len(SESSION)),
    st.integers(0, 400).map(lambda back: len(SESSION) - back),
)
changes = st.lists(st.tuples(places, st.integers(0, 8), st.binary(max_size=8)), max_size=4)


@given(changes, st.booleans(), st.booleans())
def test_no_bytes_amid_a_session_stop_the_server_or_leak(
    changes: list[tuple[int, int, bytes]], half_closed: bool, suspended: bool
) -> None:
    sent = bytearray(SESSION)
    for place, taken, put in changes:
        sent[place : place + taken] = put
    gc.collect()
    before = descriptor_count()
    with TemporaryDirectory() as name:
        trio.run(_survive, Path(name), bytes(sent), half_closed, suspended)
    assert descriptor_count() == before


async def _survive(directory: Path, sent: bytes, half_closed: bool, suspended: bool) -> None:
    async with nbd_server(directory, WHOLE) as server:
        await wait_all_tasks_blocked()
        idle = task_count(server.nursery)
        if suspended:
            await server.dm.suspend("vol1")
        await _send_and_leave(server, sent, half_closed)
        if suspended:
            await server.dm.resume("vol1")
        while task_count(server.nursery) > idle:  # some wait for threads
            await wait_all_tasks_blocked()
        (device,) = server.mapper.devices
        assert (device.open_count, device.started_io, device.watchers) == (0, 0, set())
        async with server.client() as client:
            assert len(await client.read(0, LARGE)) == LARGE


async def _send_and_leave(server: NbdServer, sent: bytes, half_closed: bool) -> None:
    async with await open_raw(server.nbd_path) as stream, trio.open_nursery() as nursery:
        nursery.start_soon(receive_until_broken, stream)
        try:
            await stream.send_all(sent)
            if half_closed:
                await stream.send_eof()
        except trio.BrokenResourceError:
            pass  # it closed, after something that is no request
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
