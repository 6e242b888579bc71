"""delay: the sectors of a device, some time after they are asked for."""

from collections.abc import Iterator

from ..pdev.registry import Pdev
from ..wire.errors import DMError, Errno
from .arguments import Arguments
from .interface import ENDLESS, Devices, Extent, Place, Run
from .timed import TimedTarget, Treatment

_WORDS = (3, 6)


class Delay(TimedTarget):
    """`DEVICE OFFSET MS [DEVICE OFFSET MS]`: the second triple is for writes.

    Source: dm_target_delay.c of 2020, driver spec section 5.8; its table string shows
    the delay in ticks, ours in the milliseconds that were loaded.  A request counts as
    begun while it is delayed.  Writes may have a delay of their own, but not, as there,
    another device.
    """

    name = "delay"
    version = (1, 0, 0)
    form = "DEVICE OFFSET MS [DEVICE OFFSET MS]"

    __slots__ = ("_has_own_writes", "offset_sectors", "pdev", "read_ms", "write_ms")

    def __init__(self, arguments: Arguments, devices: Devices) -> None:
        if len(arguments.words) not in _WORDS:
            raise DMError(Errno.EINVAL, f"expected 3 or 6 arguments, {self.form}")
        self.pdev = devices.open(arguments.word(0, "device"))
        self.offset_sectors = arguments.number(1, "offset")
        self.read_ms = self.write_ms = arguments.number(2, "delay")
        self._has_own_writes = len(arguments.words) == 6
        if self._has_own_writes:
            self.write_ms = arguments.number(5, "delay of writes")
            if arguments.words[3:5] != arguments.words[0:2]:
                raise DMError(
                    Errno.ENOTSUP,
                    "writes cannot go to another place than reads: name the same device and"
                    " offset twice",
                )

    def treat(self, op: str) -> Treatment:
        return Treatment((self.read_ms if op == "read" else self.write_ms) / 1000)

    def map(self, sector: int) -> Place:
        return Place(self.pdev, self.offset_sectors + sector)

    def run(self, sector: int) -> Run:
        return Run(0, ENDLESS, self.pdev, self.offset_sectors)

    def table(self) -> str:
        place = f"{self.pdev.name} {self.offset_sectors}"
        reads = f"{place} {self.read_ms}"
        return f"{reads} {place} {self.write_ms}" if self._has_own_writes else reads

    def deps(self) -> tuple[Pdev, ...]:
        return (self.pdev,)

    def extents(self, length_sectors: int) -> Iterator[Extent]:
        yield Extent(self.pdev, self.offset_sectors + length_sectors)
