"""Mapped devices as exports: their names, sizes and flags."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from netbsd_dm import NETBSD_9, STANDARD, DeviceMapper, DMError, Errno, Offer, Profile, TableLine
from netbsd_dm.server.exports import MappedExports

READ_ONLY, TRIM, ZEROES, DF = 2, 0x20, 0x40, 0x80
ALWAYS = 0x1 | 0x4 | 0x8 | 0x100 | 0x400
LINE = TableLine(0, 8, "linear", "/dev/wd0a 0")


def mapper(directory: Path, profile: Profile) -> DeviceMapper:
    for name in ("wd0a", "ro"):
        (directory / name).write_bytes(bytes(65_536))
    offers = [
        Offer("/dev/wd0a", directory / "wd0a"),
        Offer("/dev/ro", directory / "ro", read_only=True),
    ]
    return DeviceMapper(profile, devices=offers)


@pytest.fixture
def dm(tmp_path: Path) -> Iterator[DeviceMapper]:
    with mapper(tmp_path, STANDARD) as made:
        yield made


def create(dm: DeviceMapper, name: str, *lines: TableLine, read_only: bool = False) -> None:
    dm.create(name, read_only=read_only)
    dm.reload(name, lines)
    dm.resume(name)


def test_every_device_is_listed_once(dm: DeviceMapper) -> None:
    exports = MappedExports(dm.mapper)
    assert list(exports.all()) == []
    dm.create("vol1", "uuid-1")
    create(dm, "größe", LINE)
    assert list(exports.all()) == [
        ("vol1", "minor 1, 0 sectors, uuid uuid-1"),
        ("größe", "minor 2, 8 sectors"),
    ]
    dm.rename("vol1", "vol2")
    dm.remove("größe")
    assert list(exports.all()) == [("vol2", "minor 1, 0 sectors, uuid uuid-1")]


def test_a_device_is_found_by_name_uuid_and_minor(dm: DeviceMapper) -> None:
    exports = MappedExports(dm.mapper)
    assert exports.find("") is None, "there is no device"
    dm.create("vol1", "uuid-1")
    for name in ("vol1", "uuid-1", "1", ""):
        found = exports.find(name)
        assert found is not None, name
        assert found.name == "vol1"
    dm.create("2", "uuid-2")
    dm.create("1")
    names = ["vol1", "uuid-1", "1", "2", "uuid-2", "3", "", "4", "0", "-1", "²", "1.0", "9" * 30]
    found_names = [each and each.name for each in map(exports.find, names)]
    # A name comes before a minor.
    assert found_names == ["vol1", "vol1", "1", "2", "2", "1", *[None] * 7]


@pytest.mark.parametrize("profile", [STANDARD, NETBSD_9])
def test_the_block_size_is_the_profiles(tmp_path: Path, profile: Profile) -> None:
    with mapper(tmp_path, profile) as dm:
        create(dm, "vol1", LINE)
        found = MappedExports(dm.mapper).find("vol1")
        assert found is not None
        assert found.block_size == (1 if profile is STANDARD else 512, 4096, 32 * 1024 * 1024)
        assert found.size_bytes == 4096


@pytest.mark.parametrize(
    ("profile", "line", "read_only", "expected"),
    [
        (STANDARD, LINE, False, False),
        (STANDARD, LINE, True, True),
        (NETBSD_9, LINE, True, False),
        (STANDARD, TableLine(0, 8, "linear", "/dev/ro 0"), False, True),
        (NETBSD_9, TableLine(0, 8, "linear", "/dev/ro 0"), False, True),
        (STANDARD, TableLine(0, 8, "zero", ""), False, False),
    ],
)
def test_what_can_be_written_says_so(
    tmp_path: Path, profile: Profile, line: TableLine, read_only: bool, expected: bool
) -> None:
    with mapper(tmp_path, profile) as dm:
        create(dm, "vol1", line, read_only=read_only)
        found = MappedExports(dm.mapper).find("vol1")
        assert found is not None
        assert found.flags == ALWAYS | (READ_ONLY if expected else TRIM | ZEROES)


def test_a_device_on_a_read_only_one_is_read_only(dm: DeviceMapper) -> None:
    create(dm, "lower", TableLine(0, 8, "linear", "/dev/ro 0"))
    create(dm, "upper", TableLine(0, 8, "linear", "/dev/mapper/lower 0"))
    found = MappedExports(dm.mapper).find("upper")
    assert found is not None
    assert found.flags & READ_ONLY


def test_a_table_that_claims_too_much_is_cut_to_what_a_client_can_take(tmp_path: Path) -> None:
    with mapper(tmp_path, NETBSD_9) as dm:
        create(dm, "vol1", TableLine(0, 2**60, "linear", "/dev/wd0a 0"))
        found = MappedExports(dm.mapper).find("vol1")
        assert found is not None
        assert found.size_bytes == 2**63 - 512


def test_names_that_are_no_utf_8_are_told_as_far_as_they_can_be(dm: DeviceMapper) -> None:
    exports = MappedExports(dm.mapper)
    dm.create("\udcff", "uuid-\udcfe")
    ((name, description),) = exports.all()
    assert (name, description) == ("1", "minor 1, 0 sectors, uuid uuid-?")
    found = exports.find(name)
    assert found is not None
    assert (found.name, found.description) == (name, description)


def test_opening_counts_and_fails_for_what_has_gone(dm: DeviceMapper) -> None:
    exports = MappedExports(dm.mapper)
    create(dm, "vol1", LINE)
    found, again = exports.find("vol1"), exports.find("1")
    assert found is not None
    assert again is not None
    with exports.open(found) as volume, exports.open(again):
        assert dm.info("vol1").open_count == volume.device.open_count == 2
    assert dm.info("vol1").open_count == 0
    dm.remove("vol1")
    with pytest.raises(DMError, match="'vol1' was removed") as caught:
        exports.open(found)
    assert caught.value.errno == Errno.ENXIO


def test_what_was_chosen_is_opened_whatever_has_its_name_now(dm: DeviceMapper) -> None:
    exports = MappedExports(dm.mapper)
    create(dm, "vol1", LINE)
    found = exports.find("vol1")
    assert found is not None
    dm.rename("vol1", "vol2")
    create(dm, "vol1", LINE)
    with exports.open(found) as volume:
        assert volume.device.name == "vol2"
