"""Profile standard: reload, clear, deps, status and table."""

from typing import Any

import pytest

from netbsd_dm.pdev.devnum import makedev
from netbsd_dm.plist import PlistDict, PlistValue, UInt

from .conftest import LONG_DISK, Rig, error, line, linear

LOADED = ["0 8 linear /dev/d0 0"]


@pytest.fixture
def loaded(rig: Rig) -> Rig:
    """A device v with something in both slots."""
    rig.make("v", linear(0, 8, "/dev/d1"))
    rig.do("reload", name="v", cmd_data=[linear(0, 8)])
    return rig


def with_(**changed: PlistValue | None) -> PlistDict:
    """A good line with some keys changed, or left out where None."""
    entry: dict[str, Any] = {**linear(0, 8), **changed}
    return {key: value for key, value in entry.items() if value is not None}


FAULTS: list[tuple[str, PlistValue | None, str, str, str]] = [
    # what, cmd_data, errno, where, a part of the message
    ("no cmd_data", None, "EINVAL", "cmd_data", "array of dictionaries"),
    ("a string", "0 8 linear", "EINVAL", "cmd_data", "array of dictionaries"),
    ("a dictionary", linear(0, 8), "EINVAL", "cmd_data", "array of dictionaries"),
    ("a number", 1, "EINVAL", "cmd_data", "array of dictionaries"),
    ("an empty array", [], "EINVAL", "cmd_data", "no lines"),
    ("strings", ["0 8 linear /dev/d0 0"], "EINVAL", "cmd_data[0]", "line 1: is not a dictionary"),
    ("arrays", [linear(0, 8), []], "EINVAL", "cmd_data[1]", "line 2: is not a dictionary"),
    ("no start", [with_(start=None)], "EINVAL", "cmd_data[0].start", "start is missing"),
    ("start a string", [with_(start="0")], "EINVAL", "cmd_data[0].start", "start"),
    ("start negative", [with_(start=-1)], "EINVAL", "cmd_data[0].start", "start"),
    ("start a boolean", [with_(start=True)], "EINVAL", "cmd_data[0].start", "start"),
    ("no length", [with_(length=None)], "EINVAL", "cmd_data[0].length", "length is missing"),
    ("length negative", [with_(length=-8)], "EINVAL", "cmd_data[0].length", "length"),
    ("length 0", [with_(length=UInt(0))], "EINVAL", "cmd_data[0].length", "at least 1"),
    ("no type", [with_(type=None)], "EINVAL", "cmd_data[0].type", "type is missing"),
    ("type a number", [with_(type=1)], "EINVAL", "cmd_data[0].type", "type"),
    ("type unknown", [with_(type="nope")], "ENOENT", "cmd_data[0].type", "no target 'nope'"),
    ("type in capitals", [with_(type="Linear")], "ENOENT", "cmd_data[0]", "linear, striped"),
    ("no params", [with_(params=None)], "EINVAL", "cmd_data[0].params", "DEVICE OFFSET"),
    ("params a number", [with_(params=5)], "EINVAL", "cmd_data[0].params", "no string"),
    ("one word", [with_(params="/dev/d0")], "EINVAL", "cmd_data[0].params", "DEVICE OFFSET"),
    ("no offset", [with_(params="/dev/d0 x")], "EINVAL", "cmd_data[0].params", "'x'"),
    ("no device", [with_(params="/dev/no 0")], "ENOENT", "cmd_data[0].params", "--device /dev/no"),
    ("long device", [with_(params=f"/dev/{'x' * 5000} 0")], "ENOENT", "cmd_data[0].params", ""),
    ("not from 0", [linear(1, 8)], "EINVAL", "cmd_data[0].start", "must start at 0"),
    ("a gap", [linear(0, 8), linear(9, 8)], "EINVAL", "cmd_data[1].start", "line 2: start 9"),
    ("an overlap", [linear(0, 8), linear(7, 8)], "EINVAL", "cmd_data[1].start", "ends at 8"),
    ("too long", [linear(0, 10_001)], "EINVAL", "cmd_data[0].length", "which has 10000"),
    ("too far", [linear(0, 2, offset=9_999)], "EINVAL", "cmd_data[0].length", "10001 sectors"),
    (
        "beyond 2**54",
        [line(0, 2**54, "zero"), line(2**54, 1, "zero")],
        "EINVAL",
        "cmd_data[1].length",
        str(2**54),
    ),
    ("2**64-1 sectors", [line(0, 2**64 - 1, "zero")], "EINVAL", "cmd_data[0].length", ""),
    (
        "a stripe too short",
        [line(0, 10_001, "striped", "2 1 /dev/d0 5000 /dev/d1 0")],
        "EINVAL",
        "cmd_data[0].length",
        "10001 sectors of /dev/d0",
    ),
    (
        "a stripe missing",
        [line(0, 8, "striped", "2 1 /dev/d0 0")],
        "EINVAL",
        "cmd_data[0].params",
        "STRIPES CHUNK DEVICE OFFSET",
    ),
]
every_fault = pytest.mark.parametrize(
    ("data", "errno", "where", "part"),
    [pytest.param(*fault[1:], id=fault[0]) for fault in FAULTS],
)


@every_fault
def test_a_faulty_table_is_refused_with_line_and_place(
    rig: Rig, data: PlistValue | None, errno: str, where: str, part: str
) -> None:
    rig.make("v")
    reply = rig.run("reload", name="v", cmd_data=data)
    name, message, place = error(reply)
    assert name == errno
    assert str(place).startswith(where), place
    assert part in message
    index = int(where[9 : where.index("]")]) if "[" in where else None
    assert message.startswith(f"line {index + 1}: " if index is not None else ""), message
    assert reply["flags"] == 4, "without 0x40"
    assert reply["minor"] == 1
    assert rig.open_files() == []


@every_fault
def test_a_failed_reload_leaves_slots_and_files_as_they_were(
    loaded: Rig, data: PlistValue | None, errno: str, where: str, part: str
) -> None:
    def state() -> object:
        references = [(pdev.name, pdev.references) for pdev in loaded.mapper.opened]
        info = loaded.do("info", name="v")
        return loaded.table("v"), loaded.inactive("v"), loaded.open_files(), references, info

    before = state()
    lines = [linear(0, 8, "/dev/d2"), linear(8, 8, "/dev/d0")]
    last = data if isinstance(data, list) and data else None
    loaded.run("reload", name="v", cmd_data=data)
    assert state() == before
    if last is not None:  # and once more behind lines that are good
        loaded.run("reload", name="v", cmd_data=[*lines, line(16, 8, "zero"), *last[-1:], 5])
        assert state() == before


def test_a_missing_params_is_empty_for_targets_that_use_none(rig: Rig) -> None:
    rig.make("v", line(0, 8, "zero"), line(8, 8, "error"))
    assert rig.table("v") == ["0 8 zero", "8 8 error"]


def test_a_table_may_fill_its_devices_to_the_last_sector(rig: Rig) -> None:
    rig.make(
        "v",
        linear(0, 10_000),
        linear(10_000, 1, offset=9_999),
        line(10_001, 20_000, "striped", "2 100 /dev/d0 0 /dev/d1 0"),
        line(30_001, 7, "striped", "2 4 /dev/d0 9996 /dev/d1 9997"),
    )
    assert len(rig.table("v")) == 4


def test_a_table_may_reach_2_to_the_54(rig: Rig) -> None:
    rig.make("v", line(0, 2**54 - 1, "zero"), line(2**54 - 1, 1, "error"))
    assert rig.table("v") == [f"0 {2**54 - 1} zero", f"{2**54 - 1} 1 error"]


def test_a_disk_that_grew_is_measured_anew(rig: Rig) -> None:
    rig.make("v", linear(0, 10_000))
    with (rig.directory / "d0").open("r+b") as disk:
        disk.truncate(20_000 * 512)
    rig.do("reload", name="v", cmd_data=[linear(0, 20_000)])


def test_a_reload_replaces_what_was_loaded_and_not_what_is_live(loaded: Rig) -> None:
    reply = loaded.do("reload", name="v", cmd_data=[linear(0, 8, "/dev/d2", 7)])
    assert (reply["flags"], reply["minor"]) == (0x44, 1)
    assert reply["cmd_data"] == [linear(0, 8, "/dev/d2", 7)], "an echo"
    assert loaded.inactive("v") == ["0 8 linear /dev/d2 7"]
    assert loaded.table("v") == ["0 8 linear /dev/d1 0"]
    assert loaded.open_files() == ["d1", "d2"]


def test_the_same_disk_is_opened_once_however_often_it_is_named(rig: Rig) -> None:
    rig.make("a", linear(0, 8), linear(8, 8), linear(16, 8, offset=5))
    rig.make("b", linear(0, 8))
    rig.do("reload", name="a", cmd_data=[linear(0, 8)])
    assert rig.open_files() == ["d0"]
    assert [pdev.references for pdev in rig.mapper.opened] == [5]
    rig.do("remove", name="a")
    assert rig.open_files() == ["d0"]
    rig.do("remove", name="b")
    assert rig.open_files() == []


def test_params_come_back_as_loaded_but_for_the_blanks(rig: Rig) -> None:
    # lvm compares them, to skip a reload (driver spec section 15).
    rig.make("v", line(0, 8, "linear", f"\t /dev/{LONG_DISK}   384 "))
    assert rig.table("v") == [f"0 8 linear /dev/{LONG_DISK} 384"]


def test_clear_empties_the_inactive_slot_only(loaded: Rig) -> None:
    reply = loaded.do("clear", name="v", flags=UInt(0x44))
    assert reply["flags"] == 0x44, "flags are not touched"
    assert "minor" not in reply
    assert (loaded.table("v"), loaded.inactive("v")) == (["0 8 linear /dev/d1 0"], [])
    assert loaded.open_files() == ["d1"]
    loaded.do("clear", name="v")
    loaded.do("resume", name="v")
    assert loaded.table("v") == ["0 8 linear /dev/d1 0"]


class TestDeps:
    def test_every_use_is_listed_in_order(self, rig: Rig) -> None:
        striped = line(8, 8, "striped", "3 1 /dev/d2 0 /dev/d0 0 /dev/d2 100")
        rig.make("v", linear(0, 8), striped, line(16, 8, "zero"), uuid="u")
        reply = rig.do("deps", minor=UInt(1), flags=UInt(4))
        # vnd numbers in the order in which the names were first used
        d0, d2 = makedev(14, 0), makedev(14, 16)
        assert reply["cmd_data"] == [d0, d2, d0, d2]
        assert (reply["name"], reply["uuid"], reply["minor"], reply["flags"]) == ("v", "u", 1, 4)

    def test_of_the_inactive_table_if_asked(self, loaded: Rig) -> None:
        assert loaded.do("deps", name="v")["cmd_data"] == [makedev(14, 0)]
        reply = loaded.do("deps", name="v", flags=UInt(0x1004))
        assert (reply["cmd_data"], reply["flags"]) == ([makedev(14, 16)], 0x1004)

    def test_without_a_table_there_are_none(self, rig: Rig) -> None:
        rig.make("v")
        assert rig.do("deps", name="v")["cmd_data"] == []


class TestStatus:
    """status and table are one command; flag 0x10 asks for params."""

    @pytest.mark.parametrize("command", ["status", "table"])
    def test_params_come_only_if_asked_for(self, rig: Rig, command: str) -> None:
        rig.make("v", linear(0, 8, offset=3))
        entry: PlistDict = {"length": 8, "start": 0, "status": 1, "type": "linear"}
        assert rig.do(command, name="v", flags=UInt(4))["cmd_data"] == [entry]
        asked = rig.do(command, name="v", flags=UInt(0x14))
        assert asked["cmd_data"] == [{**entry, "params": "/dev/d0 3"}]
        assert (asked["flags"], asked["minor"]) == (0x34, 1)

    def test_the_inactive_bit_is_touched_only_without_a_live_table(self, rig: Rig) -> None:
        # Odd, but recorded (driver spec section 2.5, status).
        rig.make("v")
        assert rig.do("status", name="v", flags=UInt(0x64))["flags"] == 0x04
        rig.do("reload", name="v", cmd_data=[linear(0, 8)])
        assert rig.do("status", name="v")["flags"] == 0x44
        rig.do("resume", name="v")
        rig.do("reload", name="v", cmd_data=[linear(0, 8)])
        assert rig.do("status", name="v")["flags"] == 0x24
        assert rig.do("status", name="v", flags=UInt(0x44))["flags"] == 0x64
