"""NBD requests to a server on a real socket: every command, and what is refused."""

from pathlib import Path

import pytest

from netbsd_dm import TableLine

from ..helpers.nbd import (
    BLOCK_STATUS,
    CACHE,
    DF,
    FLUSH,
    FUA,
    NO_HOLE,
    READ,
    REQ_ONE,
    TRIM,
    WRITE,
    WRITE_ZEROES,
)
from .conftest import DISK, SECTORS, WHOLE, nbd_server

EPERM, EIO, EINVAL, ENOSPC = 1, 5, 22, 28
LARGE = 1_000_000
MOST = 32 * 1024 * 1024


@pytest.mark.parametrize("structured", [True, False])
@pytest.mark.parametrize(
    ("offset", "length"),
    [(0, 1), (511, 2), (4096, 65_536), (0, 65_537), (3, LARGE), (0, len(DISK)), (len(DISK) - 1, 1)],
)
async def test_reads_small_and_large(
    tmp_path: Path, offset: int, length: int, structured: bool
) -> None:
    async with (
        nbd_server(tmp_path, WHOLE) as server,
        server.client(structured=structured) as client,
    ):
        assert await client.read(offset, length) == DISK[offset : offset + length]
        reply = await client.do(READ, offset, length, flags=DF if structured else FUA)
        assert reply.data == DISK[offset : offset + length]
        assert sum(kind in (1, 2) for kind in reply.chunks) == structured, "DF: a single chunk"


@pytest.mark.parametrize("structured", [True, False])
@pytest.mark.parametrize("size", [1, 512, 65_536, 65_537, 131_044, 131_045, LARGE])
@pytest.mark.parametrize("flags", [0, FUA])
async def test_writes_small_and_large(
    tmp_path: Path, size: int, flags: int, structured: bool
) -> None:
    data = bytes(range(1, 252)) * (size // 251 + 1)
    async with (
        nbd_server(tmp_path, WHOLE) as server,
        server.client(structured=structured) as client,
    ):
        await client.write(7, data[:size], flags=flags)
        assert (
            await client.read(0, size + 14) == DISK[:7] + data[:size] + DISK[7 + size : size + 14]
        )
    assert (tmp_path / "wd0a").read_bytes()[7 : 7 + size] == data[:size]


async def test_the_largest_write_and_read(tmp_path: Path) -> None:
    sectors = MOST // 512
    (tmp_path / "large").touch()
    async with nbd_server(tmp_path) as server:
        lines = [
            TableLine(0, SECTORS, "linear", "/dev/wd0a 0"),
            TableLine(SECTORS, sectors, "zero", ""),
        ]
        await server.create("vol1", *lines)
        data = DISK[::-1] * (MOST // len(DISK))
        async with server.client() as client:
            await client.write(0, data)
            assert await client.read(0, MOST) == data[: len(DISK)] + bytes(MOST - len(DISK))
            for command in (READ, WRITE):
                payload = bytes(MOST + 1) if command == WRITE else b""
                reply = await client.do(command, 0, MOST + 1, payload)
                assert reply.error == EINVAL, "one byte more than may be"
            assert await client.read(0, 8) == data[:8]
            reply = await client.do(WRITE_ZEROES, 0, MOST + 512)
            assert not reply.error, "what carries no data has no such limit"


@pytest.mark.parametrize("no_hole", [0, NO_HOLE])
@pytest.mark.parametrize("fua", [0, FUA])
async def test_zeroes_are_written_as_holes_or_not(tmp_path: Path, no_hole: int, fua: int) -> None:
    async with nbd_server(tmp_path, WHOLE) as server, server.client() as client:
        reply = await client.do(WRITE_ZEROES, 65_536, LARGE, flags=no_hole | fua)
        assert (reply.error, reply.chunks) == (0, [])
        assert (
            await client.read(65_535, LARGE + 2)
            == b"\xff" + bytes(LARGE) + DISK[65_536 + LARGE :][:1]
        )
        status = await client.do(BLOCK_STATUS, 65_536, 65_536)
        assert sum(length for length, _ in status.ranges) == 65_536
        if no_hole:
            blocks = (tmp_path / "wd0a").stat().st_blocks
            assert blocks * 512 >= len(DISK), "the space was given back"


@pytest.mark.parametrize("flags", [0, FUA])
async def test_trim_and_cache(tmp_path: Path, flags: int) -> None:
    async with nbd_server(tmp_path, WHOLE) as server, server.client() as client:
        assert (await client.do(TRIM, 65_536, 65_536, flags=flags)).error == 0
        assert (await client.do(CACHE, 0, len(DISK), flags=flags)).error == 0
        assert await client.read(0, 65_536) == DISK[:65_536]
        assert await client.read(131_072, 100) == DISK[131_072:][:100]
        (info,) = await server.dm.iostat("vol1")
        assert (info.reads, info.discards, info.errors) == (2, 1, 0)


async def test_block_status_tells_of_zero_targets_and_of_holes_in_files(tmp_path: Path) -> None:
    lines = [
        TableLine(0, 128, "linear", "/dev/wd0a 0"),
        TableLine(128, 128, "zero", ""),
        TableLine(256, 256, "linear", "/dev/wd1a 0"),
        TableLine(512, 128, "linear", "/dev/wd0a 0"),
    ]
    async with nbd_server(tmp_path, *lines) as server, server.client() as client:
        await client.write(262_144 - 65_536, b"x" * 65_536)
        reply = await client.do(BLOCK_STATUS, 0, 327_680)
        assert reply.ranges == [(65_536, 0), (131_072, 3), (131_072, 0)]
        reply = await client.do(BLOCK_STATUS, 0, 327_680, flags=REQ_ONE)
        assert reply.ranges == [(65_536, 0)]
        reply = await client.do(BLOCK_STATUS, 65_537, 1000)
        assert (reply.ranges, reply.chunks) == ([(1000, 3)], [5])
        assert (await client.do(BLOCK_STATUS, 0, 0)).error == EINVAL
    async with nbd_server(tmp_path, *lines) as server, server.client(allocation=False) as client:
        assert (await client.do(BLOCK_STATUS, 0, 512)).error == EINVAL, "it was not negotiated"


@pytest.mark.parametrize("length", [512, LARGE])
async def test_zero_targets_are_holes_or_zeroes(tmp_path: Path, length: int) -> None:
    line = TableLine(0, SECTORS, "zero", "")
    async with nbd_server(tmp_path, line) as server, server.client() as client:
        for flags in (0, DF):
            reply = await client.do(READ, 1, length, flags=flags)
            assert (reply.error, reply.data) == (0, bytes(length))
        assert (await client.do(WRITE, 0, 0, b"x")).error == 0
    async with nbd_server(tmp_path, line) as server, server.client(structured=False) as client:
        assert await client.read(1, length) == bytes(length)


@pytest.mark.parametrize("structured", [True, False])
@pytest.mark.parametrize("command", [READ, WRITE, TRIM, CACHE, WRITE_ZEROES])
async def test_requests_of_no_length_do_nothing(
    tmp_path: Path, command: int, structured: bool
) -> None:
    async with (
        nbd_server(tmp_path, WHOLE) as server,
        server.client(structured=structured) as client,
    ):
        assert (await client.do(command, 512)).error == 0
        assert await client.read(0, 1024) == DISK[:1024]


FAULTS = [
    ("a command nobody knows", (8, 0, 512), 0, EINVAL),
    ("another one", (0xFFFF, 0, 0), 0, EINVAL),
    ("a read with NO_HOLE", (READ, 0, 512), NO_HOLE, EINVAL),
    ("a large read with NO_HOLE", (READ, 0, LARGE), NO_HOLE, EINVAL),
    ("a read with a flag nobody knows", (READ, 0, 512), 0x10, EINVAL),
    ("a large read with a flag nobody knows", (READ, 0, LARGE), 0x8000, EINVAL),
    ("a flush with a flag nobody knows", (FLUSH, 0, 0), 0x10, EINVAL),
    ("a trim with DF", (TRIM, 0, 512), DF, EINVAL),
    ("block status with NO_HOLE", (BLOCK_STATUS, 0, 512), NO_HOLE, EINVAL),
    ("a read of more than may be", (READ, 0, MOST + 1), 0, EINVAL),
    ("a read beyond the end", (READ, len(DISK) - 1, 2), 0, EINVAL),
    ("a large read beyond the end", (READ, len(DISK) - 1, LARGE), 0, EINVAL),
    ("a read far beyond", (READ, 2**64 - 1, 2**20), 0, EINVAL),
    ("a trim beyond the end", (TRIM, len(DISK), 1), 0, EINVAL),
    ("a cache beyond the end", (CACHE, 1, len(DISK)), 0, EINVAL),
    ("block status beyond the end", (BLOCK_STATUS, 0, len(DISK) + 1), 0, EINVAL),
    ("zeroes beyond the end", (WRITE_ZEROES, len(DISK) - 1, 2), 0, ENOSPC),
]


@pytest.mark.parametrize(
    ("request_", "flags", "error"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS]
)
@pytest.mark.parametrize("structured", [True, False])
async def test_a_request_that_is_refused_ends_nothing(
    tmp_path: Path, request_: tuple[int, int, int], flags: int, error: int, structured: bool
) -> None:
    async with (
        nbd_server(tmp_path, WHOLE) as server,
        server.client(structured=structured) as client,
    ):
        reply = await client.do(*request_, flags=flags)
        assert (reply.error, reply.data) == (error, b"")
        assert reply.message or not reply.chunks
        assert await client.read(0, 512) == DISK[:512]


@pytest.mark.parametrize(("offset", "size"), [(len(DISK) - 1, 2), (2**64 - 8, 9), (1, len(DISK))])
async def test_a_write_beyond_the_end_writes_nothing(
    tmp_path: Path, offset: int, size: int
) -> None:
    async with nbd_server(tmp_path, WHOLE) as server, server.client() as client:
        assert (await client.do(WRITE, offset, 0, b"x" * size)).error == ENOSPC
        assert await client.read(0, len(DISK)) == DISK


@pytest.mark.parametrize("name", ["ro", "flagged"])
async def test_what_is_read_only_is_not_written(tmp_path: Path, name: str) -> None:
    async with nbd_server(tmp_path) as server:
        await server.create("ro", TableLine(0, SECTORS, "linear", "/dev/ro 0"))
        await server.create("flagged", WHOLE, read_only=True)
        async with server.client(name) as client:
            for command, length, payload in [
                (WRITE, 0, b"x"),
                (WRITE, 0, bytes(LARGE)),
                (TRIM, 512, b""),
                (WRITE_ZEROES, 512, b""),
            ]:
                assert (await client.do(command, 0, length, payload)).error == EPERM
            assert (await client.do(FLUSH)).error == 0
            assert await client.read(0, LARGE) == DISK[:LARGE]


@pytest.mark.parametrize("structured", [True, False])
async def test_an_error_target_amid_a_large_read(tmp_path: Path, structured: bool) -> None:
    lines = [
        TableLine(0, 1024, "linear", "/dev/wd0a 0"),
        TableLine(1024, 8, "error", ""),
        TableLine(1032, 1024, "linear", "/dev/wd0a 1032"),
    ]
    async with (
        nbd_server(tmp_path, *lines) as server,
        server.client(structured=structured) as client,
    ):
        reply = await client.do(READ, 0, LARGE)
        assert reply.error == EIO
        assert ("error" in reply.message) == structured
        assert await client.read(0, 524_288) == DISK[:524_288]
        assert await client.read(528_384, 9) == DISK[528_384:][:9]
        assert (await client.do(WRITE, 524_287, 0, b"ab")).error == EIO
        (counted,) = await server.dm.iostat("vol1")
        assert counted.errors == 2


async def test_requests_are_answered_whatever_order_they_end_in(tmp_path: Path) -> None:
    async with nbd_server(tmp_path, WHOLE) as server, server.client() as client:
        begun = []
        for number in range(200):
            at = number * 9973
            length = (1, 700, 70_000)[number % 3]
            begun.append((await client.begin(READ, at, length), at, length))
            await client.begin(FLUSH)
            await client.begin(READ, at, length, flags=FUA)
        for cookie, at, length in begun:
            assert (await client.end(cookie)).data == DISK[at : at + length]
            assert (await client.end(cookie + 1)).error == 0
            assert (await client.end(cookie + 2)).data == DISK[at : at + length]
