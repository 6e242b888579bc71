"""Profile netbsd-9 where no recording reaches: the disks of this server, and its limits."""

import pytest

from netbsd_dm.plist import PlistDict, UInt

from .conftest import Rig, line, linear


@pytest.mark.parametrize(
    "device",
    ["/dev/" + "x" * 300, "/dev/" + "x/" * 3000, "/dev/loop", "/dev/no", "no", "/dev/mapper/no"],
    ids=lambda device: device[:14],
)
def test_a_device_that_cannot_be_named_is_enoent_like_any_other(old: Rig, device: str) -> None:
    (old.directory / "loop").symlink_to("loop")
    old.make("v")
    old.do("reload", name="v", cmd_data=[linear(0, 8)])
    lines = [linear(0, 8, "/dev/d1"), linear(8, 8, device)]
    reply = old.run("reload", name="v", cmd_data=[*lines])
    assert reply["flags"] == 4, "without 0x40"
    assert (old.inactive("v"), old.open_files()) == ([], []), "the driver empties the slot"
    # And it goes on as before.
    assert old.run("reload", name="v", cmd_data=[linear(0, 8)])["flags"] == 0x44
    assert (old.inactive("v"), old.open_files()) == (["0 8 linear /dev/d0 0"], ["d0"])
    old.run("remove", name="v")
    assert (old.mapper.opened, old.open_files()) == ([], [])


@pytest.mark.parametrize(
    "fault",
    [
        line(8, 8, "linear"),
        line(8, 8, "linear", ""),
        line(8, 8, "linear", "/dev/d1"),
        line(8, 8, "striped", "2 8 /dev/d1 0"),
        {"start": UInt(8), "length": UInt(8), "type": 5, "params": 6},
    ],
    ids=repr,
)
def test_where_the_driver_crashes_nothing_changes(old: Rig, fault: PlistDict) -> None:
    old.make("v", linear(0, 8, "/dev/d2"))
    old.do("reload", name="v", cmd_data=[linear(0, 8)])
    before = old.do("info", name="v")
    request = old.request("reload", name="v", cmd_data=[linear(0, 8, "/dev/d1"), fault])
    expected = {**request, "version": [4, 16, 0]}
    assert old.execute(request) == expected, "an echo"
    assert (old.do("info", name="v"), old.open_files()) == (before, ["d0", "d2"])
    assert old.inactive("v") == ["0 8 linear /dev/d0 0"]
    assert [(pdev.name, pdev.references) for pdev in old.mapper.opened] == [
        ("/dev/d0", 1),
        ("/dev/d2", 1),
    ]


def test_a_loop_is_refused_though_the_driver_hangs(old: Rig) -> None:
    old.make("a", linear(0, 8))
    assert old.run("reload", name="a", cmd_data=[linear(0, 8, "/dev/mapper/a")])["flags"] == 4


def test_a_device_that_stands_on_a_removed_one_can_be_used_on(old: Rig) -> None:
    old.make("low", linear(0, 8))
    old.make("high", linear(0, 8, "/dev/mapper/low"))
    old.run("remove", name="low")
    assert old.open_files() == []
    assert old.table("high") == ["0 8 linear /dev/mapper/low 0"]
    old.make("low", linear(0, 8, "/dev/d1"))
    old.run("remove", name="high")
    assert old.names() == ["low"]
    assert [pdev.name for pdev in old.mapper.opened] == ["/dev/d1"]


def test_a_device_lost_by_a_rename_closes_its_files(old: Rig) -> None:
    old.make("a", linear(0, 8))
    old.make("b", linear(0, 8, "/dev/d1"))
    old.run("rename", name="a", cmd_data=["b"])
    assert (old.names(), old.open_files()) == (["b"], ["d1"])
    assert old.run("info", minor=UInt(1))["flags"] == 0
    assert old.make("c") == 3


def test_a_long_name_below_dev_mapper_is_cut_and_not_found_again_either(old: Rig) -> None:
    old.make("vg00-a-long-volume-name-x", linear(0, 100))
    below = "/dev/mapper/vg00-a-long-volume-name-x"
    old.make("once", linear(0, 8, below))
    assert old.table("once") == ["0 8 linear /dev/mapper/vg00-a-long-volume- 0"]
    old.make("twice")
    reply = old.run("reload", name="twice", cmd_data=[linear(0, 8, below)])
    assert reply["flags"] == 4, "without 0x40"


def test_a_mapped_device_that_is_in_use_is_found_by_the_name_it_was_loaded_under(old: Rig) -> None:
    old.make("low", linear(0, 100))
    old.make("high", linear(0, 8, "/dev/mapper/low"))
    old.do("rename", name="low", cmd_data=["lower"])
    old.make("other", linear(0, 8, "/dev/mapper/low"))
    assert [pdev.references for pdev in old.mapper.opened] == [1, 2]


def test_a_disk_that_a_live_table_uses_under_a_long_name_cannot_be_loaded_again(old: Rig) -> None:
    name = "/dev/" + "n" * 40
    (old.directory / name.removeprefix("/dev/")).write_bytes(bytes(65_536))
    old.make("v", linear(0, 8, name))
    assert old.run("reload", name="v", cmd_data=[linear(0, 8, name)])["flags"] == 4
    assert old.table("v") == [f"0 8 linear {name[:31]} 0"]
