"""A mapper whose disks hold what says where it belongs, and open devices."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from netbsd_dm.blockio.volume import Volume
from netbsd_dm.driver.device import Device
from netbsd_dm.driver.events import Pending
from netbsd_dm.driver.profile import NETBSD_9, STANDARD, Profile
from netbsd_dm.plist import PlistDict
from netbsd_dm.wire.errors import DMError

from ..driver.conftest import DISKS, Rig, line, linear, open_files

__all__ = ["FILLED_SECTORS", "IoRig", "MakeRig", "held", "line", "linear", "refused"]

SECTOR = 512
FILLED_SECTORS = 200
"""So much of each disk is filled; the rest of its 10,000 sectors is a hole."""


def held(disk: str, sector: int, count: int = 1) -> bytes:
    """What sectors of a disk hold at the start."""
    return b"".join(
        f"{disk}:{number:013}".encode() * 32 for number in range(sector, sector + count)
    )


def refused(work: Callable[[], object]) -> DMError:
    """The error that `work` raises."""
    with pytest.raises(DMError) as caught:
        work()
    return caught.value


class IoRig(Rig):
    """A rig whose disks are filled."""

    def __init__(self, profile: Profile, directory: Path) -> None:
        super().__init__(profile, directory)
        self._opened: list[Volume] = []
        for name in DISKS:
            with (directory / name).open("r+b") as file:
                file.write(held(name, 0, FILLED_SECTORS))

    def device(self, name: str) -> Device:
        return self.mapper.find(name)

    def open(self, name: str) -> Volume:
        """The device of that name; closed at the end, if not before."""
        self._opened.append(Volume(self.mapper, self.device(name)))
        return self._opened[-1]

    def close(self) -> None:
        """Close what was opened, and the mapper; no I/O may be left."""
        for volume in self._opened:
            volume.close()
            assert volume.device.open_count == 0, f"{volume.device.title} is open"
            assert volume.device.started_io == 0, f"{volume.device.title} has I/O that never ended"
        self.mapper.close()

    def execute(self, request: PlistDict, *, privileged: bool = True) -> PlistDict:
        """As `Rig.execute`; what blocks for the reply is done here and now."""
        outcome = self.mapper.execute(request, privileged=privileged)
        if isinstance(outcome, Pending):
            assert outcome.work is not None, f"{request} waits"
            return outcome.run_work()
        return outcome

    def disk(self, name: str, sector: int = 0, count: int = FILLED_SECTORS) -> bytes:
        """What sectors of a disk hold now."""
        with (self.directory / name).open("rb") as file:
            file.seek(sector * SECTOR)
            return file.read(count * SECTOR)

    def truncate(self, name: str, sectors: int) -> None:
        """Cut a disk."""
        os.truncate(self.directory / name, sectors * SECTOR)

    def load(self, name: str, *lines: PlistDict) -> None:
        """Swap to a table of `lines`."""
        self.do("reload", name=name, cmd_data=[*lines])
        self.do("resume", name=name)


MakeRig = Callable[[Profile], IoRig]


@pytest.fixture
def make_rig(tmp_path: Path) -> Iterator[MakeRig]:
    """Makes rigs of any profile; all of them are closed, and must give back every file."""
    rigs: list[IoRig] = []

    def make(profile: Profile) -> IoRig:
        rigs.append(IoRig(profile, tmp_path / f"disks{len(rigs)}"))
        return rigs[-1]

    yield make
    for rig in rigs:
        rig.close()
    assert open_files(tmp_path) == [], "files are open after every mapper was closed"


@pytest.fixture
def rig(make_rig: MakeRig) -> IoRig:
    """A mapper of profile standard."""
    return make_rig(STANDARD)


@pytest.fixture
def old(make_rig: MakeRig) -> IoRig:
    """A mapper of profile netbsd-9."""
    return make_rig(NETBSD_9)
