"""Where bytes lie: windows of one table, and through the devices it stands on."""

import gc
import os
from weakref import ref

import pytest

from netbsd_dm.blockio.layout import HeldError, Layout, Window, layout_of, look_through
from netbsd_dm.driver.device import Device
from netbsd_dm.driver.table import Entry, Table
from netbsd_dm.pdev.file import FileHandle
from netbsd_dm.pdev.registry import Pdev, PdevRegistry
from netbsd_dm.targets.interface import Devices, Filler, Place, Run, Target
from netbsd_dm.wire.errors import DMError, Errno

from .conftest import IoRig, line, linear, refused


def shown(window: Window) -> tuple[float, float, str, float]:
    """A window in sectors: start, end, the name of its place, and the shift."""
    place = window.place
    if isinstance(place, FileHandle):
        name = os.path.basename(place.path)  # noqa: PTH119 (no file is looked at)
    elif isinstance(place, Device):
        name = place.name
    else:
        name = place.value if place else "hole"
    return window.start / 512, window.end / 512, name, window.shift / 512


def look(rig: IoRig, name: str, sector: int) -> tuple[float, float, str, float]:
    """The window around a sector, through every device on the way."""
    window = layout_of(rig.device(name).live).window(sector * 512)
    return shown(look_through(window, sector * 512, set()))


def test_a_linear_line_is_one_window(rig: IoRig) -> None:
    rig.make("v", linear(0, 10, "/dev/d0", 30), linear(10, 5, "/dev/d1", 7))
    assert [look(rig, "v", sector) for sector in (0, 9, 10, 14)] == [
        (0, 10, "d0", 30),
        (0, 10, "d0", 30),
        (10, 15, "d1", -3),
        (10, 15, "d1", -3),
    ]


def test_every_byte_of_a_window_has_it(rig: IoRig) -> None:
    rig.make("v", linear(0, 10, "/dev/d0", 30), linear(10, 5, "/dev/d1", 7))
    layout = layout_of(rig.device("v").live)
    assert {shown(layout.window(byte)) for byte in (0, 1, 511, 512, 5119)} == {(0, 10, "d0", 30)}
    assert shown(layout.window(5120)) == (10, 15, "d1", -3)


def test_a_chunk_of_a_stripe_is_a_window_and_the_last_ends_with_its_line(rig: IoRig) -> None:
    rig.make("v", line(0, 4, "zero"), line(4, 12, "striped", "2 3 /dev/d0 10 /dev/d1 20"))
    rig.make("cut", line(0, 4, "striped", "1 3 /dev/d0 0"), line(4, 4, "error"))
    assert [look(rig, "v", sector) for sector in (0, 4, 8, 12, 15)] == [
        (0, 4, "zero", 0),
        (4, 7, "d0", 6),
        (7, 10, "d1", 13),
        (10, 13, "d0", 3),
        (13, 16, "d1", 10),
    ]
    assert look(rig, "cut", 3) == (3, 4, "d0", 0)
    assert look(rig, "cut", 5) == (4, 8, "error", -4)


def test_a_hole_goes_to_the_next_line(old: IoRig) -> None:
    old.make("v", linear(2, 2), linear(8, 2, "/dev/d1"))
    assert [look(old, "v", sector)[:3] for sector in (0, 1, 4, 7)] == [
        (0, 2, "hole"),
        (1, 2, "hole"),
        (4, 8, "hole"),
        (7, 8, "hole"),
    ]
    assert look(old, "v", 10)[2] == "hole"
    assert look(old, "v", 3) == (2, 4, "d0", -2)


def test_where_lines_overlap_no_window_covers_what_is_anothers(old: IoRig) -> None:
    old.make("v", linear(4, 4, "/dev/d0"), linear(0, 16, "/dev/d1", 50), linear(2, 4, "/dev/d2"))
    layout = layout_of(old.device("v").live)
    for sector in (8, 3, 5, 0, 15, 4, 7, 8):
        start, end, name, shift = shown(layout.window(sector * 512))
        assert start <= sector < end
        owners = {4 <= each < 8 for each in range(int(start), int(end))}
        assert owners == {name == "d0"}, f"{sector}: {start} to {end}"
        assert (name, shift) in (("d0", -4), ("d1", 50)), sector


def test_what_was_found_is_kept_with_the_table(rig: IoRig) -> None:
    rig.make("v", linear(0, 10), linear(10, 10, "/dev/d1"))
    table = rig.device("v").live
    layout = layout_of(table)
    assert layout_of(table) is layout
    first, second = layout.window(0), layout.window(5120)
    assert (layout.window(700), layout.window(6000)) == (first, second)
    assert layout.window(700) is first
    assert layout.window(6000) is second


def test_with_the_table_its_layout_is_forgotten(rig: IoRig) -> None:
    rig.make("v", linear(0, 10))
    table = rig.device("v").live
    layout = layout_of(table)
    assert shown(layout.window(0))[1] == 10
    gone = ref(table), ref(layout)
    rig.load("v", linear(0, 10, "/dev/d1"))
    del table, layout
    gc.collect()
    assert [each() for each in gone] == [None, None]
    assert look(rig, "v", 0) == (0, 10, "d1", 0)


def test_a_window_on_a_file_has_what_reads_it(rig: IoRig) -> None:
    rig.make("v", linear(0, 10), line(10, 10, "zero"))
    layout = layout_of(rig.device("v").live)
    (pdev,) = rig.mapper.opened
    file = pdev.handle
    assert isinstance(file, FileHandle)
    assert layout.window(0) == Window(0, 5120, file, 0, pdev, file.fd, file.cached_flags)
    assert layout.window(5120) == Window(5120, 10_240, Filler.ZERO, -5120, None, -1, None)


class TestThroughOtherDevices:
    @pytest.fixture(autouse=True)
    def stack(self, rig: IoRig) -> None:
        rig.make("low", linear(0, 8, "/dev/d0", 100), linear(8, 8, "/dev/d1", 100))
        rig.make("middle", line(0, 12, "striped", "2 3 /dev/mapper/low 8 /dev/mapper/low 1"))
        rig.make("high", line(0, 2, "zero"), linear(2, 10, "/dev/mapper/middle", 2))

    def test_a_window_is_what_all_levels_have_in_one_piece(self, rig: IoRig) -> None:
        assert [look(rig, "high", sector) for sector in (0, 2, 3, 6, 9)] == [
            (0, 2, "zero", 0),
            (2, 3, "d1", 100),
            (3, 6, "d0", 98),
            (6, 9, "d1", 97),
            (9, 12, "d0", 95),
        ]

    def test_every_device_on_the_way_is_passed(self, rig: IoRig) -> None:
        passed: set[Device] = set()
        look_through(layout_of(rig.device("high").live).window(1024), 1024, passed)
        assert passed == {rig.device("middle"), rig.device("low")}
        assert shown(layout_of(rig.device("high").live).window(1024))[2] == "middle", "the first"

    @pytest.mark.parametrize("name", ["low", "middle"])
    def test_one_that_is_suspended_holds_it_and_is_named(self, rig: IoRig, name: str) -> None:
        rig.do("suspend", name=name)
        with pytest.raises(HeldError, match=f"{name} is suspended: resume it first") as caught:
            look(rig, "high", 2)
        assert caught.value.device is rig.device(name)
        rig.do("resume", name=name)
        assert look(rig, "high", 2)[2] == "d1"

    def test_one_that_has_changed_is_looked_at_anew(self, rig: IoRig) -> None:
        assert look(rig, "high", 3)[2] == "d0"
        rig.load("low", linear(0, 16, "/dev/d2"))
        assert look(rig, "high", 3) == (3, 6, "d2", -2)

    def test_beyond_the_end_of_one_that_became_shorter_is_a_hole(self, rig: IoRig) -> None:
        rig.load("low", linear(0, 10, "/dev/d2"))
        # Sector 3 of high is 1 of low, 2 is 10, 8 is 13.
        assert [look(rig, "high", sector)[:3] for sector in (3, 2, 8)] == [
            (3, 6, "d2"),
            (2, 3, "hole"),
            (6, 9, "hole"),
        ]


def test_a_window_ends_where_a_device_below_does_though_its_lines_go_on(old: IoRig) -> None:
    # The size is the sum of the lengths, so this table goes beyond its device's end.
    old.make("low", linear(4, 8))
    old.make("high", linear(0, 20, "/dev/mapper/low"))
    assert [look(old, "high", sector)[:3] for sector in (0, 5, 8)] == [
        (0, 4, "hole"),
        (4, 8, "d0"),
        (8, 20, "hole"),
    ]


class Strange(Target):
    """A target that says, or raises, what it was told."""

    name = "strange"
    version = (1, 0, 0)

    def __init__(self, answer: Run | Exception) -> None:
        self.answer = answer

    def map(self, sector: int) -> Place:
        raise NotImplementedError

    def run(self, sector: int) -> Run:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


NO_DEVICES = Devices(PdevRegistry(pytest.fail, pytest.fail))


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (ValueError("why"), DMError(Errno.EIO, "target strange failed: ValueError('why')")),
        (DMError(Errno.EINVAL, "mine"), DMError(Errno.EINVAL, "mine")),
        (Run(0, 3, Filler.ZERO, 0), DMError(Errno.EIO, "sector 3 is not in")),
        (Run(4, 8, Filler.ZERO, 0), DMError(Errno.EIO, "sector 3 is not in")),
        (Run(3, 3, Filler.ZERO, 0), DMError(Errno.EIO, "sector 3 is not in")),
    ],
    ids=repr,
)
def test_a_target_of_a_package_may_say_or_raise_anything(
    answer: Run | Exception, expected: DMError
) -> None:
    table = Table([Entry(0, 8, Strange(answer), NO_DEVICES)])
    error = refused(lambda: Layout(table).window(3 * 512))
    assert error.errno == expected.errno
    assert expected.message in error.message


class Moving(Target):
    """A target that does not say its runs: every look-up finds the next sector of d0."""

    name = "moving"
    version = (1, 0, 0)

    def __init__(self, pdev: Pdev) -> None:
        self.pdev = pdev
        self.looked = 0

    def map(self, sector: int) -> Place:
        self.looked += 1
        return Place(self.pdev, self.looked)


def test_a_target_that_does_not_say_its_runs_is_asked_each_time(rig: IoRig) -> None:
    rig.make("v", linear(0, 8))
    (pdev,) = rig.mapper.opened
    table = Table([Entry(0, 8, Moving(pdev), NO_DEVICES)])
    layout = layout_of(table)
    assert [shown(layout.window(700)) for _ in range(2)] == [(1, 2, "d0", 0), (1, 2, "d0", 1)]


class Nothing:
    """What is neither file nor mapped device, once it is open."""

    size_sectors = 8

    def close(self) -> None:
        pytest.fail("it is not ours")


def test_what_is_no_file_cannot_be_read() -> None:
    pdev = Pdev("/dev/odd", 1, Nothing(), "odd", "odd")
    table = Table([Entry(0, 8, Strange(Run(0, 8, pdev, 0)), NO_DEVICES)])
    error = refused(lambda: Layout(table).window(0))
    assert error.errno == Errno.EIO
    assert error.message.startswith("/dev/odd is no device")
