"""error: every access fails."""

from .arguments import Arguments
from .interface import ENDLESS, Devices, Filler, Place, Run, Target


class Error(Target):
    """Takes any arguments and uses none (dm_target_error.c, driver spec section 5.5)."""

    name = "error"
    version = (1, 0, 0)

    __slots__ = ()

    def __init__(self, arguments: Arguments, devices: Devices) -> None:
        pass

    def map(self, sector: int) -> Place:
        return Place(Filler.ERROR, sector)

    def run(self, sector: int) -> Run:
        return Run(0, ENDLESS, Filler.ERROR, 0)
