"""Profile standard: the dictionary that was drafted in 2008, answered in kind."""

import pytest

from netbsd_dm.driver.events import Pending
from netbsd_dm.pdev.devnum import makedev
from netbsd_dm.plist import PlistDict, PlistValue, UInt

from .conftest import Rig, error, linear

DEV_1 = makedev(169, 1)
LINE: PlistDict = {
    "sector_start": UInt(0),
    "length": UInt(8),
    "target_type": "linear",
    "aditional info": "/dev/d0 384",
}


def draft(rig: Rig, command: str, **given: PlistValue) -> PlistDict:
    """Execute a request as the draft has them."""
    reply = rig.mapper.execute({"command": command, "version": "4.0.0", **given})
    assert not isinstance(reply, Pending)
    return reply


def test_a_life_in_drafted_dictionaries(rig: Rig) -> None:
    reply = draft(rig, "create", name="v", uuid="u")
    assert reply == {
        "command": "create",
        "version": "4.16.0",
        "name": "v",
        "uuid": "u",
        "dev": DEV_1,
        "flags": 4,
    }
    reply = draft(rig, "reload", name="v", cmd_data=[LINE])
    assert (reply["cmd_data"], reply["dev"], reply["flags"]) == ([LINE], DEV_1, 0x40)
    reply = draft(rig, "resume", dev=UInt(DEV_1))
    assert (reply["dev"], reply["flags"], reply["open_count"]) == (DEV_1, 4, 0)
    reply = draft(rig, "info", dev=UInt(DEV_1))
    assert (reply["uuid"], reply["target_count"], reply["event_nr"]) == ("u", 1, 1)
    reply = draft(rig, "table", name="v", flags=UInt(0x10))
    assert reply["cmd_data"] == [LINE | {"status": 1}]
    assert reply["flags"] == 0x30
    reply = draft(rig, "deps", name="v")
    assert (reply["cmd_data"], reply["name"]) == ([makedev(14, 0)], "v")
    reply = draft(rig, "rename", name="v", cmd_data={"name": "w"})
    assert (reply["cmd_data"], reply["name"], reply["dev"]) == ({"name": "w"}, "v", DEV_1)
    assert draft(rig, "names")["cmd_data"] == [{"dev": DEV_1, "name": "w"}]
    draft(rig, "remove", name="w")
    assert rig.names() == []


def test_the_device_is_the_same_to_who_speaks_the_shipped_form(rig: Rig) -> None:
    draft(rig, "create", name="v")
    draft(rig, "reload", name="v", cmd_data=[LINE])
    rig.do("resume", name="v")
    assert rig.table("v") == ["0 8 linear /dev/d0 384"]


def test_targets_have_their_version_as_a_string(rig: Rig) -> None:
    entries = draft(rig, "targets")["cmd_data"]
    assert isinstance(entries, list)
    assert entries[:2] == [
        {"name": "linear", "version": "1.0.2"},
        {"name": "striped", "version": "1.0.3"},
    ]


@pytest.mark.parametrize(
    "data",
    [
        [LINE],
        LINE,
        [{**linear(0, 8, offset=384)}],
        [
            {key: value for key, value in LINE.items() if key != "aditional info"}
            | {"additional info": "/dev/d0 384"}
        ],
    ],
    ids=["an array", "a dictionary", "shipped names", "additional with two d"],
)
def test_a_table_may_be_an_array_or_one_dictionary_under_either_names(
    rig: Rig, data: PlistValue
) -> None:
    draft(rig, "create", name="v")
    reply = draft(rig, "reload", name="v", cmd_data=data)
    assert "error" not in reply, reply
    assert reply["cmd_data"] == data, "an echo"
    assert rig.inactive("v") == ["0 8 linear /dev/d0 384"]


@pytest.mark.parametrize("data", [{"name": "w"}, ["w"]], ids=repr)
def test_a_new_name_may_be_in_a_dictionary_or_in_an_array(rig: Rig, data: PlistValue) -> None:
    draft(rig, "create", name="v")
    assert draft(rig, "rename", name="v", cmd_data=data)["cmd_data"] == data
    assert rig.names() == ["w"]


@pytest.mark.parametrize("version", ["4.17.0", "5.0.0", "3.9.9", "4", "", "four", "4.x", "4..0"])
def test_another_version_is_refused_and_given_back_as_it_was(rig: Rig, version: str) -> None:
    reply = rig.execute({"command": "create", "name": "v", "version": version})
    assert error(reply)[0] == "EIO"
    assert reply["version"] == version
    assert rig.names() == []


@pytest.mark.parametrize("version", ["4.0.0", "4.16.0", "4.16.99", "4.0"])
def test_a_version_that_is_taken_is_answered_with_ours(rig: Rig, version: str) -> None:
    assert rig.execute({"command": "names", "version": version})["version"] == "4.16.0"


def test_failures_are_told_in_the_same_way(rig: Rig) -> None:
    reply = draft(rig, "info", dev=UInt(makedev(169, 77)), flags=UInt(4))
    assert error(reply)[0] == "ENOENT"
    assert (reply["flags"], reply["dev"]) == (0, makedev(169, 77))
    assert "minor" not in reply
    assert error(draft(rig, "nonsense"))[0] == "EINVAL"
    assert draft(rig, "nonsense")["version"] == "4.16.0"
    reply = rig.execute({"command": "create", "version": "4.0.0"}, privileged=False)
    assert error(reply)[0] == "EPERM"


def test_what_the_draft_does_not_know_is_echoed(rig: Rig) -> None:
    reply = draft(rig, "names", extra=["kept", {"start": 1}], flags=UInt(8), event_nr=UInt(3))
    assert reply["extra"] == ["kept", {"start": 1}]
    assert (reply["flags"], reply["event_nr"]) == (8, 3)


def test_a_wait_is_answered_in_kind(rig: Rig) -> None:
    rig.make("v", linear(0, 8))
    pending = rig.mapper.execute({"command": "waitevent", "version": "4.0.0", "name": "v"})
    assert isinstance(pending, Pending)
    rig.do("reload", name="v", cmd_data=[linear(0, 8)])
    rig.do("resume", name="v")
    assert pending.reply is not None
    assert pending.reply["version"] == "4.16.0"
    assert (pending.reply["dev"], pending.reply["event_nr"]) == (DEV_1, 2)


@pytest.mark.parametrize("data", ["text", 5, True, [5, "x", [], {}], {"a": {}}], ids=repr)
@pytest.mark.parametrize("command", ["reload", "rename", "message", "names", "info"])
def test_data_of_any_shape_is_answered(rig: Rig, command: str, data: PlistValue) -> None:
    draft(rig, "create", name="v")
    reply = draft(rig, command, name="v", cmd_data=data, dev="no number")
    assert reply["command"] == command


def test_the_place_of_an_error_has_the_name_that_was_sent(rig: Rig) -> None:
    rig.make("v")
    line: PlistDict = {"sector_start": UInt(8), "length": UInt(8), "target_type": "zero"}
    reply = rig.execute({"command": "reload", "name": "v", "version": "4.0.0", "cmd_data": [line]})
    assert error(reply)[2] == "cmd_data[0].sector_start"


def test_a_dev_that_is_no_number_counts_as_absent(rig: Rig) -> None:
    minor = rig.make("v")
    reply = rig.execute({"command": "info", "minor": UInt(minor), "dev": "x", "version": "4.0.0"})
    assert "error" not in reply
