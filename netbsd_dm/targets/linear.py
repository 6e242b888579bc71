"""linear: the entry's sectors in order on one device, from an offset."""

from collections.abc import Iterator

from ..pdev.registry import Pdev
from .arguments import Arguments
from .interface import ENDLESS, Devices, Extent, Place, Run, Target


class Linear(Target):
    """`DEVICE OFFSET`, the offset in sectors (dm_target_linear.c, driver spec 5.3)."""

    name = "linear"
    version = (1, 0, 2)
    form = "DEVICE OFFSET"

    __slots__ = ("offset_sectors", "pdev")

    def __init__(self, arguments: Arguments, devices: Devices) -> None:
        arguments.expect(2, self.form)
        self.pdev = devices.open(arguments.word(0, "device"))
        self.offset_sectors = arguments.number(1, "offset")

    def map(self, sector: int) -> Place:
        return Place(self.pdev, self.offset_sectors + sector)

    def run(self, sector: int) -> Run:
        return Run(0, ENDLESS, self.pdev, self.offset_sectors)

    def table(self) -> str:
        return f"{self.pdev.name} {self.offset_sectors}"

    def deps(self) -> tuple[Pdev, ...]:
        return (self.pdev,)

    def extents(self, length_sectors: int) -> Iterator[Extent]:
        yield Extent(self.pdev, self.offset_sectors + length_sectors)
