"""The disks of a test: image files whose sectors say where they belong."""

import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ..capture.disks import offer_disks, pattern
from ..capture.format import Disk
from ..pdev.catalog import Offer
from ..pdev.handle import SECTOR_BYTES

DISKS: Final = 2
"""So many disks a server has, unless it is told otherwise."""
SECTORS: Final = 4096
"""So large they are: 2 MiB."""
PATTERN_SECTORS_MAX: Final = 131_072
"""64 MiB; larger disks are sparse files that hold nothing."""

_MAJOR: Final = 197
"""The device number of wdNa is 197:N-1, as in the recordings of the real driver."""
_TAG_LENGTH: Final = 8
_UNTOUCHED_NS: Final = 0
"""When an image was last written to, unless somebody does: in 1970."""
_STRANGE: Final = "?"


class DiskImage:
    """A disk called `name`, as an image file at `path`."""

    def __init__(self, disk: Disk, path: Path) -> None:
        self.name: Final = disk.name
        self.sectors: Final = disk.sectors
        self.tag: Final = disk.tag
        self.path: Final = path

    def original(self, start_sector: int, length_sectors: int = 1) -> bytes:
        """What these sectors hold at the start of a test."""
        return _cut(self._pattern(), start_sector, length_sectors)

    def read(self, start_sector: int, length_sectors: int = 1) -> bytes:
        """What the file holds there now; `DmServer.open` reads through the mapper."""
        with self.path.open("rb") as file:
            file.seek(start_sector * SECTOR_BYTES)
            return file.read(length_sectors * SECTOR_BYTES)

    def changed_sectors(self) -> list[int]:
        """The sectors that are no longer as they were at the start of the test."""
        before = self._pattern()
        now = self.path.read_bytes()
        if before == now:
            return []
        every = range(self.sectors)
        return [each for each in every if _cut(before, each, 1) != _cut(now, each, 1)]

    def restore(self) -> None:
        """Make the file what it is at the start of a test, if it has changed."""
        if self.path.stat().st_mtime_ns == _UNTOUCHED_NS:
            return
        with self.path.open("r+b") as file:
            if self.tag:
                file.write(self._pattern())  # in place: to cut it first costs a millisecond
            else:
                file.truncate(0)
            file.truncate(self.sectors * SECTOR_BYTES)
        os.utime(self.path, ns=(_UNTOUCHED_NS, _UNTOUCHED_NS))

    def _pattern(self) -> bytes:
        if not self.tag:
            raise ValueError(
                f"{self.name} holds no pattern, for it has more than {PATTERN_SECTORS_MAX} sectors:"
                " make it smaller"
            )
        return pattern(self.tag, self.sectors)


class DiskImages:
    """Disks called /dev/wd1a, /dev/wd2a and so on; take one by its name, or number from 0.

    Sector 7 of /dev/wd1a holds `wd1a....00000007`, 32 times over.  Raises `ValueError`
    for a size that is none.
    """

    def __init__(self, directory: Path, count: int, sectors: int) -> None:
        if count < 0 or sectors < 1:
            raise ValueError(f"{count} disks of {sectors} sectors: a disk has at least one sector")
        disks = [_disk(number, sectors) for number in range(count)]
        self.sectors: Final = sectors
        self.offers: Final[list[Offer]] = offer_disks(disks, directory)
        pairs = zip(disks, self.offers, strict=True)
        self._images = [DiskImage(disk, offer.path) for disk, offer in pairs]

    def __len__(self) -> int:
        return len(self._images)

    def __iter__(self) -> Iterator[DiskImage]:
        return iter(self._images)

    def __getitem__(self, key: int | str) -> DiskImage:
        if isinstance(key, int):
            return self._images[key]
        for image in self:
            if image.name == key:
                return image
        names = ", ".join(image.name for image in self)
        raise KeyError(f"no disk {key!r}; there are: {names or 'none'}")

    def origins(self, data: bytes) -> list[str]:
        """Where each sector of `data` belongs, `/dev/wd1a 384`; `?` for what is none of ours."""
        return [
            self._origin(data[offset_bytes : offset_bytes + SECTOR_BYTES])
            for offset_bytes in range(0, len(data), SECTOR_BYTES)
        ]

    def _origin(self, data: bytes) -> str:
        tag = data[:_TAG_LENGTH].decode("latin-1")
        number = data[_TAG_LENGTH : 2 * _TAG_LENGTH]
        if number.isdigit():
            for image in self:
                if image.tag == tag and image.original(int(number)) == data:
                    return f"{image.name} {int(number)}"
        return _STRANGE


class DiskPool:
    """Disks that servers have one after the other: to make them costs more than to look."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._made = 0
        self._free: defaultdict[tuple[int, int], list[DiskImages]] = defaultdict(list)

    def borrow(self, count: int, sectors: int) -> DiskImages:
        """So many disks of that size, as they are at the start; `give_back` ends it."""
        free = self._free[count, sectors]
        images = free.pop() if free else self._new(count, sectors)
        for image in images:
            image.restore()
        return images

    def give_back(self, images: DiskImages) -> None:
        """Whoever borrowed them is done."""
        self._free[len(images), images.sectors].append(images)

    def _new(self, count: int, sectors: int) -> DiskImages:
        self._made += 1
        directory = self._directory / f"disks{self._made}"
        directory.mkdir()
        return DiskImages(directory, count, sectors)


def _disk(number: int, sectors: int) -> Disk:
    name = f"wd{number + 1}a"
    tag = name.ljust(_TAG_LENGTH, ".") if sectors <= PATTERN_SECTORS_MAX else ""
    return Disk(f"/dev/{name}", sectors, _MAJOR, number, tag)


def _cut(data: bytes, start_sector: int, length_sectors: int) -> bytes:
    return data[start_sector * SECTOR_BYTES : (start_sector + length_sectors) * SECTOR_BYTES]
