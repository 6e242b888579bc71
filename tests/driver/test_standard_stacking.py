"""Profile standard: a mapped device as a disk of another."""

import pytest

from netbsd_dm.driver.device import Device
from netbsd_dm.driver.stacking import MappedHandle
from netbsd_dm.pdev.devnum import makedev
from netbsd_dm.pdev.registry import Pdev

from .conftest import Rig, error, line, linear


def find(rig: Rig, name: str, sector: int) -> tuple[str, int]:
    """The disk and its sector on which a sector of a device lies, through every level."""
    device: Device = rig.mapper.find(name)
    while True:
        place = device.live.map(sector)
        assert place is not None, f"{device.name} has no sector {sector}"
        assert isinstance(place.device, Pdev), place
        handle, sector = place.device.handle, place.sector
        if not isinstance(handle, MappedHandle):
            return place.device.name, sector
        device = handle.device


def test_sectors_are_mapped_through_every_level(rig: Rig) -> None:
    rig.make("low", linear(0, 100, "/dev/d0", 1000), linear(100, 100, "/dev/d1", 2000))
    rig.make("middle", line(0, 200, "striped", "2 10 /dev/mapper/low 0 /dev/mapper/low 100"))
    rig.make("high", linear(0, 50, "/dev/mapper/middle", 5))
    assert find(rig, "high", 0) == ("/dev/d0", 1005)
    assert find(rig, "high", 5) == ("/dev/d1", 2000)
    assert find(rig, "high", 15) == ("/dev/d0", 1010)
    assert find(rig, "high", 49) == ("/dev/d1", 2000 + 24)


def test_what_lies_below_may_change_at_any_time(rig: Rig) -> None:
    rig.make("low", linear(0, 100, "/dev/d0"))
    rig.make("high", linear(0, 100, "/dev/mapper/low"))
    rig.do("reload", name="low", cmd_data=[linear(0, 100, "/dev/d1", 7)])
    rig.do("resume", name="low")
    assert find(rig, "high", 1) == ("/dev/d1", 8)


def test_deps_name_the_mapped_device(rig: Rig) -> None:
    rig.make("low", linear(0, 100))
    rig.make("high", linear(0, 100, "/dev/mapper/low"))
    assert rig.do("deps", name="high")["cmd_data"] == [makedev(169, 1)]


def test_it_must_be_large_enough(rig: Rig) -> None:
    rig.make("low", linear(0, 100))
    rig.make("high")
    reply = rig.run("reload", name="high", cmd_data=[linear(0, 101, "/dev/mapper/low")])
    assert error(reply)[::2] == ("EINVAL", "cmd_data[0].length")
    rig.make("empty")
    reply = rig.run("reload", name="high", cmd_data=[linear(0, 1, "/dev/mapper/empty")])
    assert "has 0" in error(reply)[1]


def test_what_does_not_exist_is_refused(rig: Rig) -> None:
    rig.make("high")
    reply = rig.run("reload", name="high", cmd_data=[linear(0, 1, "/dev/mapper/low")])
    name, message, where = error(reply)
    assert (name, where) == ("ENOENT", "cmd_data[0].params")
    assert "create it first" in message


@pytest.mark.parametrize("slot", ["live", "inactive"])
def test_what_another_stands_on_cannot_be_removed(rig: Rig, slot: str) -> None:
    rig.make("low", linear(0, 100))
    rig.make("other", linear(0, 100, "/dev/mapper/low"))
    rig.make("high", linear(0, 10))
    rig.do("reload", name="high", cmd_data=[linear(0, 100, "/dev/mapper/low")])
    if slot == "live":
        rig.do("resume", name="high")
    rig.do("remove", name="other")
    reply = rig.run("remove", name="low")
    name, message, _ = error(reply)
    assert (name, "high" in message, "other" in message) == ("EBUSY", True, False)
    assert reply["flags"] == 4
    assert rig.names() == ["low", "high"]
    rig.do("remove", name="high")
    rig.do("remove", name="low")
    assert rig.open_files() == []


def test_it_is_free_once_the_table_above_is_replaced(rig: Rig) -> None:
    rig.make("low", linear(0, 100))
    rig.make("high", linear(0, 100, "/dev/mapper/low"))
    rig.do("reload", name="high", cmd_data=[linear(0, 100, "/dev/d1")])
    assert error(rig.run("remove", name="low"))[0] == "EBUSY"
    rig.do("resume", name="high")
    rig.do("remove", name="low")


def test_a_rename_below_changes_nothing_above(rig: Rig) -> None:
    rig.make("low", linear(0, 100))
    rig.make("high", linear(0, 100, "/dev/mapper/low"))
    rig.do("rename", name="low", cmd_data=["lower"])
    assert find(rig, "high", 5) == ("/dev/d0", 5)
    assert error(rig.run("remove", name="lower"))[0] == "EBUSY"
    # The new name is the same device, and the old one is free for another.
    rig.do("reload", name="high", cmd_data=[linear(0, 100, "/dev/mapper/lower")])
    assert rig.inactive("high") == ["0 100 linear /dev/mapper/lower 0"], "as it was loaded"
    assert rig.table("high") == ["0 100 linear /dev/mapper/low 0"], "as it was loaded"
    rig.make("low", linear(0, 100, "/dev/d1"))
    rig.do("reload", name="high", cmd_data=[linear(0, 100, "/dev/mapper/low")])
    rig.do("resume", name="high")
    assert find(rig, "high", 5) == ("/dev/d1", 5)
    rig.do("remove", name="lower")


class TestLoops:
    def refused(self, rig: Rig, name: str, below: str) -> None:
        before = rig.table(name), rig.inactive(name), rig.open_files()
        lines = [linear(0, 8, "/dev/d3"), linear(8, 8, f"/dev/mapper/{below}")]
        reply = rig.run("reload", name=name, cmd_data=[*lines])
        assert error(reply)[::2] == ("ELOOP", "cmd_data[1].params")
        assert (rig.table(name), rig.inactive(name), rig.open_files()) == before

    def test_a_device_cannot_stand_on_itself(self, rig: Rig) -> None:
        rig.make("a", linear(0, 100))
        self.refused(rig, "a", "a")

    def test_nor_on_what_stands_on_it(self, rig: Rig) -> None:
        rig.make("a", linear(0, 100))
        rig.make("b", linear(0, 100, "/dev/mapper/a"))
        self.refused(rig, "a", "b")

    def test_nor_through_many_levels(self, rig: Rig) -> None:
        rig.make("d0", linear(0, 100))
        for number in range(1, 200):
            rig.make(f"d{number}", linear(0, 100, f"/dev/mapper/d{number - 1}"))
        self.refused(rig, "d0", "d199")
        self.refused(rig, "d100", "d150")

    def test_nor_by_a_table_that_is_only_loaded(self, rig: Rig) -> None:
        rig.make("a", linear(0, 100))
        rig.make("b", linear(0, 100))
        rig.do("reload", name="b", cmd_data=[linear(0, 100, "/dev/mapper/a")])
        self.refused(rig, "a", "b")
        rig.do("clear", name="b")
        rig.do("reload", name="a", cmd_data=[linear(0, 100, "/dev/mapper/b")])
        self.refused(rig, "b", "a")

    def test_nor_by_one_stripe_of_several(self, rig: Rig) -> None:
        rig.make("a", linear(0, 100))
        rig.make("b", line(0, 100, "striped", "2 10 /dev/d1 0 /dev/mapper/a 0"))
        self.refused(rig, "a", "b")

    def test_many_ways_down_are_no_loop_and_take_no_time(self, rig: Rig) -> None:
        # 2**30 paths from top to bottom: a search that remembers nothing would not end.
        rig.make("v0", linear(0, 100))
        for number in range(1, 31):
            below = f"/dev/mapper/v{number - 1}"
            rig.make(f"v{number}", linear(0, 50, below), linear(50, 50, below))
        self.refused(rig, "v0", "v30")
        rig.make("top", linear(0, 100, "/dev/mapper/v30"))
