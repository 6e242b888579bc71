"""flakey: driver spec section 5.9."""

import pytest

from netbsd_dm.clock.timers import ManualClock
from netbsd_dm.targets.arguments import Arguments
from netbsd_dm.targets.flakey import Flakey
from netbsd_dm.targets.interface import Devices, Extent, Filler
from netbsd_dm.targets.timed import UNTREATED, Corruption, Treatment
from netbsd_dm.wire.errors import DMError, Errno

from .conftest import Bench, check_run


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def flakey(bench: Bench, clock: ManualClock, params: str) -> Flakey:
    return Flakey(Arguments(params), Devices(bench.registry, clock=clock))


def test_it_works_for_the_up_interval_and_fails_for_the_down_interval(
    bench: Bench, clock: ManualClock
) -> None:
    clock.advance(1000)  # the first interval begins with the load
    target = flakey(bench, clock, "/dev/wd1a 0 5 2")
    fails = []
    for _ in range(14):
        fails.append(target.treat("read").filler is Filler.ERROR)
        clock.advance(1)
    assert fails == [False] * 5 + [True] * 2 + [False] * 5 + [True] * 2
    assert target.treat("write") == UNTREATED


@pytest.mark.parametrize(("up", "down", "expected"), [(0, 3, Filler.ERROR), (3, 0, None)])
def test_an_interval_may_be_empty(
    bench: Bench, clock: ManualClock, up: int, down: int, expected: Filler | None
) -> None:
    target = flakey(bench, clock, f"/dev/wd1a 0 {up} {down}")
    for _ in range(7):
        assert target.treat("read").filler is expected
        clock.advance(0.9)


@pytest.mark.parametrize(
    ("features", "op", "expected"),
    [
        ("1 drop_writes", "write", Treatment(filler=Filler.ZERO)),
        ("1 drop_writes", "discard", Treatment(filler=Filler.ZERO)),
        ("1 drop_writes", "read", UNTREATED),
        ("5 corrupt_bio_byte 1 r 255 0", "read", Treatment(corruption=Corruption(0, 255))),
        ("5 corrupt_bio_byte 1 r 255 0", "write", UNTREATED),
        ("5 corrupt_bio_byte 32 w 0 0", "write", Treatment(corruption=Corruption(31, 0))),
        ("6 drop_writes corrupt_bio_byte 9 r 1 0", "read", Treatment(corruption=Corruption(8, 1))),
        ("6 corrupt_bio_byte 9 r 1 0 drop_writes", "write", Treatment(filler=Filler.ZERO)),
        ("0", "read", Treatment(filler=Filler.ERROR)),
    ],
)
def test_features_say_what_a_down_interval_does(
    bench: Bench, clock: ManualClock, features: str, op: str, expected: Treatment
) -> None:
    target = flakey(bench, clock, f"/dev/wd1a 8 1 1 {features}")
    assert target.treat(op) == UNTREATED
    clock.advance(1)
    assert target.treat(op) == expected
    assert target.table() == f"/dev/wd1a 8 1 1 {features}"


def test_its_sectors_are_those_of_the_device_from_the_offset(
    bench: Bench, clock: ManualClock
) -> None:
    target = flakey(bench, clock, "/dev/wd1a 384 1 1")
    assert check_run(target, 17).shift_sectors == 384
    (pdev,) = target.deps()
    assert list(target.extents(16)) == [Extent(pdev, 400)]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ("/dev/wd1a 0 1", "at least 4 arguments, DEVICE OFFSET UP DOWN"),
        ("/dev/wd1a 0 0 0", "both intervals are 0"),
        ("/dev/wd1a 0 1 1 2 drop_writes", "2 feature words are announced"),
        ("/dev/wd1a 0 1 1 1 nosuch", "no feature 'nosuch'; there are drop_writes"),
        ("/dev/wd1a 0 1 1 5 corrupt_bio_byte 0 r 1 0", "number of the byte 0 is not between 1"),
        ("/dev/wd1a 0 1 1 5 corrupt_bio_byte 1 x 1 0", "r for reads or w for writes"),
        ("/dev/wd1a 0 1 1 5 corrupt_bio_byte 1 r 256 0", "value of the byte 256 is not between"),
        ("/dev/wd1a 0 1 1 5 corrupt_bio_byte 1 r 1 2", "flags other than 0"),
        ("/dev/wd1a 0 1 1 4 corrupt_bio_byte 1 r 1", "flags"),
        ("/dev/wd1a 0 1 1 6 drop_writes corrupt_bio_byte 1 w 1 0", "leave one out"),
    ],
)
def test_a_wrong_line_says_what_is_wrong(bench: Bench, params: str, message: str) -> None:
    with pytest.raises(DMError, match=message) as caught:
        bench.make(Flakey, params)
    assert caught.value.errno == Errno.EINVAL
    assert bench.opened() == []
