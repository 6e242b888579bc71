"""I/O that fails on demand, as NBD clients meet it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from netbsd_dm import TableLine
from netbsd_dm.blockio import volume as volume_module
from netbsd_dm.clock.timers import ManualClock

from ..helpers.control import Noted
from ..helpers.nbd import (
    BLOCK_STATUS,
    CACHE,
    FLUSH,
    FUA,
    READ,
    TRIM,
    WRITE,
    WRITE_ZEROES,
    NbdClient,
)
from .conftest import DISK, WHOLE, NbdServer, nbd_server

SECTOR = 512
EIO, EINVAL, ENOSPC = 5, 22, 28
RULE = "io name=vol1 sectors=100-200 errno=EIO"
LARGE = 200_000
"""More than goes through the receive buffer, and so from file to socket."""


@pytest.fixture
async def server(tmp_path: Path, clock: ManualClock, noted: Noted) -> AsyncIterator[NbdServer]:
    """vol1 is the whole of wd0a; the clock is manual."""
    async with nbd_server(tmp_path, WHOLE, clock=clock, journals=[noted]) as server:
        yield server


async def errors(
    client: NbdClient, command: int, *ranges: tuple[int, int], payload: bool = False
) -> list[int]:
    """What requests to those sectors, first and count, fail with; 0 for those that do not."""
    found = []
    for first, count in ranges:
        data = b"x" * count * SECTOR if payload else b""
        length = 0 if payload else count * SECTOR
        reply = await client.do(command, first * SECTOR, length, data)
        if command == READ and not reply.error:
            assert reply.data == DISK[first * SECTOR :][: count * SECTOR]
        found.append(reply.error)
    return found


AROUND = ((99, 1), (100, 1), (150, 2), (200, 1), (201, 1), (0, 100), (0, 101))
EXPECTED = [0, EIO, EIO, EIO, 0, 0, EIO]
LARGE_AROUND = ((0, 100), (0, 400), (201, 400), (200, 400), (150, 1000))
LARGE_EXPECTED = [0, EIO, 0, EIO, EIO]


@pytest.mark.parametrize("structured", [True, False])
async def test_reads_of_sectors_100_to_200_of_vol1_are_eio(
    server: NbdServer, noted: Noted, structured: bool
) -> None:
    server.mapper.faults.add(RULE)
    async with server.client(structured=structured) as client:
        assert await errors(client, READ, *AROUND) == EXPECTED
        assert await errors(client, READ, *LARGE_AROUND) == LARGE_EXPECTED
    whats = [hit.what for hit, _ in noted.hits]
    assert whats[0] == "read of vol1, sectors 100-100"
    assert len(whats) == (EXPECTED + LARGE_EXPECTED).count(EIO)
    assert {hit.rule for hit, _ in noted.hits} == {RULE}


async def test_the_message_of_a_reply_names_the_rule(server: NbdServer) -> None:
    server.mapper.faults.add(RULE)
    async with server.client() as client:
        reply = await client.do(READ, 150 * SECTOR, SECTOR)
    assert reply.message == f"read of vol1, sectors 150-150 fails: fault {RULE}"


async def test_writes_there_are_eio_and_write_nothing(server: NbdServer, tmp_path: Path) -> None:
    server.mapper.faults.add(RULE)
    async with server.client() as client:
        assert (
            await errors(client, WRITE, *AROUND[1:4], *LARGE_AROUND[3:], payload=True) == [EIO] * 5
        )
        assert await errors(client, WRITE_ZEROES, (100, 1), (0, 4000)) == [EIO] * 2
        assert await errors(client, TRIM, (200, 9), (300, 1)) == [EIO, 0]
        assert (tmp_path / "wd0a").read_bytes()[: 300 * SECTOR] == DISK[: 300 * SECTOR]
        assert await errors(client, WRITE, (99, 1), payload=True) == [0]
        assert (tmp_path / "wd0a").read_bytes()[99 * SECTOR :].startswith(b"x" * SECTOR)
        assert (await client.do(FLUSH)).error == 0


async def test_other_devices_go_on(server: NbdServer) -> None:
    await server.create("vol2", WHOLE)
    server.mapper.faults.add(RULE)
    async with server.client("vol2") as client:
        assert await errors(client, READ, *AROUND, *LARGE_AROUND) == [0] * 12


async def test_the_sectors_are_met_through_a_device_that_stands_on_it(server: NbdServer) -> None:
    await server.create("top", TableLine(0, 2000, "linear", "/dev/mapper/vol1 0"))
    server.mapper.faults.add(RULE)
    async with server.client("top") as client:
        assert await errors(client, READ, *AROUND) == EXPECTED
        assert await errors(client, READ, *LARGE_AROUND) == LARGE_EXPECTED
        assert await errors(client, WRITE, (100, 1), payload=True) == [EIO]


@pytest.mark.parametrize("size", [1, 400])
async def test_rules_come_and_go_while_a_client_is_connected(server: NbdServer, size: int) -> None:
    async with server.client() as client:
        found = await errors(client, READ, (100, size), (100, size))
        server.mapper.faults.add(RULE)
        found += await errors(client, READ, (100, size), (300, size))
        server.mapper.faults.clear()
        found += await errors(client, READ, (100, size))
    assert found == [0, 0, EIO, 0, 0]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("read device=/dev/wd0a errno=EIO", [EIO, 0, EIO]),
        ("read device=/dev/wd1a errno=EIO", [0, EIO, EIO]),
        ("read device=/dev/wd1a sectors=0-7 errno=EIO", [0, EIO, EIO]),
        ("read device=/dev/wd1a sectors=8-15 errno=EIO", [0, 0, EIO]),
        ("read device=/dev/wd?a sectors=16-999 errno=EIO", [0, 0, 0]),
        ("read uuid=* minor=2 errno=EIO", [EIO, EIO, EIO]),
        ("read uuid=x* errno=EIO", [0, 0, 0]),
    ],
)
async def test_a_rule_may_be_about_a_physical_device(
    server: NbdServer, rule: str, expected: list[int]
) -> None:
    await server.create("stripes", TableLine(0, 32, "striped", "2 8 /dev/wd0a 0 /dev/wd1a 0"))
    server.mapper.faults.add(rule)
    async with server.client("stripes") as client:
        replies = [
            await client.do(READ, first * SECTOR, count * SECTOR)
            for first, count in (
                (0, 8),
                (8, 8),
                (0, 32),
            )
        ]
    assert [reply.error for reply in replies] == expected


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("nth=2", [2]),
        ("once", [1]),
        ("first=2", [1, 2]),
        ("after=4", [5, 6, 7, 8]),
        ("every=3", [3, 6]),
        ("seed=42 rate=0.25", [1]),
    ],
)
async def test_schedules_count_small_and_large_requests_alike(
    server: NbdServer, schedule: str, expected: list[int]
) -> None:
    server.mapper.faults.add(f"read name=vol1 {schedule} errno=EIO")
    async with server.client() as client:
        found = await errors(client, READ, *[(1, 1), (1, 400)] * 4)
    assert [number for number, error in enumerate(found, 1) if error] == expected


@pytest.mark.parametrize(
    ("errno", "number"),
    [("EIO", EIO), ("ENOSPC", ENOSPC), ("EINVAL", EINVAL), ("EPERM", 1), ("ENXIO", EIO)],
)
async def test_an_errno_is_told_as_nbd_has_it(server: NbdServer, errno: str, number: int) -> None:
    server.mapper.faults.add(f"write errno={errno}")
    async with server.client() as client:
        assert await errors(client, WRITE, (0, 1), payload=True) == [number]


async def test_a_flush_fails_on_demand_and_questions_do_not(server: NbdServer) -> None:
    server.mapper.faults.add("io errno=EIO")
    async with server.client() as client:
        assert (await client.do(FLUSH)).error == EIO
        assert (await client.do(BLOCK_STATUS, 0, 4096)).error == 0
        assert (await client.do(CACHE, 0, 4096)).error == 0
        server.mapper.faults.clear()
        server.mapper.faults.add("flush errno=EIO")
        assert (await client.do(WRITE, 0, 0, b"x", flags=FUA)).error == 0, "FUA is no flush"


async def test_failures_are_in_the_statistics(server: NbdServer) -> None:
    server.mapper.faults.add(RULE)
    async with server.client() as client:
        await errors(client, READ, (0, 1), (100, 1), (100, 400))
    (counted,) = await server.dm.iostat("vol1")
    assert (counted.reads, counted.errors, counted.read_bytes) == (3, 2, SECTOR)


async def test_without_a_rule_about_io_nothing_is_asked(
    server: NbdServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unexpected(*_: object) -> None:
        raise AssertionError("looked at what an access passes")

    server.mapper.faults.add("any errno=EIO")
    server.mapper.faults.add("open errno=EIO")
    monkeypatch.setattr(volume_module, "passages", unexpected)
    async with server.client() as client:
        assert await errors(client, READ, *AROUND, *LARGE_AROUND) == [0] * 12
        assert await errors(client, WRITE, *AROUND, payload=True) == [0] * 7
