"""The disks of a recording, made again, and what became of them."""

import functools
import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from ..pdev.catalog import Offer
from ..pdev.devnum import makedev
from ..pdev.handle import SECTOR_BYTES
from .format import Disk

_LINES_PER_SECTOR = SECTOR_BYTES // 16
_DIGEST_DIGITS = 16
_BLOCK_BYTES = 128 * SECTOR_BYTES
_UNTOUCHED_NS = 0
"""When a filled disk was last written to, unless somebody does: in 1970."""


def offer_disks(disks: Iterable[Disk], directory: Path, *, filled: bool = False) -> list[Offer]:
    """Make the image files of `disks` in `directory`, and offer them under their names.

    The files are as large as the disks were.  Unless `filled` they are sparse and
    hold nothing: control exchanges do not show what is on a disk.
    """
    offers = []
    for number, disk in enumerate(disks):
        path = directory / f"disk{number}.img"
        if filled:
            _fill(disk, path)
        else:
            with path.open("wb") as file:
                file.truncate(disk.sectors * SECTOR_BYTES)
        offers.append(Offer(disk.name, path, makedev(disk.major, disk.minor)))
    return offers


def refill(disks: Iterable[Disk], offers: Iterable[Offer]) -> None:
    """Make disks that were filled what they were at the start."""
    for disk, offer in zip(disks, offers, strict=True):
        if _is_touched(offer):
            _fill(disk, offer.path)


def _fill(disk: Disk, path: Path) -> None:
    path.write_bytes(pattern(disk.tag, disk.sectors))
    os.utime(path, ns=(_UNTOUCHED_NS, _UNTOUCHED_NS))


def _is_touched(offer: Offer) -> bool:
    return offer.path.stat().st_mtime_ns != _UNTOUCHED_NS


@functools.lru_cache(maxsize=8)
def pattern(tag: str, sectors: int) -> bytes:
    """What a recorded disk held at the start: each sector says where it belongs."""
    return b"".join(f"{tag}{number:08}".encode() * _LINES_PER_SECTOR for number in range(sectors))


def changes(disks: Iterable[Disk], offers: Iterable[Offer]) -> Mapping[str, dict[int, str]]:
    """By the name of each disk that has changed: its sectors that have, and how they begin.

    For each the first 16 hex digits of its SHA-256.
    """
    found = {}
    for disk, offer in zip(disks, offers, strict=True):
        if not _is_touched(offer):
            continue
        changed = dict(_changed(pattern(disk.tag, disk.sectors), offer.path.read_bytes()))
        if changed:
            found[disk.name.rpartition("/")[2]] = changed
    return found


def _changed(before: bytes, after: bytes) -> Iterator[tuple[int, str]]:
    for block in range(0, len(before), _BLOCK_BYTES):  # most of them have not
        end = block + _BLOCK_BYTES
        if before[block:end] == after[block:end]:
            continue
        for start in range(block, min(end, len(before)), SECTOR_BYTES):
            sector = after[start : start + SECTOR_BYTES]
            if sector != before[start : start + SECTOR_BYTES]:
                yield start // SECTOR_BYTES, hashlib.sha256(sector).hexdigest()[:_DIGEST_DIGITS]
