"""Faults and the clock of a server while it runs."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

import pytest

import netbsd_dm
from netbsd_dm import Client, DMError, TableLine
from netbsd_dm.clock.timers import ManualClock
from netbsd_dm.faults.text import parse_rule
from netbsd_dm.testing import DmServer, Faults, HandClock
from netbsd_dm.testing.thread import ServerThread

from .conftest import LINEAR, make_device

T = TypeVar("T")


def test_a_rule_counts_from_when_it_is_added(
    device: DmServer, dm_client: Client, dm_faults: Faults
) -> None:
    dm_faults.add("reload nth=2 errno=ENOENT")
    dm_client.reload("vol1", [LINEAR])
    with pytest.raises(DMError, match="ENOENT"):
        dm_client.reload("vol1", [LINEAR])
    assert dm_faults.hits == {"reload nth=2 errno=ENOENT": 1}


def test_rules_are_added_all_or_none(dm_faults: Faults) -> None:
    with pytest.raises(ValueError, match="nosuch"):
        dm_faults.add("create errno=EIO", "create nosuch=1")
    assert dm_faults.hits == {}


def test_a_rule_may_be_a_value(dm_client: Client, dm_faults: Faults) -> None:
    rule = parse_rule("create errno=EPERM")
    dm_faults.add(rule)
    with pytest.raises(DMError, match="EPERM"):
        dm_client.create("vol1")
    dm_faults.remove(rule)
    dm_client.create("vol1")


def test_rules_can_be_taken_away(dm_client: Client, dm_faults: Faults) -> None:
    dm_faults.add("create errno=EPERM", "version errno=EIO")
    dm_faults.remove("create errno=EPERM")
    assert list(dm_faults.hits) == ["version errno=EIO"]
    dm_faults.clear()
    assert dm_faults.hits == {}
    dm_client.create("vol1")


def test_time_stands_still_until_it_is_advanced(dm_clock: HandClock) -> None:
    assert dm_clock.seconds == 0
    dm_clock.advance(30)
    assert dm_clock.seconds == 30


def test_a_delay_passes_when_the_test_says_so(
    dm_server: DmServer, dm_client: Client, dm_clock: HandClock, dm_faults: Faults
) -> None:
    dm_faults.add("create delay=60s")
    with dm_server.meanwhile(dm_client.create, "vol1") as creating:
        dm_clock.wait_for_sleeper()
        dm_clock.advance(59.9)
        assert dm_server.devices == []
        assert not creating.done()
        dm_clock.advance(0.1)
    assert creating.result() == 1


def test_who_sleeps_already_is_found(
    dm_server: DmServer, dm_client: Client, dm_clock: HandClock, dm_faults: Faults
) -> None:
    dm_faults.add("create delay=60s")
    with dm_server.meanwhile(dm_client.create, "vol1"):
        dm_clock.wait_for_sleeper()
        dm_clock.wait_for_sleeper()
        dm_clock.advance(60)


class Here(ServerThread):
    """Does work where it is asked for, and then something else."""

    def __init__(self, then: Callable[[], object]) -> None:
        self._then = then

    def call(self, work: Callable[[], T]) -> T:
        result = work()
        self._then()
        return result


def test_who_falls_asleep_later_is_found() -> None:
    clock = ManualClock()
    sleep = partial(clock.call_later, 60, lambda: None)
    HandClock(clock, Here(then=sleep)).wait_for_sleeper()
    assert clock.on_earlier is None


def test_waiting_for_a_sleeper_leaves_others_to_be_told() -> None:
    told = []
    clock = ManualClock()
    clock.on_earlier = lambda: told.append("other")
    sleep = partial(clock.call_later, 60, lambda: None)
    HandClock(clock, Here(then=sleep)).wait_for_sleeper()
    assert told == ["other"]


def test_waiting_for_nobody_ends(dm_clock: HandClock) -> None:
    with pytest.raises(TimeoutError, match="nothing has waited"):
        dm_clock.wait_for_sleeper(timeout_seconds=0)


@pytest.mark.dm(clock="autojump")
def test_a_clock_that_jumps_lets_nobody_wait(
    dm_server: DmServer, dm_client: Client, dm_clock: HandClock, dm_faults: Faults
) -> None:
    dm_faults.add("any delay=1min")
    for number in range(60):
        dm_client.create(f"vol{number}")
    assert dm_clock.seconds == 3600


def test_a_clock_may_begin_to_jump(
    dm_server: DmServer, dm_client: Client, dm_clock: HandClock, dm_faults: Faults
) -> None:
    dm_faults.add("create delay=60s")
    with dm_server.meanwhile(dm_client.create, "vol1"):
        dm_clock.wait_for_sleeper()
        dm_clock.autojump()
    dm_client.create("vol2")
    assert dm_clock.seconds == 120


async def test_a_task_of_the_test_may_advance_the_clock(
    dm_server: DmServer, dm_clock: HandClock, dm_faults: Faults
) -> None:
    dm_clock.autojump()
    dm_faults.add("create delay=30s")
    async with netbsd_dm.connect_trio(dm_server.path) as dm:
        await dm.create("vol1")
    dm_clock.advance(1)
    assert dm_clock.seconds == 31


@pytest.mark.dm(clock="wall")
def test_a_clock_that_goes_by_itself_is_not_advanced(dm_clock: HandClock) -> None:
    assert dm_clock.seconds > 0
    message = r"goes by itself.*dm_clock.*DmServer"
    with pytest.raises(ValueError, match=message):
        dm_clock.advance(1)
    with pytest.raises(ValueError, match=message):
        dm_clock.autojump()
    with pytest.raises(ValueError, match=message):
        dm_clock.wait_for_sleeper()


def test_a_delayed_read_passes_at_once(
    dm_server: DmServer, dm_client: Client, dm_clock: HandClock, dm_faults: Faults
) -> None:
    make_device(dm_client, "vol1", TableLine(0, 8, "zero"))
    dm_faults.add("read delay=2s")
    with dm_server.open("vol1") as volume:
        assert volume.read(0, 512) == bytes(512)
    assert dm_clock.seconds == 2
