"""Accesses to mapped disks: their form, and doing them again."""

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from netbsd_dm.capture.access import Access, Outcome, perform, read_access
from netbsd_dm.capture.disks import offer_disks, pattern
from netbsd_dm.capture.format import Disk
from netbsd_dm.driver.mapper import Mapper
from netbsd_dm.driver.profile import NETBSD_9
from netbsd_dm.pdev.catalog import Catalog
from netbsd_dm.plist import PlistDict, UInt, loads

DISK = Disk("/dev/wd1a", 64, 197, 0, "wd1a....")
HELD = pattern(DISK.tag, DISK.sectors)


@pytest.fixture
def mapper(tmp_path: Path) -> Iterator[Mapper]:
    """A mapper with a device v, minor 1: 32 sectors of a filled disk, from 16 on; and
    one without a table, minor 2."""
    mapper = Mapper(NETBSD_9, Catalog(offer_disks([DISK], tmp_path, filled=True)))
    line: PlistDict = {"start": 0, "length": 32, "type": "linear", "params": "/dev/wd1a 16"}
    requests: list[PlistDict] = [
        {"command": "create", "name": "v"},
        {"command": "create", "name": "empty"},
        {"command": "reload", "name": "v", "cmd_data": [line]},
        {"command": "resume", "name": "v"},
    ]
    for request in requests:
        mapper.execute({"version": [4, 0, 0], "flags": UInt(4), **request})
    assert mapper.find("v").minor == 1
    yield mapper
    mapper.close()


def do(mapper: Mapper, op: str, offset: int, length: int, minor: int = 1, **given: Any) -> Outcome:
    record = {"op": op, "minor": minor, "off": offset, "len": length, **given}
    return perform(mapper, read_access(record))


def found(data: bytes) -> Outcome:
    """What a read comes to that gives `data`."""
    return Outcome(0, data_bytes=len(data), sha256=hashlib.sha256(data).hexdigest())


def test_what_was_written_is_one_byte_repeated_or_given_in_full() -> None:
    record = {"op": "W", "minor": 1, "off": 512, "len": 4, "errno": 0, "written": 4}
    assert read_access(record | {"write_fill": 65}) == Access(
        "W", 1, 512, 4, b"AAAA", Outcome(0, written_bytes=4)
    )
    packed = base64.b64encode(b"abcd").decode()
    assert read_access(record | {"write_base64": packed}).payload == b"abcd"


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"op": "R", "errno": 0, "nreply": 5, "sha256": "aa"}, Outcome(0, 5, "aa")),
        ({"op": "r", "errno": 22, "nreply": 0, "sha256": "aa"}, Outcome(22)),
        ({"op": "w", "errno": 0, "nreply": 4, "written": 9}, Outcome(0, written_bytes=9)),
        ({"op": "W", "errno": 5, "nreply": 0}, Outcome(5)),
        ({"op": "C", "errno": 0, "nreply": 0}, Outcome(0)),
        ({"op": "G", "errno": 0, "nreply": 3, "text": "a|b"}, Outcome(0, text="a|b")),
        ({"op": "D", "errno": 86, "nreply": 0}, Outcome(86)),
    ],
    ids=repr,
)
def test_what_was_recorded_is_what_its_kind_gives(
    record: dict[str, Any], expected: Outcome
) -> None:
    assert read_access({"minor": 1, "off": 0, "len": 0, **record}).recorded == expected


@pytest.mark.parametrize("op", ["R", "r"])
def test_a_read_gives_size_and_digest(mapper: Mapper, op: str) -> None:
    assert do(mapper, op, 1024, 1024) == found(HELD[18 * 512 : 20 * 512])
    assert do(mapper, op, 32 * 512, 512) == found(b""), "at the end"


@pytest.mark.parametrize("op", ["W", "w"])
def test_a_write_gives_the_bytes_taken_and_lands_on_the_disk(
    mapper: Mapper, tmp_path: Path, op: str
) -> None:
    assert do(mapper, op, 512, 1024, write_fill=90) == Outcome(0, written_bytes=1024)
    expected = HELD[: 17 * 512] + b"Z" * 1024 + HELD[19 * 512 :]
    assert (tmp_path / "disk0.img").read_bytes() == expected


def test_a_failure_is_the_number_alone(mapper: Mapper) -> None:
    assert do(mapper, "R", 1, 512) == Outcome(22)
    assert do(mapper, "W", 31 * 512, 1024, write_fill=1) == Outcome(22)


@pytest.mark.parametrize("op", ["R", "W", "r", "w"])
def test_to_read_or_write_a_device_that_is_not_there_is_eio(mapper: Mapper, op: str) -> None:
    assert do(mapper, op, 0, 512, minor=9) == Outcome(5)


@pytest.mark.parametrize("op", ["C", "D", "G"])
def test_to_ask_a_device_that_is_not_there_is_enodev(mapper: Mapper, op: str) -> None:
    assert do(mapper, op, 0, 0, minor=9) == Outcome(19)


def test_a_flush_gives_nothing(mapper: Mapper) -> None:
    assert do(mapper, "C", 0, 0) == Outcome(0)


def test_disk_and_wedge_information_are_texts(mapper: Mapper) -> None:
    disk = do(mapper, "D", 0, 0)
    assert disk.errno == 0
    geometry = loads((disk.text or "").encode())["geometry"]
    assert isinstance(geometry, dict)
    assert geometry["sectors-per-unit"] == 32
    assert do(mapper, "G", 0, 0) == Outcome(0, text=f"v|v|v|0|{32}|ffs")
    assert do(mapper, "D", 0, 0, minor=2) == Outcome(86), "without a table"


def test_no_access_leaves_its_device_open_or_busy(mapper: Mapper) -> None:
    for op in "RrWwCDG":
        do(mapper, op, 0, 512, write_fill=1)
        do(mapper, op, 7, 512, write_fill=1)
    device = mapper.find("v")
    assert (device.open_count, device.started_io) == (0, 0)


@pytest.mark.parametrize(
    ("outcome", "text"),
    [
        (Outcome(5), "errno 5"),
        (Outcome(0, 512, "ab"), "errno 0, 512 bytes, SHA-256 ab"),
        (Outcome(0, written_bytes=7), "errno 0, 7 bytes written"),
        (Outcome(0, text="line"), "errno 0\nline"),
    ],
)
def test_an_outcome_shows_what_it_has(outcome: Outcome, text: str) -> None:
    assert str(outcome) == text
