"""The disks of a recording, made again, and what became of them."""

import hashlib
from pathlib import Path

import pytest

from netbsd_dm.capture.disks import changes, offer_disks, pattern
from netbsd_dm.capture.format import Capture, Disk, DiskChanges
from netbsd_dm.capture.replay import disk_differences
from netbsd_dm.pdev.devnum import makedev

DISKS = (Disk("/dev/wd1a", 8, 197, 0, "wd1a...."), Disk("/dev/wd2a", 4, 197, 1, "wd2a...."))


def test_disks_are_sparse_files_of_their_size(tmp_path: Path) -> None:
    disks = [Disk("/dev/a", 8, 197, 0), Disk("/dev/b/c", 2**31, 197, 1)]
    offers = offer_disks(disks, tmp_path)
    assert [(offer.name, offer.dev) for offer in offers] == [
        ("/dev/a", makedev(197, 0)),
        ("/dev/b/c", makedev(197, 1)),
    ]
    assert [offer.path.stat().st_size for offer in offers] == [8 * 512, 2**40]
    assert all(offer.path.stat().st_blocks == 0 for offer in offers)


def test_filled_disks_say_where_each_sector_belongs(tmp_path: Path) -> None:
    offers = offer_disks(DISKS, tmp_path, filled=True)
    contents = [offer.path.read_bytes() for offer in offers]
    assert [len(content) for content in contents] == [8 * 512, 4 * 512]
    assert contents[0][3 * 512 : 4 * 512] == b"wd1a....00000003" * 32
    assert contents[1][:512] == b"wd2a....00000000" * 32
    assert contents[0] == pattern("wd1a....", 8)
    assert changes(DISKS, offers) == {}


def digest(sector: bytes | bytearray) -> str:
    return hashlib.sha256(sector).hexdigest()[:16]


def test_the_changed_sectors_are_found_and_how_they_begin(tmp_path: Path) -> None:
    offers = offer_disks(DISKS, tmp_path, filled=True)
    written = bytearray(pattern("wd1a....", 8))
    written[2 * 512] = 0
    written[7 * 512 :] = b"x" * 512
    offers[0].path.write_bytes(written)
    assert changes(DISKS, offers) == {
        "wd1a": {2: digest(written[1024:1536]), 7: digest(b"x" * 512)}
    }


@pytest.mark.parametrize(
    ("recorded", "found", "expected"),
    [
        ({}, {}, []),
        ({"wd1a": DiskChanges(1, {2: "aa"})}, {"wd1a": {2: "aa"}}, []),
        ({"wd1a": DiskChanges(2, {2: "aa"})}, {"wd1a": {2: "aa", 3: "bb"}}, []),
        ({}, {"wd1a": {2: "aa"}}, ["wd1a: 1 sectors changed, recorded 0"]),
        (
            {"wd1a": DiskChanges(1, {2: "aa"})},
            {},
            [
                "wd1a: 0 sectors changed, recorded 1",
                "wd1a: sector 2 is not as it was recorded at the end",
            ],
        ),
        (
            {"wd1a": DiskChanges(1, {2: "aa"})},
            {"wd1a": {2: "bb"}},
            ["wd1a: sector 2 is not as it was recorded at the end"],
        ),
        (
            {"wd1a": DiskChanges(1, {2: "aa"}), "wd2a": DiskChanges(1, {0: "cc"})},
            {"wd1a": {3: "aa"}, "wd2a": {0: "cc"}},
            ["wd1a: sector 2 is not as it was recorded at the end"],
        ),
    ],
)
def test_in_what_the_disks_differ_at_the_end(
    recorded: dict[str, DiskChanges], found: dict[str, dict[int, str]], expected: list[str]
) -> None:
    assert list(disk_differences(Capture("c", "", DISKS, (), recorded), found)) == expected
