"""I/O that fails or takes longer on demand, in this process."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from netbsd_dm.blockio import volume as volume_module
from netbsd_dm.blockio.volume import Volume
from netbsd_dm.clock.timers import ManualClock
from netbsd_dm.driver.profile import NETBSD_9, PROFILES, Profile
from netbsd_dm.faults.plan import Hit
from netbsd_dm.targets.interface import Run
from netbsd_dm.targets.zero import Zero
from netbsd_dm.wire.errors import DMError, Errno

from .conftest import SECTOR, IoRig, MakeRig, held, line, linear, refused


@pytest.fixture
def volume(rig: IoRig) -> Volume:
    """vol1 on d0 from sector 50 on, open."""
    rig.make("vol1", linear(0, 1000, "/dev/d0", 50))
    return rig.open("vol1")


def problem(volume: Volume, first_sector: int, count: int) -> str | None:
    """The name of the error of a read, if it fails."""
    try:
        data = volume.read(first_sector * SECTOR, count * SECTOR)
    except DMError as error:
        return error.name
    assert len(data) == count * SECTOR
    return None


@pytest.mark.parametrize("profile", PROFILES.values(), ids=list(PROFILES))
def test_io_to_sectors_100_to_200_of_vol1_is_eio(make_rig: MakeRig, profile: Profile) -> None:
    rig = make_rig(profile)
    rig.make("vol1", linear(0, 1000))
    rig.make("vol2", linear(0, 1000))
    rig.mapper.faults.add("io name=vol1 sectors=100-200 errno=EIO")
    one, other = rig.open("vol1"), rig.open("vol2")
    assert [problem(one, sector, 1) for sector in (99, 100, 200, 201)] == [None, "EIO", "EIO", None]
    assert problem(one, 0, 1000) == "EIO", "a large read that touches them"
    assert problem(one, 201, 700) is None
    assert problem(other, 0, 1000) is None
    before = rig.disk("d0")
    assert refused(lambda: one.write(150 * SECTOR, b"x" * SECTOR)).errno == Errno.EIO
    assert rig.disk("d0") == before, "a write that fails writes nothing"
    one.write(0, b"x" * SECTOR)
    assert rig.disk("d0", 0, 1) == b"x" * SECTOR
    one.flush()


def test_the_sectors_are_met_through_a_device_that_stands_on_it(rig: IoRig) -> None:
    rig.make("vol1", linear(0, 1000))
    rig.make("top", line(0, 64, "striped", "2 8 /dev/mapper/vol1 92 /dev/d1 0"))
    rig.mapper.faults.add("io name=vol1 sectors=100-200 errno=EIO")
    top = rig.open("top")
    # Sectors 0-7 of it are 92-99 of vol1, 8-15 are on d1, 16-23 are 100-107 of vol1.
    assert [problem(top, sector, 8) for sector in (0, 8, 16, 24)] == [None, None, "EIO", None]
    error = refused(lambda: top.read(0, 64 * SECTOR))
    assert error.message == (
        "read of vol1, sectors 100-107 fails: fault io name=vol1 sectors=100-200 errno=EIO"
    )


@pytest.mark.parametrize(
    ("rule", "fails"),
    [
        ("io device=/dev/d0 errno=EIO", True),
        ("io device=/dev/d0 sectors=60 errno=EIO", True),
        ("io device=/dev/d0 sectors=10 errno=EIO", False),
        ("io device=/dev/d1 errno=EIO", False),
        ("io device=/dev/mapper/vol1 errno=EIO", False),
        ("write name=vol1 errno=EIO", False),
        ("read minor=1 errno=EIO", True),
        ("read uuid=nosuch errno=EIO", False),
        ("any errno=EIO", False),
    ],
)
def test_a_rule_may_be_about_the_physical_device(volume: Volume, rule: str, fails: bool) -> None:
    volume.mapper.faults.add(rule)
    assert (problem(volume, 10, 1) == "EIO") is fails


def test_a_mapped_device_may_be_named_as_the_table_above_names_it(rig: IoRig) -> None:
    rig.make("vol1", linear(0, 1000))
    rig.make("top", linear(0, 8, "/dev/mapper/vol1", 100))
    rig.mapper.faults.add("io device=/dev/mapper/vol1 sectors=100 errno=EIO")
    assert problem(rig.open("top"), 0, 1) == "EIO"
    assert problem(rig.open("vol1"), 100, 1) is None, "nothing names it in between"


OPS: dict[str, Callable[[Volume], object]] = {
    "read": lambda volume: volume.read(0, SECTOR),
    "write": lambda volume: volume.write(0, b"x"),
    "flush": lambda volume: volume.flush(),
    "discard": lambda volume: volume.discard(0, SECTOR),
    "write zeroes": lambda volume: volume.write_zeroes(0, SECTOR),
    "ranges": lambda volume: list(volume.ranges(0, SECTOR)),
}


@pytest.mark.parametrize(
    ("subject", "failing"),
    [
        ("read", ["read"]),
        ("write", ["write", "write zeroes"]),
        ("flush", ["flush"]),
        ("discard", ["discard"]),
        ("write,flush", ["write", "flush", "write zeroes"]),
        ("io", ["read", "write", "flush", "discard", "write zeroes"]),
    ],
)
def test_every_kind_of_access_has_its_subject(
    volume: Volume, subject: str, failing: list[str]
) -> None:
    volume.mapper.faults.add(f"{subject} errno=ENOSPC")
    for name, work in OPS.items():
        if name in failing:
            assert refused(partial(work, volume)).errno == Errno.ENOSPC
        else:
            work(volume)


def test_an_access_that_fails_is_counted_as_one_that_failed(volume: Volume) -> None:
    volume.mapper.faults.add("read nth=2 errno=EIO")
    counted = volume.device.statistics
    assert [problem(volume, 0, 4) for _ in range(3)] == [None, "EIO", None]
    assert (counted.reads, counted.errors, counted.read_bytes) == (3, 1, 8 * SECTOR)
    assert volume.device.started_io == 0


def test_every_hit_is_told(volume: Volume) -> None:
    told: list[Hit] = []
    volume.mapper.faults.on_hit = told.append
    volume.mapper.faults.add("io every=2 errno=EIO")
    for sector in (1, 2, 3, 4):
        problem(volume, sector, 1)
    assert told == [
        Hit("io every=2 errno=EIO", 1, "read of vol1, sectors 2-2"),
        Hit("io every=2 errno=EIO", 2, "read of vol1, sectors 4-4"),
    ]


def test_rules_come_and_go_while_a_device_is_open(volume: Volume) -> None:
    found = [problem(volume, 0, 1)]
    volume.mapper.faults.add("read errno=EIO")
    found.append(problem(volume, 0, 1))
    volume.mapper.faults.clear()
    found.append(problem(volume, 0, 1))
    assert found == [None, "EIO", None]


def test_an_access_that_would_be_refused_meets_no_fault(volume: Volume) -> None:
    volume.mapper.faults.add("io errno=EIO delay=1s")
    assert refused(lambda: volume.read(1000 * SECTOR, 1)).errno == Errno.EINVAL
    (armed,) = volume.mapper.faults
    assert armed.matches == 0


def test_a_read_of_nothing_at_the_end_touches_no_sectors(make_rig: MakeRig) -> None:
    rig = make_rig(NETBSD_9)
    rig.make("v", linear(0, 8))
    rig.mapper.faults.add("read sectors=0-99 errno=EIO")
    assert rig.open("v").read(8 * SECTOR, SECTOR) == b""


class Broken(Zero):
    """A target that cannot be mapped."""

    name = "broken"
    version = (1, 0, 0)

    def run(self, sector: int) -> Run:
        raise RuntimeError("a bug")


@pytest.fixture
def broken(rig: IoRig) -> Volume:
    """A device of such a target."""
    rig.mapper._state.targets._targets["broken"] = Broken
    rig.make("vol1", line(0, 8, "broken"))
    return rig.open("vol1")


def test_what_cannot_be_mapped_fails_by_itself_and_once(broken: Volume) -> None:
    broken.mapper.faults.add("read errno=ENOSPC delay=1s")
    error = refused(lambda: broken.read(0, SECTOR))
    assert "a bug" in error.message
    assert (broken.device.statistics.reads, broken.device.statistics.errors) == (1, 1)
    (armed,) = broken.mapper.faults
    assert armed.matches == 0


def test_a_delayed_access_takes_its_time_on_the_clock(rig: IoRig) -> None:
    clock = rig.mapper.clock = ManualClock()
    rig.make("vol1", linear(0, 1000))
    volume = rig.open("vol1")
    rig.mapper.faults.add("read name=vol1 delay=200ms")
    rig.mapper.faults.add("io delay=1s")
    rig.mapper.faults.add("flush delay=3s errno=EIO")
    assert volume.read(0, SECTOR) == held("d0", 0)
    assert clock.seconds() == 1.2
    volume.write(0, b"x")
    assert clock.seconds() == 2.2
    assert refused(volume.flush).errno == Errno.EIO
    assert clock.seconds() == 6.2


def test_without_a_rule_about_io_nothing_is_looked_at(
    volume: Volume, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unexpected(*_: object) -> Iterator[object]:
        raise AssertionError("looked at what an access passes")

    monkeypatch.setattr(volume_module, "passages", unexpected)
    volume.mapper.faults.add("any errno=EIO")
    volume.mapper.faults.add("open errno=EIO")
    for work in OPS.values():
        work(volume)
    volume.mapper.faults.add("read errno=EIO")
    with pytest.raises(AssertionError, match="looked at"):
        volume.read(0, 1)


def test_a_suspended_device_meets_no_fault(volume: Volume) -> None:
    volume.mapper.faults.add("io errno=EIO delay=1s")
    volume.device.hold_io()
    for work in (partial(volume.read, 0, 1), volume.flush):
        assert refused(work).errno == Errno.EAGAIN
    (armed,) = volume.mapper.faults
    assert armed.matches == 0
