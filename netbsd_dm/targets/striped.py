"""striped: the entry's sectors in chunks, dealt out to several devices in turn."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from ..pdev.registry import Pdev
from ..wire.errors import DMError, Errno
from .arguments import Arguments
from .interface import Devices, Extent, Place, Run, Target

_STRIPES_MAX: Final = 255
_DRIVER_WORDS: Final = 10
"""So many words the driver of NetBSD 9 keeps: four stripes."""


class Stripe(NamedTuple):
    """A device and the sector of it where the stripe begins."""

    pdev: Pdev
    offset_sectors: int


class Striped(Target):
    """`STRIPES CHUNK DEVICE OFFSET [DEVICE OFFSET]...`, in sectors.

    Source: dm_target_stripe.c, driver spec section 5.4.  The driver keeps the
    number of stripes in 8 bits, and takes 0 stripes and chunks of 0 sectors.
    """

    name = "striped"
    version = (1, 0, 3)
    form = "STRIPES CHUNK DEVICE OFFSET [DEVICE OFFSET]..."

    __slots__ = ("chunk_sectors", "stripes")

    def __init__(self, arguments: Arguments, devices: Devices) -> None:
        self.chunk_sectors = arguments.number(1, "chunk size", least=1)
        count = arguments.number(0, "number of stripes", least=1, most=_STRIPES_MAX)
        count %= _STRIPES_MAX + 1
        arguments.expect(2 + 2 * count, self.form)
        self.stripes = [_open_stripe(arguments, devices, 2 + 2 * i) for i in range(count)]

    def map(self, sector: int) -> Place:
        run = self.run(sector)
        return Place(run.device, sector + run.shift_sectors)

    def run(self, sector: int) -> Run:
        if not self.stripes or not self.chunk_sectors:
            raise DMError(Errno.EIO, f"striped {self.table()}: the driver divides by zero here")
        chunk = sector // self.chunk_sectors
        row, column = divmod(chunk, len(self.stripes))
        pdev, offset_sectors = self.stripes[column]
        first = chunk * self.chunk_sectors
        shift = offset_sectors + row * self.chunk_sectors - first
        return Run(first, first + self.chunk_sectors, pdev, shift)

    def table(self) -> str:
        parts = [f"{len(self.stripes)} {self.chunk_sectors}"]
        parts += (f"{stripe.pdev.name} {stripe.offset_sectors}" for stripe in self.stripes)
        return " ".join(parts)

    def deps(self) -> tuple[Pdev, ...]:
        return tuple(stripe.pdev for stripe in self.stripes)

    def extents(self, length_sectors: int) -> Iterator[Extent]:
        chunk = self.chunk_sectors
        rows, rest = divmod(length_sectors, chunk * len(self.stripes))
        for column, stripe in enumerate(self.stripes):
            in_last_row = min(max(rest - column * chunk, 0), chunk)
            yield Extent(stripe.pdev, stripe.offset_sectors + rows * chunk + in_last_row)


def _open_stripe(arguments: Arguments, devices: Devices, index: int) -> Stripe:
    if not arguments.strict and index >= _DRIVER_WORDS:
        raise DMError(Errno.ENOENT, "the driver has no room for more than 4 stripes")
    pdev = devices.open(arguments.word(index, "device of a stripe"))
    return Stripe(pdev, arguments.number(index + 1, "offset of a stripe"))
