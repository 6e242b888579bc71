"""What an access passes: mapped devices and physical ones, with their sectors."""

import sys

from netbsd_dm.blockio.access import Op
from netbsd_dm.blockio.passages import passages
from netbsd_dm.driver.profile import NETBSD_9

from .conftest import SECTOR, IoRig, MakeRig, line, linear


def passed(rig: IoRig, name: str, op: Op, first_sector: int, count: int) -> list[str]:
    """What an access passes, each as messages have it."""
    parts = passages(rig.device(name), op, first_sector * SECTOR, count * SECTOR)
    return [str(part) for part in parts]


def test_a_read_passes_its_device_and_the_physical_one(rig: IoRig) -> None:
    rig.make("v", linear(0, 100, "/dev/d0", 50))
    assert passed(rig, "v", Op.READ, 10, 5) == [
        "read of v, sectors 10-14",
        "read of /dev/d0, sectors 60-64",
    ]


def test_a_write_over_stripes_passes_each(rig: IoRig) -> None:
    rig.make("v", line(0, 64, "striped", "2 8 /dev/d0 0 /dev/d1 100"))
    assert passed(rig, "v", Op.WRITE_ZEROES, 4, 16) == [
        "write of v, sectors 4-19",
        "write of /dev/d0, sectors 4-7",
        "write of /dev/d1, sectors 100-107",
        "write of /dev/d0, sectors 8-11",
    ]


def test_bytes_touch_their_whole_sectors(rig: IoRig) -> None:
    rig.make("v", linear(0, 100))
    parts = [str(part) for part in passages(rig.device("v"), Op.READ, 511, 2)]
    assert parts == ["read of v, sectors 0-1", "read of /dev/d0, sectors 0-1"]


def test_what_stands_on_others_passes_them_by_both_their_names(rig: IoRig) -> None:
    rig.make("low", linear(0, 100, "/dev/d0", 50), uuid="LOW")
    rig.make("high", linear(0, 8, "/dev/d1"), linear(8, 8, "/dev/mapper/low", 20))
    parts = list(passages(rig.device("high"), Op.DISCARD, 4 * SECTOR, 8 * SECTOR))
    assert [str(part) for part in parts] == [
        "discard of high, sectors 4-11",
        "discard of /dev/d1, sectors 4-7",
        "discard of /dev/mapper/low, sectors 20-23",
        "discard of low, sectors 20-23",
        "discard of /dev/d0, sectors 70-73",
    ]
    assert parts[3].names == ("low", "LOW", 1)


def test_a_flush_passes_the_live_tables_and_each_device_once(rig: IoRig) -> None:
    rig.make("low", linear(0, 100, "/dev/d2"))
    rig.make("other", linear(0, 100, "/dev/d3"))
    lines = [linear(8 * n, 8, disk) for n, disk in enumerate(("/dev/mapper/low", "/dev/d1"))]
    rig.make("high", *lines, linear(16, 8, "/dev/d0"), linear(24, 8, "/dev/mapper/low", 8))
    rig.do("reload", name="high", cmd_data=[linear(0, 8, "/dev/mapper/other")])
    assert passed(rig, "high", Op.FLUSH, 0, 0) == [
        "flush of high",
        "flush of /dev/d0",
        "flush of /dev/d1",
        "flush of /dev/mapper/low",
        "flush of low",
        "flush of /dev/d2",
    ]


def test_a_device_below_two_others_is_flushed_once(rig: IoRig) -> None:
    rig.make("low", linear(0, 100))
    for name in ("left", "right"):
        rig.make(name, linear(0, 8, "/dev/mapper/low"))
    rig.make("top", linear(0, 8, "/dev/mapper/left"), linear(8, 8, "/dev/mapper/right"))
    parts = passed(rig, "top", Op.FLUSH, 0, 0)
    assert len(parts) == len(set(parts)) + 1, parts
    assert parts.count("flush of low") == 1
    assert parts.count("flush of /dev/mapper/low") == 2, "both tables name it"


def test_what_is_on_no_device_passes_only_its_own(make_rig: MakeRig) -> None:
    rig = make_rig(NETBSD_9)
    rig.make("v", linear(0, 8), linear(16, 8))  # with a hole, which the driver takes
    assert passed(rig, "v", Op.READ, 6, 6) == [
        "read of v, sectors 6-11",
        "read of /dev/d0, sectors 6-7",
    ]


def test_a_device_below_that_has_shrunk_is_passed_as_far_as_it_goes(make_rig: MakeRig) -> None:
    rig = make_rig(NETBSD_9)
    rig.make("low", linear(0, 100))
    rig.make("high", linear(0, 100, "/dev/mapper/low"))
    rig.load("low", linear(0, 10, "/dev/d1"))
    assert passed(rig, "high", Op.READ, 5, 20)[-1] == "read of /dev/d1, sectors 5-9"


def test_the_height_of_a_stack_is_no_limit(rig: IoRig) -> None:
    rig.make("v0", linear(0, 8))
    below = rig.device("v0")
    height = sys.getrecursionlimit() + 100
    for number in range(1, height):
        rig.make(f"v{number}", linear(0, 8, f"/dev/mapper/{below.name}"))
        below = rig.device(f"v{number}")
    assert len(passed(rig, below.name, Op.READ, 0, 8)) == 2 * height
    assert len(passed(rig, below.name, Op.FLUSH, 0, 0)) == 2 * height
