"""Profile standard: remove_all, message and setgeometry."""

from typing import Final

import pytest

from netbsd_dm.plist import PlistDict, PlistValue, UInt

from .conftest import Rig, error, line, linear


class TestRemoveAll:
    def test_it_removes_every_device_with_its_tables(self, rig: Rig) -> None:
        rig.make("a", linear(0, 8))
        rig.make("b", linear(0, 8, "/dev/d1"))
        rig.do("reload", name="b", cmd_data=[linear(0, 8, "/dev/d2")])
        rig.do("create")
        request = rig.request("remove_all")
        before = dict(request)
        assert rig.execute(request) == before | {"version": [4, 16, 0]}, "an echo"
        assert (rig.names(), rig.open_files()) == ([], [])

    def test_what_stands_on_another_goes_first(self, rig: Rig) -> None:
        rig.make("low", linear(0, 100))
        rig.make("middle", linear(0, 100, "/dev/mapper/low"))
        rig.make("high")
        rig.do("reload", name="high", cmd_data=[linear(0, 100, "/dev/mapper/middle")])
        rig.do("remove_all")
        assert (rig.names(), rig.open_files()) == ([], [])

    def test_of_nothing_it_is_done(self, rig: Rig) -> None:
        rig.do("remove_all")


class TestMessage:
    def send(self, rig: Rig, *given: PlistValue) -> PlistDict:
        return rig.run("message", name="v", cmd_data=[*given])

    def test_the_built_in_targets_take_none(self, rig: Rig) -> None:
        rig.make("v", linear(0, 8), line(8, 8, "zero"), line(16, 8, "error"))
        for sector, target in ((0, "linear"), (8, "zero"), (23, "error")):
            reply = self.send(rig, {"sector": UInt(sector), "message": "hello"})
            name, message, where = error(reply)
            assert (name, where) == ("EINVAL", "cmd_data[0].message")
            assert message == f"target {target} takes no messages"

    def test_without_a_sector_it_goes_to_the_first(self, rig: Rig) -> None:
        rig.make("v", line(0, 8, "zero"), line(8, 8, "error"))
        assert "target zero" in error(self.send(rig, {"message": "hello"}))[1]

    @pytest.mark.parametrize("sector", [8, 2**63, 2**64 - 1])
    def test_a_sector_that_nothing_maps_is_refused(self, rig: Rig, sector: int) -> None:
        rig.make("v", linear(0, 8))
        reply = self.send(rig, {"sector": UInt(sector), "message": "hello"})
        assert error(reply)[::2] == ("EINVAL", "cmd_data[0].sector")

    def test_only_the_live_table_gets_it(self, rig: Rig) -> None:
        rig.make("v")
        rig.do("reload", name="v", cmd_data=[linear(0, 8)])
        assert error(self.send(rig, {"message": "hello"}))[2] == "cmd_data[0].sector"

    @pytest.mark.parametrize("given", [[], ["hello"], [5], [[]]], ids=repr)
    def test_it_needs_one_dictionary(self, rig: Rig, given: list[PlistValue]) -> None:
        rig.make("v", linear(0, 8))
        assert error(self.send(rig, *given))[::2] == ("EINVAL", "cmd_data")

    @pytest.mark.parametrize("given", [{}, {"message": 5}, {"sector": UInt(0)}], ids=repr)
    def test_it_needs_a_text(self, rig: Rig, given: PlistDict) -> None:
        rig.make("v", linear(0, 8))
        assert error(self.send(rig, given))[::2] == ("EINVAL", "cmd_data[0].message")


class TestSetgeometry:
    GIVEN: Final = {"cylinders": UInt(5), "heads": 64, "sectors": UInt(32), "start": UInt(0)}

    def test_it_is_kept_with_the_device(self, rig: Rig) -> None:
        rig.make("v")
        assert rig.mapper.find("v").geometry is None
        given: PlistDict = dict(self.GIVEN)
        request = rig.request("setgeometry", name="v", cmd_data=[given])
        before = dict(request)
        assert rig.execute(request) == before | {"version": [4, 16, 0]}, "an echo"
        geometry = rig.mapper.find("v").geometry
        assert geometry is not None
        assert (geometry.cylinders, geometry.heads, geometry.sectors) == (5, 64, 32)
        assert geometry.start == 0

    @pytest.mark.parametrize("key", ["cylinders", "heads", "sectors", "start"])
    @pytest.mark.parametrize("value", [None, "5", -1, True], ids=repr)
    def test_each_number_is_needed(self, rig: Rig, key: str, value: PlistValue | None) -> None:
        rig.make("v")
        given: PlistDict = {name: n for name, n in self.GIVEN.items() if name != key}
        if value is not None:
            given[key] = value
        reply = rig.run("setgeometry", name="v", cmd_data=[given])
        name, message, where = error(reply)
        assert (name, where) == ("EINVAL", f"cmd_data[0].{key}")
        assert message.startswith(key)
        assert rig.mapper.find("v").geometry is None

    @pytest.mark.parametrize("data", [None, [], "text", {"cylinders": 1}, [[]]], ids=repr)
    def test_it_needs_one_dictionary(self, rig: Rig, data: PlistValue | None) -> None:
        rig.make("v")
        reply = rig.run("setgeometry", name="v", cmd_data=data)
        assert error(reply)[::2] == ("EINVAL", "cmd_data")
