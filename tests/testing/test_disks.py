"""Disks whose sectors say where they belong, lent to one server after the other."""

from pathlib import Path

import pytest

from netbsd_dm.testing.disks import PATTERN_SECTORS_MAX, DiskImages, DiskPool

SECTOR_BYTES = 512


@pytest.fixture
def disks(tmp_path: Path) -> DiskImages:
    """Two disks of 8 sectors."""
    return DiskPool(tmp_path).borrow(2, 8)


def test_disks_are_named_as_netbsd_names_them(disks: DiskImages) -> None:
    assert [disk.name for disk in disks] == ["/dev/wd1a", "/dev/wd2a"]
    assert disks["/dev/wd2a"] is disks[1]


def test_a_name_that_is_none_is_refused_with_those_there_are(disks: DiskImages) -> None:
    with pytest.raises(KeyError, match=r"/dev/wd9a.*/dev/wd1a, /dev/wd2a"):
        disks["/dev/wd9a"]


def test_the_numbers_of_devices_are_those_of_the_recordings(disks: DiskImages) -> None:
    assert [offer.dev for offer in disks.offers] == [197 << 8, 197 << 8 | 1]


def test_each_sector_says_where_it_belongs(disks: DiskImages) -> None:
    assert disks[1].read(7) == b"wd2a....00000007" * 32
    assert disks[1].path.stat().st_size == 8 * SECTOR_BYTES


def test_origins_tell_sectors_from_each_other(disks: DiskImages) -> None:
    data = disks[0].read(3, 2) + bytes(SECTOR_BYTES) + disks[1].read(0)
    assert disks.origins(data) == ["/dev/wd1a 3", "/dev/wd1a 4", "?", "/dev/wd2a 0"]


@pytest.mark.parametrize(
    "data",
    [
        b"wd1a....00000003" * 31 + b"x" * 16,
        b"wd9a....00000003" * 32,
        b"wd1a....00000008" * 32,
        b"wd1a....0000000x" * 32,
        b"\xff" * SECTOR_BYTES,
        b"wd1a....00000003",
    ],
)
def test_what_is_no_sector_of_ours_has_no_origin(disks: DiskImages, data: bytes) -> None:
    assert disks.origins(data) == ["?"]


def test_changed_sectors_are_told(disks: DiskImages) -> None:
    assert disks[0].changed_sectors() == []
    with disks[0].path.open("r+b") as file:
        file.seek(3 * SECTOR_BYTES - 1)
        file.write(b"xy")
    assert disks[0].changed_sectors() == [2, 3]
    assert disks[0].original(2) == b"wd1a....00000002" * 32


@pytest.mark.parametrize("left", [b"", b"x" * 5000, b"x"])
def test_the_next_borrower_finds_disks_as_they_were(tmp_path: Path, left: bytes) -> None:
    pool = DiskPool(tmp_path)
    disks = pool.borrow(1, 8)
    original = disks[0].path.read_bytes()
    disks[0].path.write_bytes(left)
    pool.give_back(disks)
    again = pool.borrow(1, 8)
    assert again is disks
    assert again[0].path.read_bytes() == original


def test_disks_that_nobody_changed_are_not_written_again(tmp_path: Path) -> None:
    pool = DiskPool(tmp_path)
    disks = pool.borrow(1, 8)
    before = disks[0].path.stat()
    pool.give_back(disks)
    assert pool.borrow(1, 8)[0].path.stat().st_ctime_ns == before.st_ctime_ns


def test_two_borrowers_have_disks_of_their_own(tmp_path: Path) -> None:
    pool = DiskPool(tmp_path)
    first, second = pool.borrow(1, 8), pool.borrow(1, 8)
    assert first[0].path != second[0].path


def test_a_large_disk_is_sparse_and_holds_nothing(tmp_path: Path) -> None:
    pool = DiskPool(tmp_path)
    disks = pool.borrow(1, 2**31)
    assert disks[0].path.stat().st_blocks == 0
    with disks[0].path.open("r+b") as file:
        file.write(b"x")
    pool.give_back(disks)
    status = pool.borrow(1, 2**31)[0].path.stat()
    assert (status.st_size, status.st_blocks) == (2**40, 0)


def test_a_disk_without_a_pattern_says_so(tmp_path: Path) -> None:
    (disk,) = DiskPool(tmp_path).borrow(1, PATTERN_SECTORS_MAX + 1)
    with pytest.raises(ValueError, match="/dev/wd1a holds no pattern"):
        disk.changed_sectors()


def test_there_may_be_no_disks(tmp_path: Path) -> None:
    assert len(DiskPool(tmp_path).borrow(0, 8)) == 0


@pytest.mark.parametrize(("count", "sectors"), [(-1, 8), (1, 0), (1, -5)])
def test_a_size_that_is_none_is_refused(tmp_path: Path, count: int, sectors: int) -> None:
    with pytest.raises(ValueError, match=f"{count} disks of {sectors} sectors"):
        DiskPool(tmp_path).borrow(count, sectors)
