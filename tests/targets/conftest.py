"""Targets made from a params string, on disks that nobody opens."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import pytest

from netbsd_dm.pdev.handle import Handle, Source
from netbsd_dm.pdev.registry import Pdev, PdevRegistry
from netbsd_dm.targets.arguments import Arguments
from netbsd_dm.targets.interface import ENDLESS, Devices, Place, Run, Target
from netbsd_dm.wire.errors import DMError, Errno

DISK_SECTORS = 1000


@dataclass
class Disk:
    """A disk, its handle and its source in one; knows whether it is open."""

    name: str
    dev: int
    is_open: bool = False
    size_sectors: int = DISK_SECTORS

    @property
    def identity(self) -> object:
        return self.name

    def open(self) -> Handle:
        assert not self.is_open, f"{self.name} is opened twice"
        self.is_open = True
        return self

    def close(self) -> None:
        assert self.is_open, f"{self.name} is closed twice"
        self.is_open = False


class Bench:
    """Makes targets; every name that starts with /dev/ is a disk."""

    def __init__(self) -> None:
        self.disks: dict[str, Disk] = {}
        self._devs = count(0xE00, 16)
        self.registry = PdevRegistry(self._resolve, self._resolve)

    def _resolve(self, name: str) -> Source:
        if not name.startswith("/dev/"):
            raise DMError(Errno.ENOENT, f"{name}: no such disk")
        if name not in self.disks:
            self.disks[name] = Disk(name, next(self._devs))
        return self.disks[name]

    def make(self, kind: type[Target], params: str, *, strict: bool = True) -> Target:
        """The target that a line with these params makes; if it fails, its devices go."""
        devices = Devices(self.registry)
        try:
            return kind(Arguments(params, strict), devices)
        except BaseException:
            devices.release()
            self.registry.reap()
            raise

    def opened(self) -> list[str]:
        """The names of the disks that are open."""
        return sorted(name for name, disk in self.disks.items() if disk.is_open)


@pytest.fixture
def bench() -> Iterator[Bench]:
    """A bench whose disks are all closed at the end."""
    bench = Bench()
    yield bench
    bench.registry.close()
    assert bench.opened() == []


def name_of(device: object) -> str:
    """The name of the device of a place."""
    assert isinstance(device, Pdev), device
    return device.name


def check_run(target: Target, sector: int) -> Run:
    """The run around a sector: it has the sector, and puts it and its ends where `map` does."""
    run = target.run(sector)
    assert 0 <= run.first_sector <= sector < run.end_sector, run
    for each in {run.first_sector, sector, min(run.end_sector, ENDLESS) - 1}:
        place = target.map(each)
        assert place == Place(run.device, each + run.shift_sectors), f"sector {each} of {run}"
    return run
