"""zero: reads give zero bytes, writes vanish."""

from .arguments import Arguments
from .interface import ENDLESS, Devices, Filler, Place, Run, Target


class Zero(Target):
    """Takes any arguments and uses none (dm_target_zero.c, driver spec section 5.5)."""

    name = "zero"
    version = (1, 0, 0)

    __slots__ = ()

    def __init__(self, arguments: Arguments, devices: Devices) -> None:
        pass

    def map(self, sector: int) -> Place:
        return Place(Filler.ZERO, sector)

    def run(self, sector: int) -> Run:
        return Run(0, ENDLESS, Filler.ZERO, 0)
