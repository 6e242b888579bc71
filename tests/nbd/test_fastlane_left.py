"""The fast lane: what it leaves for the long way."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from netbsd_dm import NETBSD_9, DeviceMapper, TableLine
from netbsd_dm.nbd.fastlane import SMALL_BYTES

from .conftest import (
    DISC,
    DISK_BYTES,
    FLUSH,
    GOOD,
    GOOD_REPLY,
    PATTERN,
    READ,
    SECTORS,
    STRIPES,
    WHOLE,
    mapper,
    opened,
    read_reply,
    request,
    run,
    write,
    write_reply,
)


def test_what_was_not_wholly_received_is_left(dm: DeviceMapper) -> None:
    volume = opened(dm, WHOLE)
    for begun in (request(READ, 0, 1)[:-1], write(0, b"hello")[:-1], write(0, b"h")[:28], b"\x25"):
        assert run(volume, GOOD + begun) == (GOOD_REPLY, begun)
    assert volume.read(0, 5) == PATTERN[:5]


LEFT = {
    "a read with FUA": request(READ, 0, 512, flags=1),
    "a read with a flag nobody knows": request(READ, 0, 512, flags=0x8000),
    "a write with FUA": write(0, bytes(512), flags=1),
    "a flush": request(FLUSH),
    "a disconnect": request(DISC),
    "a trim": request(4, 0, 512),
    "a cache": request(5, 0, 512),
    "a write of zeroes": request(6, 0, 512),
    "block status": request(7, 0, 512),
    "a command whose low byte is that of a read": request(0x100, 0, 512),
    "a command whose low byte is that of a write": request(0x101, 0, 512, payload=bytes(512)),
    "no request": request(READ, 0, 512, magic=0x12345678),
    "no write": request(1, 0, 512, magic=0x12345678, payload=bytes(512)),
    "an empty read": request(READ, 0, 0),
    "an empty write": write(0, b""),
    "a large read": request(READ, 0, SMALL_BYTES + 1),
    "a large write": write(0, bytes(SMALL_BYTES + 1)),
    "a read beyond the end": request(READ, DISK_BYTES - 1, 2),
    "a write beyond the end": write(DISK_BYTES - 1, b"ab"),
    "a read far beyond it": request(READ, 2**64 - 1, 2**16),
    "a write far beyond it": write(2**64 - 512, bytes(512)),
}


@pytest.mark.parametrize("sent", LEFT.values(), ids=list(LEFT))
def test_what_is_left_for_the_long_way(dm: DeviceMapper, sent: bytes) -> None:
    volume = opened(dm, WHOLE)
    assert run(volume, GOOD + sent + GOOD) == (GOOD_REPLY, sent + GOOD)
    counted = volume.device.statistics
    assert (counted.reads, counted.writes, counted.errors) == (1, 0, 0)
    assert not volume.device.is_dirty


@pytest.mark.parametrize("target", ["error", "zero"])
def test_a_target_without_a_file_is_left(dm: DeviceMapper, target: str) -> None:
    volume = opened(dm, [TableLine(0, 8, "linear", "/dev/wd0a 0"), TableLine(8, 8, target, "")])
    for sent in (
        request(READ, 4096, 512),
        request(READ, 4000, 512),
        write(4096, b"x"),
        write(4095, b"xy"),
    ):
        assert run(volume, GOOD + sent + GOOD) == (GOOD_REPLY, sent + GOOD)


def test_a_hole_of_the_table_is_left(tmp_path: Path) -> None:
    with mapper(tmp_path, NETBSD_9) as dm:
        lines = [
            TableLine(0, 8, "linear", "/dev/wd0a 0"),
            TableLine(16, 8, "linear", "/dev/wd1a 0"),
        ]
        volume = opened(dm, lines)
        good = request(READ, 0, 512)
        for sent in (request(READ, 4096, 512), request(READ, 3584, 1024), write(4096, bytes(512))):
            assert run(volume, good + sent) == (read_reply(7, 0, PATTERN[:512]), sent)


@pytest.mark.parametrize(("offset", "length"), [(1, 512), (0, 511), (256, 256)])
def test_profile_netbsd_9_leaves_what_is_not_aligned(
    tmp_path: Path, offset: int, length: int
) -> None:
    with mapper(tmp_path, NETBSD_9) as dm:
        volume = opened(dm, WHOLE)
        for sent in (request(READ, offset, length), write(offset, bytes(length))):
            assert run(volume, sent) == (b"", sent)
        assert run(volume, write(512, bytes(512))) == (write_reply(7), b"")


def test_nothing_is_answered_while_a_device_holds_its_io(dm: DeviceMapper) -> None:
    lower = opened(dm, WHOLE, "lower")
    upper = opened(dm, [TableLine(0, SECTORS, "linear", "/dev/mapper/lower 0")], "upper")
    for name in ("upper", "lower"):
        dm.suspend(name)
        for sent in (GOOD, write(0, b"x")):
            assert run(upper, sent) == (b"", sent)
        dm.resume(name)
        assert run(upper, GOOD) == (GOOD_REPLY, b"")
    assert lower.read(0, 1) == PATTERN[:1]


def test_nothing_is_answered_of_a_device_that_was_removed(tmp_path: Path) -> None:
    with mapper(tmp_path, NETBSD_9) as dm:
        volume = opened(dm, WHOLE)
        dm.remove("vol")
        for sent in (request(READ, 0, 512), write(0, bytes(512))):
            assert run(volume, sent) == (b"", sent)


def test_a_read_only_device_is_read_and_not_written(dm: DeviceMapper) -> None:
    volume = opened(dm, WHOLE, read_only=True)
    sent = write(0, b"x")
    assert run(volume, GOOD + sent + GOOD) == (GOOD_REPLY, sent + GOOD)


def test_a_read_only_file_is_read_and_not_written(dm: DeviceMapper) -> None:
    lines = [TableLine(0, 8, "linear", "/dev/wd0a 0"), TableLine(8, 8, "linear", "/dev/ro 8")]
    volume = opened(dm, lines)
    assert run(volume, request(READ, 4090, 12)) == (read_reply(7, 4090, PATTERN[4090:4102]), b"")
    for sent in (write(4096, b"x"), write(4095, b"xy")):
        assert run(volume, sent) == (b"", sent)
    assert volume.read(4096, 2) == PATTERN[4096:4098]


def test_a_file_that_became_shorter_is_left(dm: DeviceMapper, tmp_path: Path) -> None:
    volume = opened(dm, WHOLE)
    os.truncate(tmp_path / "wd0a", 1024)
    for sent in (request(READ, 1000, 100), request(READ, 2048, 1), write(1000, bytes(100))):
        assert run(volume, GOOD + sent) == (GOOD_REPLY, sent)
    assert (tmp_path / "wd0a").stat().st_size == 1024, "a write made the file longer"


@pytest.mark.parametrize("structured", [True, False])
@pytest.mark.parametrize("lines", [WHOLE, STRIPES])
def test_what_would_wait_for_the_disk_is_left(
    dm: DeviceMapper, monkeypatch: pytest.MonkeyPatch, lines: list[TableLine], structured: bool
) -> None:
    volume = opened(dm, lines)

    def not_cached(*arguments: object) -> int:
        raise BlockingIOError

    monkeypatch.setattr(os, "preadv", not_cached)
    sent = request(READ, 0, 8192)
    written = write(0, b"x", cookie=3)
    assert run(volume, written + sent, structured=structured) == (write_reply(3), sent)


@pytest.mark.parametrize("lines", [WHOLE, STRIPES])
@pytest.mark.parametrize("fails", [True, False])
def test_a_write_that_fails_or_comes_short_is_left(
    dm: DeviceMapper, monkeypatch: pytest.MonkeyPatch, lines: list[TableLine], fails: bool
) -> None:
    volume = opened(dm, lines)
    pwrite: Callable[[int, bytes, int], int] = os.pwrite

    def short(fd: int, data: bytes, offset: int) -> int:
        if fails:
            raise OSError(28, "No space left on device")
        return pwrite(fd, data[:-1], offset)

    monkeypatch.setattr(os, "pwrite", short)
    sent = write(0, b"a" * 8192)
    assert run(volume, sent) == (b"", sent)
    assert volume.device.statistics.writes == 0
