"""Requests to look at a server, and to steer its faults and its clock."""

import os

import pytest
from trio.testing import wait_all_tasks_blocked

import netbsd_dm
from netbsd_dm import Settings
from netbsd_dm.client.exchange import framed
from netbsd_dm.clock.timers import WallClock
from netbsd_dm.driver.mapper import Mapper
from netbsd_dm.plist import PlistDict, PlistValue, UInt, dumps, loads
from netbsd_dm.server import control_socket
from netbsd_dm.server.clients import Client

from ..helpers.control import Bench, asking, bench, looked
from .conftest import Serving, open_raw, receive_frame

SECOND_NS = 10**9


def result(reply: PlistDict) -> PlistDict:
    """What was asked for; an assertion if it failed."""
    found = reply.get("result")
    assert isinstance(found, dict), reply
    return found


def refusal(reply: PlistDict) -> tuple[PlistValue, str, PlistValue | None]:
    """Name, message and place of the error in a reply, which must have one."""
    error = reply["error"]
    assert isinstance(error, dict)
    assert "result" not in reply
    return error["name"], str(error["message"]), error.get("where")


def rules(reply: PlistDict) -> list[PlistValue]:
    """The rules that a reply says to be in force."""
    faults = result(reply)["faults"]
    assert isinstance(faults, list)
    return [fault["rule"] for fault in faults if isinstance(fault, dict)]


@pytest.mark.parametrize("what", ["nosuch", "", 5, True, {}])
def test_what_there_is_not_to_see_is_told_with_what_there_is(what: PlistValue) -> None:
    name, message, where = refusal(looked(bench().control, what))
    assert name == "EINVAL"
    _, _, seen = message.partition("; there are ")
    assert {"state", "journal", "faults", "clock"} <= set(seen.split(", "))
    assert where == "netbsd-dm"


# Faults


def test_rules_are_added_removed_and_cleared() -> None:
    it = bench("info errno=EIO")
    assert rules(it.look("faults")) == ["info errno=EIO"]
    added: list[PlistValue] = ["names delay=1s", "open device=/dev/wd1a"]
    three = ["info errno=EIO", "names delay=1000ms", "open device=/dev/wd1a errno=ENOENT"]
    assert rules(it.look("faults", add=added)) == three
    assert rules(it.look("faults", remove=["info errno=5"])) == three[1:]
    assert rules(it.look("faults", clear=False)) == three[1:]
    assert rules(it.look("faults", clear=True, add=["info drop"])) == ["info drop"]
    assert rules(it.look("faults", clear=True)) == []
    assert not it.mapper.faults


@pytest.mark.parametrize(
    ("given", "message", "where"),
    [
        ({"add": ["names drop", "relaod drop"]}, "no subject 'relaod'", "add[1]"),
        ({"add": ["names drop", 5]}, "it is empty", "add[1]"),
        ({"add": "names drop"}, "add is an array of rules", "add"),
        ({"remove": ["names drop"]}, "no such rule is in force: names drop", "remove[0]"),
        ({"clear": True, "remove": ["info errno=EIO"]}, "no such rule is in force", "remove[0]"),
        ({"clear": True, "add": ["nosuch"]}, "no subject 'nosuch'", "add[0]"),
        ({"clear": 1}, "clear is true or false", "clear"),
    ],
    ids=str,
)
def test_a_mistake_changes_no_rule(given: PlistDict, message: str, where: str) -> None:
    it = bench("info errno=EIO")
    name, told, place = refusal(it.look("faults", **given))
    assert (name, place) == ("EINVAL", where)
    assert message in told
    assert [str(armed.rule) for armed in it.mapper.faults] == ["info errno=EIO"]


def test_a_rule_that_is_added_is_in_force_at_once() -> None:
    it = bench()
    it.look("faults", add=["create once errno=EEXIST"])
    assert "EEXIST" in str(it.ask("create", name="vol1")["error"])
    assert it.ask("create", name="vol1")["minor"] == 1
    fault: PlistDict = {"rule": "create nth=1 errno=EEXIST", "matches": 2, "hits": 1}
    assert result(it.look("faults")) == {"faults": [fault]}


# The clock


def test_a_manual_clock_is_advanced() -> None:
    it = bench("create delay=30s")
    it.begin(asking("create", name="vol1"))
    assert result(it.look("clock")) == {"kind": "manual", "ns": 0}
    advanced = it.look("clock", advance=UInt(29 * SECOND_NS))
    assert result(advanced) == {"kind": "manual", "ns": 29 * SECOND_NS}
    assert it.names == []
    assert result(it.look("clock", advance=SECOND_NS))["ns"] == 30 * SECOND_NS
    assert it.names == ["vol1"]


@pytest.mark.parametrize("advance", [-1, "30", True, [1], UInt(2**64 - 1)], ids=str)
def test_time_goes_on_by_a_number_of_nanoseconds(advance: PlistValue) -> None:
    it = bench()
    name, _, where = refusal(it.look("clock", advance=advance))
    assert (name, where) == ("EINVAL", "advance")
    assert result(it.look("clock"))["ns"] == 0


def test_the_clock_of_the_wall_is_not_advanced() -> None:
    it = Bench(Mapper(clock=WallClock()))
    name, message, _ = refusal(it.look("clock", advance=UInt(1)))
    assert name == "EINVAL"
    assert "start it with --clock manual" in message
    assert result(it.look("clock"))["kind"] == "wall"


# Who may


def test_without_privilege_one_looks_and_does_not_touch() -> None:
    it = bench("info errno=EIO")
    guest = it.connect(Client(8), privileged=False)
    assert "devices" in result(looked(guest, "state"))
    assert rules(looked(guest, "faults")) == ["info errno=EIO"]
    assert result(looked(guest, "clock"))["ns"] == 0
    assert result(looked(guest, "journal"))["entries"] == []
    steering: list[tuple[str, PlistDict]] = [
        ("faults", {"add": ["info drop"]}),
        ("faults", {"remove": ["info errno=EIO"]}),
        ("faults", {"clear": True}),
        ("clock", {"advance": UInt(1)}),
    ]
    for what, given in steering:
        name, message, _ = refusal(looked(guest, what, **given))
        assert name == "EPERM"
        assert "--superuser" in message
    assert rules(it.look("faults")) == ["info errno=EIO"]
    assert result(it.look("clock"))["ns"] == 0


async def test_over_the_socket_privilege_decides_too(
    settings: Settings, serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control_socket, "is_privileged", lambda *_: False)
    async with serving(settings) as mapper, await open_raw(settings.socket_path) as stream:
        await stream.send_all(framed(dumps({"netbsd-dm": "faults", "add": ["any hangup"]})))
        assert refusal(loads(await receive_frame(stream)))[0] == "EPERM"
        await stream.send_all(framed(dumps({"netbsd-dm": "state"})))
        assert result(loads(await receive_frame(stream)))["faults"] == []
        assert not mapper.faults


async def test_clients_see_each_other_and_not_themselves(
    settings: Settings, serving: Serving
) -> None:
    look = framed(dumps({"netbsd-dm": "state"}))
    async with serving(settings), await open_raw(settings.socket_path) as stream:
        await stream.send_all(look)
        assert result(loads(await receive_frame(stream)))["clients"] == []
        async with netbsd_dm.connect_trio(settings.socket_path) as other:
            await other.names()
            await other.version()
            await stream.send_all(look * 2)
            for _ in range(2):
                clients = result(loads(await receive_frame(stream)))["clients"]
                own = {"pid": os.getpid(), "uid": os.geteuid()}
                assert clients == [{"number": 2, "requests": 2, **own}]
        await wait_all_tasks_blocked()
        await stream.send_all(look)
        assert result(loads(await receive_frame(stream)))["clients"] == []
