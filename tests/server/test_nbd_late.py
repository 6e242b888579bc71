"""I/O that takes longer on demand, as NBD clients meet it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from netbsd_dm import NETBSD_9
from netbsd_dm.clock.timers import ManualClock

from ..helpers.nbd import FLUSH, READ, WRITE
from .conftest import DISK, WHOLE, NbdServer, descriptor_count, nbd_server, task_count

SECTOR = 512
EIO = 5
LARGE = 200_000
"""More than goes through the receive buffer, and so from file to socket."""


@pytest.fixture
async def server(tmp_path: Path, clock: ManualClock) -> AsyncIterator[NbdServer]:
    """vol1 is the whole of wd0a; the clock is manual."""
    async with nbd_server(tmp_path, WHOLE, clock=clock) as server:
        yield server


async def test_a_read_takes_longer_and_others_go_on(server: NbdServer, clock: ManualClock) -> None:
    server.mapper.faults.add("read sectors=0-7 delay=200ms")
    async with server.client() as client:
        slow = await client.begin(READ, 0, SECTOR)
        assert await client.read(100 * SECTOR, SECTOR) == DISK[100 * SECTOR :][:SECTOR]
        assert await client.read(100 * SECTOR, LARGE) == DISK[100 * SECTOR :][:LARGE]
        assert await server.dm.names()
        clock.advance(0.199)
        assert await client.read(100 * SECTOR, SECTOR)
        await wait_all_tasks_blocked()
        assert client._done == {}
        clock.advance(0.001)
        assert (await client.end(slow)).data == DISK[:SECTOR]


async def test_a_write_is_done_only_when_the_time_has_passed(
    server: NbdServer, clock: ManualClock, tmp_path: Path
) -> None:
    server.mapper.faults.add("write delay=1s")
    async with server.client() as client:
        slow = await client.begin(WRITE, 0, 0, b"x" * SECTOR)
        await wait_all_tasks_blocked()
        assert (tmp_path / "wd0a").read_bytes() == DISK
        clock.advance(1)
        assert (await client.end(slow)).error == 0
        assert (tmp_path / "wd0a").read_bytes() == b"x" * SECTOR + DISK[SECTOR:]


async def test_a_flush_may_take_longer_and_then_fail(server: NbdServer, clock: ManualClock) -> None:
    server.mapper.faults.add("flush delay=1s errno=EIO")
    async with server.client() as client:
        slow = await client.begin(FLUSH)
        await wait_all_tasks_blocked()
        clock.advance(1)
        assert (await client.end(slow)).error == EIO


async def test_a_minute_of_slow_failures_passes_at_once(
    server: NbdServer, clock: ManualClock
) -> None:
    for second in range(1, 61):
        server.mapper.faults.add(f"read sectors={second} delay={second}s errno=EIO")
    async with server.client() as client:
        begun = [await client.begin(READ, second * SECTOR, SECTOR) for second in range(1, 61)]
        await wait_all_tasks_blocked()
        clock.advance(60)
        assert [(await client.end(cookie)).error for cookie in begun] == [EIO] * 60


async def test_by_the_wall_a_delay_passes_by_itself(tmp_path: Path) -> None:
    async with nbd_server(tmp_path, WHOLE) as server, server.client() as client:
        server.mapper.faults.add("read delay=1ms")
        with trio.fail_after(60):
            assert await client.read(0, SECTOR) == DISK[:SECTOR]


async def test_a_device_that_is_removed_meanwhile_is_gone(
    tmp_path: Path, clock: ManualClock
) -> None:
    async with nbd_server(tmp_path, WHOLE, profile=NETBSD_9, clock=clock) as server:
        server.mapper.faults.add("read delay=1s")
        async with server.client() as client:
            slow = await client.begin(READ, 0, SECTOR)
            await wait_all_tasks_blocked()
            await server.dm.remove("vol1")
            clock.advance(1)
            reply = await client.end(slow)
            assert (reply.error, reply.message) == (EIO, "vol1 was removed: disconnect")


async def test_a_client_that_goes_during_a_delay_leaves_nothing(
    server: NbdServer, clock: ManualClock
) -> None:
    await wait_all_tasks_blocked()
    before = descriptor_count(), task_count(server.nursery)
    server.mapper.faults.add("read delay=1s")
    async with server.client() as client:
        for _ in range(5):
            await client.begin(READ, 0, SECTOR)
        await wait_all_tasks_blocked()
        await client.stream.aclose()
    await wait_all_tasks_blocked()
    assert (descriptor_count(), task_count(server.nursery)) == before
    assert clock.next_due_seconds is None
    (device,) = server.mapper.devices
    assert (device.open_count, device.started_io) == (0, 0)


async def test_a_server_that_stops_during_a_delay_leaves_nothing(
    server: NbdServer, clock: ManualClock
) -> None:
    server.mapper.faults.add("io delay=1s")
    async with server.client() as client:
        await client.begin(READ, 0, SECTOR)
        await client.begin(WRITE, 0, 0, b"x")
        await wait_all_tasks_blocked()
        await server.stop()
    assert task_count(server.nursery) == 0
    assert clock.next_due_seconds is None
