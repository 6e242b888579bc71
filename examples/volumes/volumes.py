#!/usr/bin/env python3
"""A small volume manager on NetBSD's device-mapper.

    volumes.py --disk /dev/wd1a=4096 --disk /dev/wd2a=4096 create data 2048
    volumes.py --disk ... extend data 1024
    volumes.py --disk ... stripe fast 2048
    volumes.py --disk ... list

It keeps no records of its own: what is in use on the disks is what the tables say.
Sizes are in sectors of 512 bytes.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import netbsd_dm
from netbsd_dm import Client, DMError, Errno, NoServerError, TableLine

CHUNK_SECTORS = 16
"""So much of a striped volume lies on one disk before it goes on on the next."""


class VolumeError(Exception):
    """It cannot be done; the message says why."""


class Extent(NamedTuple):
    """Sectors of a disk that lie in one piece."""

    disk: str
    start: int
    length: int


class Volume(NamedTuple):
    """A mapped device, with its live table."""

    name: str
    lines: list[TableLine]

    @property
    def sectors(self) -> int:
        """Its size."""
        return sum(line.length for line in self.lines)


class VolumeManager:
    """Makes volumes of `disks`, given by their names and sizes."""

    def __init__(self, dm: Client, disks: Mapping[str, int]) -> None:
        self._dm = dm
        self._disks = disks

    def volumes(self) -> Iterator[Volume]:
        """All there are, oldest first."""
        for name, _ in self._dm.names():
            yield Volume(name, self._dm.table(name))

    def create(self, name: str, sectors: int) -> None:
        """A volume in the first places that are free."""
        self._refuse_existing(name)
        self._build(name, _linear(self._take(sectors)))

    def stripe(self, name: str, sectors: int) -> None:
        """A volume that lies on all disks in turn."""
        self._refuse_existing(name)
        count = len(self._disks)
        if not count or sectors % (count * CHUNK_SECTORS):
            raise VolumeError(f"give disks, and a multiple of {count * CHUNK_SECTORS} sectors")
        places = [self._place(disk, sectors // count) for disk in self._disks]
        params = " ".join(f"{place.disk} {place.start}" for place in places)
        self._build(name, [TableLine(0, sectors, "striped", f"{count} {CHUNK_SECTORS} {params}")])

    def extend(self, name: str, sectors: int) -> None:
        """Add sectors at the end of a volume, which may be in use meanwhile."""
        old = self._dm.table(name)
        end = sum(line.length for line in old)
        # First, for if it fails there must be no resume: NetBSD's driver swaps the
        # tables at any resume, and without one to swap to it would lose the live one.
        self._dm.reload(name, old + _linear(self._take(sectors), first_sector=end))
        try:
            self._dm.suspend(name)
        except DMError:
            self._dm.clear(name)  # else somebody's next resume would bring it into force
            raise
        self._dm.resume(name)

    def rename(self, name: str, new_name: str) -> None:
        """Another name; NetBSD's driver would lose the volume if it were taken."""
        self._refuse_existing(new_name)
        self._dm.rename(name, new_name)

    def remove(self, name: str) -> None:
        """Give its sectors back."""
        try:
            self._dm.remove(name)
        except DMError as error:
            if error.errno == Errno.EBUSY:
                raise VolumeError(f"{name} is in use: close it first") from error
            raise

    def _build(self, name: str, lines: Sequence[TableLine]) -> None:
        self._dm.create(name)
        try:
            self._dm.reload(name, lines)
        except DMError:
            self._dm.remove(name)
            raise
        self._dm.resume(name)

    def _refuse_existing(self, name: str) -> None:
        if any(other == name for other, _ in self._dm.names()):
            raise VolumeError(f"there is a volume {name} already")

    def _take(self, sectors: int) -> list[Extent]:
        """Free places for so many sectors, in as many pieces as it needs."""
        taken = []
        missing = sectors
        for free in self._free():
            if missing:
                taken.append(free._replace(length=min(free.length, missing)))
                missing -= taken[-1].length
        if missing:
            raise VolumeError(f"{sectors} sectors wanted, {sectors - missing} are free")
        return taken

    def _place(self, disk: str, sectors: int) -> Extent:
        """A free place for so many sectors in one piece."""
        for free in self._free():
            if free.disk == disk and free.length >= sectors:
                return free._replace(length=sectors)
        raise VolumeError(f"{disk} has no {sectors} free sectors in one piece")

    def _free(self) -> Iterator[Extent]:
        """What no table uses, disk by disk."""
        used = sorted(extent for volume in self.volumes() for extent in _extents(volume.lines))
        for disk, sectors in self._disks.items():
            start = 0
            for extent in [*(each for each in used if each.disk == disk), Extent(disk, sectors, 0)]:
                if extent.start > start:
                    yield Extent(disk, start, extent.start - start)
                start = extent.start + extent.length


def _linear(places: Sequence[Extent], first_sector: int = 0) -> list[TableLine]:
    """The lines of a table that has these places one behind the other."""
    lines = []
    for disk, start, length in places:
        lines.append(TableLine(first_sector, length, "linear", f"{disk} {start}"))
        first_sector += length
    return lines


def _extents(lines: Sequence[TableLine]) -> Iterator[Extent]:
    """What a table uses of the disks."""
    for line in lines:
        words = (line.params or "").split()
        if line.type == "linear":
            yield Extent(words[0], int(words[1]), line.length)
        elif line.type == "striped":
            count = int(words[0])
            for disk, start in zip(words[2::2], words[3::2], strict=True):
                yield Extent(disk, int(start), line.length // count)


def _disk(text: str) -> tuple[str, int]:
    name, _, sectors = text.partition("=")
    return name, int(sectors)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="A small volume manager.")
    parser.add_argument("--disk", type=_disk, action="append", default=[], metavar="NAME=SECTORS")
    commands = parser.add_subparsers(required=True)

    def add(command: str, method: Callable[..., object], **arguments: type) -> None:
        parsed = commands.add_parser(command, help=method.__doc__)
        parsed.set_defaults(method=method, words=tuple(arguments))
        for name, kind in arguments.items():
            parsed.add_argument(name, type=kind)

    add("list", VolumeManager.volumes)
    add("create", VolumeManager.create, name=str, sectors=int)
    add("stripe", VolumeManager.stripe, name=str, sectors=int)
    add("extend", VolumeManager.extend, name=str, sectors=int)
    add("rename", VolumeManager.rename, name=str, new_name=str)
    add("remove", VolumeManager.remove, name=str)
    return parser.parse_args()


def main() -> int:
    """Do what the command line says, on the server of $NETBSD_DM_SOCKET."""
    given = _arguments()
    try:
        with netbsd_dm.connect() as dm:
            manager = VolumeManager(dm, dict(given.disk))
            done = given.method(manager, *(getattr(given, word) for word in given.words))
            for volume in done or ():
                print(volume.name, volume.sectors, *volume.lines, sep="\n    ")
    except (VolumeError, DMError, NoServerError) as error:
        print(f"volumes: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
