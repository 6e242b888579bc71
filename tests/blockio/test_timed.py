"""Targets that treat I/O by the time, on a clock that the test advances."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from netbsd_dm import DeviceMapper, TableLine
from netbsd_dm.clock.timers import ManualClock
from netbsd_dm.wire.errors import Errno

from .conftest import refused

SECTOR = 512


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def dm(tmp_path: Path, clock: ManualClock) -> Iterator[DeviceMapper]:
    """A mapper with a disk of 64 sectors of `a`, on the manual clock."""
    path = tmp_path / "disk.img"
    path.write_bytes(b"a" * 64 * SECTOR)
    with DeviceMapper(devices={"/dev/wd1a": path}, clock=clock) as dm:
        yield dm


def make(dm: DeviceMapper, name: str, *lines: TableLine) -> None:
    dm.create(name)
    dm.reload(name, lines)
    dm.resume(name)


def test_flakey_fails_and_works_by_the_clock(dm: DeviceMapper, clock: ManualClock) -> None:
    make(dm, "v", TableLine(0, 8, "flakey", "/dev/wd1a 0 30 10"))
    with dm.open("v") as volume:
        assert volume.read(0, SECTOR) == b"a" * SECTOR
        clock.advance(30)
        error = refused(lambda: volume.read(0, SECTOR))
        assert error.errno == Errno.EIO
        assert "for now" in error.message
        assert refused(lambda: volume.write(0, b"x")).errno == Errno.EIO
        clock.advance(10)
        assert volume.write(0, b"b" * SECTOR) == SECTOR
        assert volume.read(0, SECTOR) == b"b" * SECTOR


def test_only_the_line_that_is_flakey_fails(dm: DeviceMapper, clock: ManualClock) -> None:
    lines = TableLine(0, 8, "linear", "/dev/wd1a 0"), TableLine(8, 8, "flakey", "/dev/wd1a 8 1 1")
    make(dm, "v", *lines)
    clock.advance(1)
    with dm.open("v") as volume:
        assert volume.read(0, 8 * SECTOR) == b"a" * 8 * SECTOR
        assert refused(lambda: volume.read(7 * SECTOR, 2 * SECTOR)).errno == Errno.EIO


def test_dropped_writes_look_like_written_ones(dm: DeviceMapper, clock: ManualClock) -> None:
    make(dm, "v", TableLine(0, 8, "flakey", "/dev/wd1a 0 1 1 1 drop_writes"))
    clock.advance(1)
    with dm.open("v") as volume:
        assert volume.write(0, b"x" * SECTOR) == SECTOR
        volume.flush()
        assert volume.read(0, SECTOR) == b"a" * SECTOR


@pytest.mark.parametrize(
    ("direction", "written", "read"), [("r", b"bbbb", b"bbZb"), ("w", b"bbZb", b"bbZb")]
)
def test_a_byte_is_corrupted_on_its_way(
    dm: DeviceMapper,
    clock: ManualClock,
    tmp_path: Path,
    direction: str,
    written: bytes,
    read: bytes,
) -> None:
    params = f"/dev/wd1a 0 1 1 5 corrupt_bio_byte 3 {direction} {ord('Z')} 0"
    make(dm, "v", TableLine(0, 8, "flakey", params))
    clock.advance(1)
    with dm.open("v") as volume:
        volume.write(0, b"bbbb")
        assert (tmp_path / "disk.img").read_bytes()[:4] == written
        assert volume.read(0, 4) == read
        assert volume.read(0, 2) == b"bb", "a request without that byte is whole"


def test_a_delay_takes_its_time_on_the_clock(dm: DeviceMapper, clock: ManualClock) -> None:
    make(dm, "v", TableLine(0, 8, "delay", "/dev/wd1a 0 20 /dev/wd1a 0 500"))
    with dm.open("v") as volume:
        volume.read(0, SECTOR)
        assert clock.seconds() == pytest.approx(0.02)
        volume.write(0, b"x")
        assert clock.seconds() == pytest.approx(0.52)


def test_what_stands_on_a_timed_device_meets_it_too(dm: DeviceMapper, clock: ManualClock) -> None:
    make(dm, "low", TableLine(0, 8, "flakey", "/dev/wd1a 0 1 1"))
    make(dm, "mid", TableLine(0, 8, "delay", "/dev/mapper/low 0 100"))
    make(dm, "high", TableLine(0, 4, "linear", "/dev/mapper/mid 4"))
    with dm.open("high") as volume:
        assert volume.read(0, SECTOR) == b"a" * SECTOR
        assert clock.seconds() == pytest.approx(0.1)
        clock.advance(1)
        assert refused(lambda: volume.read(0, SECTOR)).errno == Errno.EIO
