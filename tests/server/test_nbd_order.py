"""Faults on demand hit requests in the order in which they come, and what they then pass."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from trio.testing import wait_all_tasks_blocked

from netbsd_dm.clock.timers import ManualClock

from ..helpers.nbd import READ, WRITE, NbdClient, nbd_request
from .conftest import DISK, EMPTY, WHOLE, NbdServer, nbd_server

SECTOR = 512
EIO = 5


@pytest.fixture
async def server(tmp_path: Path, clock: ManualClock) -> AsyncIterator[NbdServer]:
    """vol1 is the whole of wd0a; the clock is manual."""
    async with nbd_server(tmp_path, WHOLE, clock=clock) as server:
        yield server


async def failing(client: NbdClient, count: int, length: int) -> list[int]:
    """Which of so many reads fail, sent at once."""
    first = client._cookie + 1
    cookies = range(first, first + count)
    client._cookie += count
    client._begun |= dict.fromkeys(cookies, (READ, 0, length))
    sent = b"".join(nbd_request(READ, 0, length, cookie=cookie) for cookie in cookies)
    await client.stream.send_all(sent)
    return [cookie - first + 1 for cookie in cookies if (await client.end(cookie)).error]


@pytest.mark.parametrize("length", [SECTOR, 200_000])
async def test_of_many_at_once_the_third_fails(server: NbdServer, length: int) -> None:
    async with server.client() as client:
        for _ in range(10):
            server.mapper.faults.add("read nth=3 errno=EIO")
            assert await failing(client, 8, length) == [3]
            server.mapper.faults.clear()


async def test_a_seed_picks_the_same_of_many_at_once(server: NbdServer) -> None:
    server.mapper.faults.add("read seed=42 rate=0.25 errno=EIO")
    async with server.client() as client:
        assert await failing(client, 40, SECTOR) == [1, 13, 20, 21, 29, 36, 37, 39]


async def test_what_a_suspended_device_holds_meets_the_faults_of_its_next_table(
    server: NbdServer, tmp_path: Path
) -> None:
    server.mapper.faults.add("write device=/dev/wd0a errno=EIO")
    async with server.client() as client:
        await server.dm.suspend("vol1")
        held = await client.begin(WRITE, 0, 0, b"x" * SECTOR)
        await wait_all_tasks_blocked()
        (armed,) = server.mapper.faults
        assert armed.matches == 0
        await server.dm.reload("vol1", [EMPTY])
        await server.dm.resume("vol1")
        assert (await client.end(held)).error == 0, "it went to wd1a"
        assert (tmp_path / "wd0a").read_bytes() == DISK
        assert (tmp_path / "wd1a").read_bytes().startswith(b"x" * SECTOR)


async def test_what_a_suspended_device_holds_fails_when_it_goes_on(
    server: NbdServer, clock: ManualClock
) -> None:
    server.mapper.faults.add("read delay=1s errno=EIO")
    async with server.client() as client:
        await server.dm.suspend("vol1")
        held = await client.begin(READ, 0, SECTOR)
        await wait_all_tasks_blocked()
        clock.advance(5)
        await wait_all_tasks_blocked()
        assert client._done == {}
        await server.dm.resume("vol1")
        await wait_all_tasks_blocked()
        clock.advance(1)
        assert (await client.end(held)).error == EIO
