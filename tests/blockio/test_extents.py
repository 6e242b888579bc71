"""Ranges cut along the windows, and the files under a device."""

import os
import sys

import pytest

from netbsd_dm.blockio.extents import Extent, extents, whole_files
from netbsd_dm.blockio.layout import HeldError
from netbsd_dm.driver.device import Device
from netbsd_dm.pdev.file import FileHandle

from .conftest import IoRig, line, linear


def name_of(extent: Extent) -> str:
    """The disk, the filler or "hole"."""
    place = extent.place
    if isinstance(place, FileHandle):
        assert extent.pdev is not None
        assert extent.pdev.handle is place
        return os.path.basename(place.path)  # noqa: PTH119 (no file is looked at)
    assert extent.pdev is None
    return place.value if place else "hole"


def cut(rig: IoRig, name: str, offset: int, length: int) -> list[tuple[str, int, int]]:
    """The extents of a range: disk, offset and length in bytes; for fillers no offset."""
    found = extents(rig.device(name), offset, length, set())
    return [
        (name_of(each), each.offset_bytes if each.pdev else 0, each.length_bytes) for each in found
    ]


def test_a_range_within_one_line_is_one_extent(rig: IoRig) -> None:
    rig.make("v", linear(0, 10, "/dev/d0", 30))
    assert cut(rig, "v", 0, 5120) == [("d0", 30 * 512, 5120)]
    assert cut(rig, "v", 700, 5) == [("d0", 30 * 512 + 700, 5)]
    assert cut(rig, "v", 700, 0) == []


def test_a_range_across_lines_is_cut_between_them(rig: IoRig) -> None:
    rig.make("v", linear(0, 2, "/dev/d0", 30), line(2, 1, "zero"), line(3, 1, "error"))
    assert cut(rig, "v", 1000, 1000) == [
        ("d0", 30 * 512 + 1000, 24),
        ("zero", 0, 512),
        ("error", 0, 464),
    ]


def test_a_range_across_chunks_is_cut_at_each(rig: IoRig) -> None:
    rig.make("v", line(0, 9, "striped", "2 3 /dev/d0 0 /dev/d1 50"))
    assert cut(rig, "v", 512, 4096) == [
        ("d0", 512, 1024),
        ("d1", 50 * 512, 1536),
        ("d0", 3 * 512, 1536),
    ]


def test_holes_are_extents_too(old: IoRig) -> None:
    old.make("v", linear(2, 2), linear(6, 4, "/dev/d1"))
    # Of size 6, as the sum of the lengths.
    assert cut(old, "v", 0, 6 * 512) == [("hole", 0, 1024), ("d0", 0, 1024), ("hole", 0, 1024)]


def test_through_three_levels(rig: IoRig) -> None:
    rig.make("low", linear(0, 8, "/dev/d0", 100), linear(8, 8, "/dev/d1", 100))
    rig.make("middle", line(0, 12, "striped", "2 3 /dev/mapper/low 8 /dev/mapper/low 1"))
    rig.make("high", line(0, 2, "zero"), linear(2, 10, "/dev/mapper/middle", 2))
    passed: set[Device] = set()
    found = list(extents(rig.device("high"), 512, 5 * 512, passed))
    assert [(name_of(each), each.length_bytes) for each in found] == [
        ("zero", 512),
        ("d1", 512),
        ("d0", 1536),
    ]
    assert [each.offset_bytes for each in found[1:]] == [102 * 512, 101 * 512]
    assert {device.name for device in passed} == {"low", "middle", "high"}


def test_only_what_is_on_the_way_is_passed(rig: IoRig) -> None:
    rig.make("low", linear(0, 8))
    rig.make("high", linear(0, 8, "/dev/d1"), linear(8, 8, "/dev/mapper/low"))
    passed: set[Device] = set()
    list(extents(rig.device("high"), 0, 4096, passed))
    assert {device.name for device in passed} == {"high"}
    rig.do("suspend", name="low")
    assert len(list(extents(rig.device("high"), 0, 4096, passed))) == 1
    with pytest.raises(HeldError, match="low is suspended"):
        list(extents(rig.device("high"), 4095, 2, passed))


def test_a_device_that_is_suspended_itself_holds_everything(rig: IoRig) -> None:
    rig.make("v", linear(0, 8))
    rig.do("suspend", name="v")
    device = rig.device("v")
    with pytest.raises(HeldError, match="v is suspended"):
        extents(device, 0, 1, set())
    with pytest.raises(HeldError, match="v is suspended"):
        list(whole_files(device, set()))


class TestWholeFiles:
    def files(self, rig: IoRig, name: str) -> list[str]:
        found = list(whole_files(rig.device(name), set()))
        assert {(each.offset_bytes, each.length_bytes) for each in found} <= {(0, 0)}
        return sorted({name_of(each) for each in found})

    def test_are_all_that_a_device_stands_on(self, rig: IoRig) -> None:
        rig.make("low", linear(0, 8), line(8, 8, "zero"))
        rig.make("other", linear(0, 8, "/dev/d3"))
        rig.make("high", linear(0, 8, "/dev/mapper/low"), linear(8, 8, "/dev/d1"))
        assert self.files(rig, "high") == ["d0", "d1"]
        assert self.files(rig, "low") == ["d0"]
        rig.make("nothing", line(0, 8, "error"))
        assert self.files(rig, "nothing") == []

    def test_a_table_that_is_only_loaded_has_none(self, rig: IoRig) -> None:
        rig.make("v", linear(0, 8))
        rig.do("reload", name="v", cmd_data=[linear(0, 8, "/dev/d1")])
        assert self.files(rig, "v") == ["d0"]

    def test_one_below_that_is_suspended_is_named(self, rig: IoRig) -> None:
        rig.make("low", linear(0, 8))
        rig.make("high", linear(0, 8, "/dev/mapper/low"))
        rig.do("suspend", name="low")
        with pytest.raises(HeldError, match="low is suspended"):
            self.files(rig, "high")

    def test_many_levels_are_no_recursion(self, rig: IoRig) -> None:
        rig.make("v0", linear(0, 8))
        levels = sys.getrecursionlimit() + 10
        for number in range(1, levels):
            rig.make(f"v{number}", linear(0, 8, f"/dev/mapper/v{number - 1}"))
        passed: set[Device] = set()
        found = list(whole_files(rig.device(f"v{levels - 1}"), passed))
        assert [name_of(each) for each in found] == ["d0"]
        assert len(passed) == levels
        assert cut(rig, f"v{levels - 1}", 512, 1024) == [("d0", 512, 1024)]

    @pytest.mark.usefixtures("linear_time")
    def test_many_ways_down_take_no_time(self, rig: IoRig) -> None:
        rig.make("v0", linear(0, 8))
        for number in range(1, 31):  # 2**30 paths from top to bottom
            for side in "ab":
                rig.make(f"{side}{number}", linear(0, 8, f"/dev/mapper/v{number - 1}"))
            lower = linear(0, 4, f"/dev/mapper/a{number}")
            upper = linear(4, 4, f"/dev/mapper/b{number}")
            rig.make(f"v{number}", lower, upper)
        assert self.files(rig, "v30") == ["d0"]
