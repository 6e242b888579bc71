"""The nodes of devices, for who stands in for /dev/mapper."""

from netbsd_dm.plist import PlistDict, PlistValue, UInt

from ..helpers.control import Bench, bench

ZERO: PlistDict = {"start": UInt(0), "length": UInt(64), "type": "zero", "params": ""}


def nodes(it: Bench, **asked: PlistValue) -> list[tuple[object, ...]]:
    """Name, minor, sectors of the live table, sectors at the last resume, of each node."""
    result = it.look("nodes", **asked)["result"]
    assert isinstance(result, dict)
    found = result["nodes"]
    assert isinstance(found, list)
    keys = ("name", "minor", "sectors", "mapped")
    return [tuple(map(each.get, keys)) for each in found if isinstance(each, dict)]


def test_all_devices_have_a_node_and_those_with_a_table_a_size() -> None:
    it = bench()
    it.ask("create", name="vol1")
    it.ask("create", name="vol2")
    it.ask("reload", name="vol2", cmd_data=[ZERO])
    assert nodes(it) == [("vol1", 1, 0, None), ("vol2", 2, 0, None)]
    it.ask("resume", name="vol2")
    assert nodes(it) == [("vol1", 1, 0, None), ("vol2", 2, 64, 64)]


def test_one_is_found_by_name_or_minor() -> None:
    it = bench()
    it.ask("create", name="vol1", uuid="U-1")
    assert nodes(it, name="vol1") == nodes(it, minor=UInt(1)) == [("vol1", 1, 0, None)]
    assert nodes(it, name="U-1") == nodes(it, minor=UInt(2)) == nodes(it, name="") == []
