"""What a target has that says only what it must."""

from hypothesis import given
from hypothesis import strategies as st

from netbsd_dm.targets.arguments import Arguments
from netbsd_dm.targets.interface import Devices, Place, Run, Target

from .conftest import Bench, check_run


class Mirrored(Target):
    """A target of somebody else: the sectors below 1000, backwards.  It has no `run`."""

    name = "mirrored"
    version = (1, 0, 0)

    def __init__(self, arguments: Arguments, devices: Devices) -> None:
        self.pdev = devices.open(arguments.word(0, "device"))

    def map(self, sector: int) -> Place:
        return Place(self.pdev, 999 - sector)


@given(st.integers(0, 999))
def test_without_runs_of_its_own_every_sector_is_one(sector: int) -> None:
    target = Bench().make(Mirrored, "/dev/d0")
    assert isinstance(target, Mirrored)
    run = check_run(target, sector)
    assert run == Run(sector, sector + 1, target.pdev, 999 - 2 * sector)


def test_what_it_need_not_say_has_an_answer(bench: Bench) -> None:
    target = bench.make(Mirrored, "/dev/d0")
    assert (target.table(), target.deps(), list(target.extents(8))) == (None, (), [])
