"""The disks of a recording, made again as sparse files."""

from collections.abc import Iterable
from pathlib import Path

from ..pdev.catalog import Offer
from ..pdev.devnum import makedev
from ..pdev.handle import SECTOR_BYTES
from .format import Disk


def offer_disks(disks: Iterable[Disk], directory: Path) -> list[Offer]:
    """Make the image files of `disks` in `directory`, and offer them under their names.

    The files are as large as the disks were and hold nothing: control exchanges
    do not show what is on a disk.
    """
    offers = []
    for number, disk in enumerate(disks):
        path = directory / f"disk{number}.img"
        with path.open("wb") as file:
            file.truncate(disk.sectors * SECTOR_BYTES)
        offers.append(Offer(disk.name, path, makedev(disk.major, disk.minor)))
    return offers
