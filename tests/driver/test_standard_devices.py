"""Profile standard: create, remove, rename, suspend, resume, info and names."""

import pytest

from netbsd_dm.plist import PlistDict, PlistValue, UInt

from .conftest import Rig, error, linear

LIVE = ["0 8 linear /dev/d0 0"]
OURS = [UInt(4), UInt(16), UInt(0)]


class TestEverySuccess:
    """What holds for every reply to a command that is done."""

    @pytest.mark.parametrize(
        ("command", "written"),
        [
            # driver spec section 2.6, and event_nr
            ("version", set()),
            ("targets", {"cmd_data"}),
            ("names", {"cmd_data"}),
            ("info", {"flags", "minor", "open_count", "target_count", "uuid", "event_nr"}),
            ("mknodes", {"flags", "minor", "open_count", "target_count", "uuid", "event_nr"}),
            ("suspend", {"flags", "minor", "open_count"}),
            ("resume", {"flags", "minor", "open_count"}),
            ("clear", set()),
            ("remove", set()),
            ("deps", {"cmd_data", "minor", "name", "uuid"}),
            ("status", {"cmd_data", "flags", "minor"}),
            ("table", {"cmd_data", "flags", "minor"}),
        ],
    )
    def test_exactly_the_documented_keys_are_written(
        self, rig: Rig, command: str, written: set[str]
    ) -> None:
        rig.make("v", linear(0, 8), uuid="u")
        request = rig.request(command, name="v", uuid="other", extra="kept")
        request["flags"] = "no number"
        before = dict(request)
        reply = rig.execute(request)
        assert "error" not in reply, reply
        changed = {key for key in reply if reply[key] != before.get(key)} - {"version"}
        # What is written may be what was sent.
        assert changed <= written
        assert changed | {"cmd_data", "name"} >= written
        assert reply["extra"] == "kept"
        assert reply["version"] == OURS

    def test_the_version_is_replaced_in_place(self, rig: Rig) -> None:
        for version in ([4, 0], [4, 16, 99], [UInt(4), 0, 0, "more"]):
            reply = rig.do("version", version=[*version])
            assert reply["version"] == [*OURS, *version[3:]]
            numbers = reply["version"]
            assert isinstance(numbers, list)
            assert [type(number) for number in numbers[:3]] == [UInt] * 3

    def test_numbers_are_unsigned_but_where_the_driver_slips(self, rig: Rig) -> None:
        rig.make("v", linear(0, 8))
        info = rig.do("info", name="v")
        for key in ("flags", "minor", "open_count", "target_count", "event_nr"):
            assert type(info[key]) is UInt, key
        deps = rig.do("deps", name="v")["cmd_data"]
        assert isinstance(deps, list)
        assert [type(dev) for dev in deps] == [int]
        (entry,) = _dictionaries(rig.do("table", name="v"))
        types = {key: type(value) for key, value in entry.items()}
        assert types == {"length": UInt, "start": UInt, "status": int, "type": str}
        (entry, *_) = _dictionaries(rig.do("targets"))
        version = entry["ver"]
        assert isinstance(version, list)
        assert [type(number) for number in version] == [int] * 3


def _dictionaries(reply: PlistDict) -> list[PlistDict]:
    entries = reply["cmd_data"]
    assert isinstance(entries, list)
    return [entry for entry in entries if isinstance(entry, dict)]


class TestCreate:
    def test_minors_count_from_1_and_are_never_used_again(self, rig: Rig) -> None:
        assert [rig.make(name) for name in "abc"] == [1, 2, 3]
        rig.do("remove", name="c")
        rig.do("remove_all")
        assert rig.make("c") == 4
        rig.run("create", name="c")
        assert rig.make("d") == 5, "a refused create takes no number"

    def test_flags_of_the_reply_say_that_it_exists(self, rig: Rig) -> None:
        assert rig.do("create", name="a", flags=UInt(0x4B))["flags"] == 0xF
        assert rig.do("create", name="b", flags=None)["flags"] == 4

    @pytest.mark.parametrize(
        ("taken", "where"),
        [({"name": "a"}, "name"), ({"name": "b", "uuid": "u"}, "uuid"), ({"uuid": "u"}, "uuid")],
    )
    def test_a_name_or_uuid_that_is_taken_is_refused(
        self, rig: Rig, taken: dict[str, PlistValue], where: str
    ) -> None:
        rig.make("a", uuid="u")
        reply = rig.run("create", flags=UInt(0), **taken)
        name, message, place = error(reply)
        assert (name, place) == ("EEXIST", where)
        assert where in message
        assert reply["flags"] == 4
        assert "minor" not in reply
        assert rig.names() == ["a"]

    def test_a_minor_in_the_request_is_not_a_wish(self, rig: Rig) -> None:
        rig.make("a")
        assert rig.do("create", name="b", minor=UInt(1))["minor"] == 2

    def test_any_number_of_devices_may_have_no_name(self, rig: Rig) -> None:
        rig.do("create")
        rig.do("create", name="")
        rig.do("create", uuid="u")
        assert rig.names() == ["", "", ""]
        assert rig.do("info", minor=UInt(2))["minor"] == 2

    @pytest.mark.parametrize("name", ["a/b", " ", "control", "é", "\x01", "a\nb", "\udcff", ".."])
    def test_a_name_may_be_anything(self, rig: Rig, name: str) -> None:
        rig.make(name)
        assert rig.names() == [name]
        assert rig.do("info", name=name)["minor"] == 1

    @pytest.mark.parametrize(("key", "longest"), [("name", 127), ("uuid", 129)])
    def test_the_limit_counts_bytes(self, rig: Rig, key: str, longest: int) -> None:
        rig.do("create", **{key: "é" * (longest // 2) + "x"})
        reply = rig.run("create", **{key: "é" * (longest // 2 + 1)})
        assert error(reply)[::2] == ("EINVAL", key)
        assert "minor" not in reply


class TestLookup:
    """By minor, else by name, else by uuid: driver spec section 2.4."""

    @pytest.mark.parametrize(
        ("given", "minor"),
        [
            ({"minor": UInt(2)}, 2),
            ({"minor": 2}, 2),
            ({"name": "b"}, 2),
            ({"uuid": "ub"}, 2),
            ({"minor": UInt(2), "name": "a", "uuid": "ua"}, 2),
            ({"name": "b", "uuid": "ua"}, 2),
            ({"minor": UInt(9), "name": "b"}, 2),
            ({"minor": UInt(0), "name": "b"}, 2),
            ({"minor": UInt(0x80000002), "name": "b"}, 2),
            ({"minor": "1", "name": "b"}, 2),
            ({"minor": -1, "name": "b"}, 2),
            ({"name": "nobody", "uuid": "ub"}, 2),
            ({"name": "", "uuid": "ub"}, 2),
            ({"name": 1, "uuid": "ub"}, 2),
        ],
        ids=repr,
    )
    def test_the_first_that_finds_something_counts(
        self, rig: Rig, given: dict[str, PlistValue], minor: int
    ) -> None:
        rig.make("a", uuid="ua")
        rig.make("b", uuid="ub")
        assert rig.do("info", **given)["minor"] == minor

    COMMANDS = (
        "info",
        "mknodes",
        "suspend",
        "resume",
        "clear",
        "remove",
        "rename",
        "reload",
        "deps",
        "status",
        "table",
        "waitevent",
        "message",
        "setgeometry",
    )

    @pytest.mark.parametrize("command", COMMANDS)
    @pytest.mark.parametrize(
        ("given", "mentioned"),
        [
            ({"name": "nobody"}, "nobody"),
            ({"uuid": "no-uuid"}, "no-uuid"),
            ({"minor": UInt(77)}, "77"),
            ({}, "name, uuid or minor"),
            ({"name": "", "uuid": ""}, "name, uuid or minor"),
        ],
        ids=repr,
    )
    def test_not_found_is_enoent_and_clears_exists(
        self, rig: Rig, command: str, given: dict[str, PlistValue], mentioned: str
    ) -> None:
        rig.make("")
        reply = rig.run(command, cmd_data=["new"], flags=UInt(0x86), **given)
        name, message, _ = error(reply)
        assert name == "ENOENT"
        assert mentioned in message
        assert reply["flags"] == 0x82
        reply = rig.run(command, cmd_data=["new"], flags=None, **given)
        assert (reply["flags"], type(reply["flags"])) == (0, UInt)


class TestRemove:
    def test_it_is_gone_and_its_files_are_closed(self, rig: Rig) -> None:
        rig.make("v", linear(0, 8), linear(8, 8, "/dev/d1"))
        rig.do("reload", name="v", cmd_data=[linear(0, 8, "/dev/d2")])
        assert rig.open_files() == ["d0", "d1", "d2"]
        reply = rig.do("remove", name="v")
        assert (reply["flags"], "minor" in reply) == (4, False)
        assert (rig.names(), rig.open_files()) == ([], [])
        assert error(rig.run("remove", name="v"))[0] == "ENOENT"

    def test_its_name_and_uuid_are_free_again(self, rig: Rig) -> None:
        rig.make("v", uuid="u")
        rig.do("remove", uuid="u")
        assert rig.make("v", uuid="u") == 2


class TestRename:
    def test_it_moves_to_the_end_and_keeps_its_tables(self, rig: Rig) -> None:
        rig.make("a", linear(0, 8), uuid="u")
        rig.make("b")
        reply = rig.do("rename", name="a", cmd_data=["c"])
        assert reply["name"] == "a"
        assert (reply["minor"], reply["open_count"], reply["uuid"]) == (1, 0, "u")
        assert rig.names() == ["b", "c"]
        assert rig.table("c") == LIVE
        assert error(rig.run("info", name="a"))[0] == "ENOENT"
        assert rig.make("a") == 3

    def test_onto_its_own_name_it_changes_nothing_but_the_order(self, rig: Rig) -> None:
        rig.make("a")
        rig.make("b")
        rig.do("rename", name="a", cmd_data=["a"])
        assert rig.names() == ["b", "a"]

    def test_a_name_may_be_taken_away_and_given(self, rig: Rig) -> None:
        rig.make("a")
        rig.do("rename", name="a", cmd_data=[""])
        assert error(rig.run("info", name="a"))[0] == "ENOENT"
        rig.do("rename", minor=UInt(1), cmd_data=["again"])
        assert rig.do("info", name="again")["minor"] == 1

    @pytest.mark.parametrize("data", [None, [], {"name": "b"}, "b", [1], [["b"]], [{}], 5])
    def test_it_needs_a_string_in_an_array(self, rig: Rig, data: PlistValue | None) -> None:
        rig.make("a")
        reply = rig.run("rename", name="a", cmd_data=data)
        name, _, where = error(reply)
        assert (name, str(where).startswith("cmd_data")) == ("EINVAL", True)
        assert rig.names() == ["a"]

    def test_a_long_name_is_refused(self, rig: Rig) -> None:
        rig.make("a")
        rig.do("rename", name="a", cmd_data=["x" * 127])
        reply = rig.run("rename", name="x" * 127, cmd_data=["x" * 128])
        assert error(reply)[::2] == ("EINVAL", "cmd_data[0]")
        assert rig.names() == ["x" * 127]


class TestSuspend:
    def test_it_replies_the_devices_own_flags(self, rig: Rig) -> None:
        rig.make("v", flags=UInt(5))
        assert rig.do("suspend", name="v", flags=UInt(0xC06))["flags"] == 0x7
        rig.do("reload", name="v", cmd_data=[linear(0, 8)])
        assert rig.do("suspend", name="v")["flags"] == 0x47
        rig.do("resume", name="v")
        assert rig.do("suspend", name="v")["flags"] == 0x27

    def test_it_shows_until_the_resume(self, rig: Rig) -> None:
        rig.make("v", linear(0, 8))
        rig.do("suspend", name="v")
        assert rig.do("info", name="v")["flags"] == 0x26
        assert rig.do("status", name="v")["flags"] == 0x26
        rig.do("suspend", name="v")
        assert rig.do("resume", name="v")["flags"] == 4
        assert rig.do("info", name="v")["flags"] == 0x24


class TestResume:
    def test_the_inactive_table_becomes_live(self, rig: Rig) -> None:
        rig.make("v", linear(0, 8))
        rig.do("reload", name="v", cmd_data=[linear(0, 4, "/dev/d1")])
        assert (rig.table("v"), rig.inactive("v")) == (LIVE, ["0 4 linear /dev/d1 0"])
        assert rig.open_files() == ["d0", "d1"]
        rig.do("resume", name="v")
        assert (rig.table("v"), rig.inactive("v")) == (["0 4 linear /dev/d1 0"], [])
        assert rig.open_files() == ["d1"]

    def test_without_an_inactive_table_the_live_one_stays(self, rig: Rig) -> None:
        rig.make("v", linear(0, 8))
        before = rig.do("info", name="v")
        for _ in range(3):
            reply = rig.do("resume", name="v")
            assert (reply["flags"], reply["minor"], reply["open_count"]) == (4, 1, 0)
        assert rig.table("v") == LIVE
        assert rig.do("info", name="v") == before, "event_nr counts swaps only"
        assert rig.open_files() == ["d0"]

    def test_a_device_without_any_table_can_be_resumed(self, rig: Rig) -> None:
        rig.make("v")
        rig.do("resume", name="v")
        assert rig.do("info", name="v")["flags"] == 4

    def test_status_tells_the_slot_which_changes_with_every_swap(self, rig: Rig) -> None:
        rig.make("v")
        slots = []
        for _ in range(3):
            rig.do("reload", name="v", cmd_data=[linear(0, 8)])
            rig.do("resume", name="v")
            slots.append(_dictionaries(rig.do("status", name="v"))[0]["status"])
        assert slots == [1, 0, 1]


class TestInfo:
    @pytest.mark.parametrize("command", ["info", "mknodes"])
    def test_it_tells_of_both_tables(self, rig: Rig, command: str) -> None:
        rig.make("v", uuid="u")
        seen = []
        for action in (None, "reload", "resume", "reload", "clear", "reload", "resume"):
            if action:
                lines = [linear(0, 8), linear(8, 8)]
                rig.do(action, name="v", cmd_data=[*lines] if action == "reload" else [])
            reply = rig.do(command, name="v")
            seen.append((reply["flags"], reply["target_count"]))
        assert seen == [
            (0x04, 0),
            (0x44, 0),
            (0x24, 2),
            (0x64, 2),
            (0x24, 2),
            (0x64, 2),
            (0x24, 2),
        ]

    def test_bits_that_are_sent_come_back_but_those_of_the_tables(self, rig: Rig) -> None:
        rig.make("v")
        assert rig.do("info", name="v", flags=UInt(0xC6A))["flags"] == 0xC0A
        assert rig.do("info", name="v", flags=UInt(0))["flags"] == 0, "EXISTS is not added"

    def test_open_count_does_not_count_the_devices_above(self, rig: Rig) -> None:
        # A non-zero open_count makes lvm refuse to deactivate.
        rig.make("low", linear(0, 8))
        rig.make("high", linear(0, 8, "/dev/mapper/low"))
        assert rig.do("info", name="low")["open_count"] == 0


def test_names_come_in_the_order_of_creation(rig: Rig) -> None:
    assert rig.do("names")["cmd_data"] == []
    for name in ("b", "a", "c"):
        rig.make(name)
    rig.do("remove", name="a")
    assert rig.do("names")["cmd_data"] == [
        {"dev": UInt(1), "name": "b"},
        {"dev": UInt(3), "name": "c"},
    ]
