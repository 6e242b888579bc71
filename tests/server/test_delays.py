"""Commands that take longer on demand, without a socket."""

from netbsd_dm.plist import UInt, loads
from netbsd_dm.server.responding import Cut

from ..helpers.control import asking, bench

CREATE = asking("create", name="vol1", flags=UInt(4))


def test_nothing_happens_before_the_time_has_come() -> None:
    it = bench("create name=vol* delay=200ms")
    waiting = it.begin(CREATE)
    woken: list[bool] = []
    waiting.when_ready(lambda: woken.append(True))
    it.advance(0.199)
    assert (waiting.reply, it.names, woken) == (None, [], [])
    assert it.noted.exchanges == []
    it.advance(0.001)
    assert it.names == ["vol1"]
    assert woken == [True]
    assert isinstance(waiting.reply, bytes)
    assert loads(waiting.reply)["minor"] == 1
    assert it.last.at_seconds == 0.2
    assert it.last.faults == ("create name=vol* delay=200ms",)


def test_others_are_not_held_up() -> None:
    it = bench("create delay=1s")
    it.begin(CREATE)
    assert it.ask("names")["cmd_data"] == []


def test_a_delayed_command_is_carried_out_even_if_its_client_goes() -> None:
    it = bench("create delay=1s")
    it.begin(CREATE).cancel()
    it.control.close()
    it.advance(1)
    assert it.names == ["vol1"]
    assert it.last.faults == ("create delay=1000ms",)


def test_a_command_may_go_on_waiting_after_its_delay() -> None:
    it = bench("waitevent delay=1s")
    it.run(CREATE)
    waiting = it.begin(asking("waitevent", name="vol1"))
    woken: list[bool] = []
    waiting.when_ready(lambda: woken.append(True))
    it.advance(1)
    assert woken == []
    it.run(asking("remove", name="vol1"))
    assert woken == [True]
    assert isinstance(waiting.reply, bytes)
    assert b"ENXIO" in waiting.reply


def test_a_wait_behind_a_delay_is_given_up_with_its_client() -> None:
    it = bench("waitevent delay=1s")
    it.run(CREATE)
    it.begin(asking("waitevent", name="vol1")).cancel()
    it.advance(1)
    assert not it.mapper.find("vol1").watchers
    assert (it.last.reply, it.last.faults) == (None, ("waitevent delay=1000ms",))


def test_a_hangup_may_come_late() -> None:
    it = bench("create hangup delay=1s")
    waiting = it.begin(CREATE)
    it.advance(1)
    assert waiting.reply == Cut(b"", 0)
    assert it.names == []


def test_what_a_server_that_ends_leaves_undone_is_in_the_journal_without_a_reply() -> None:
    it = bench("create delay=1s")
    it.begin(CREATE)
    it.delays.close()
    assert (it.last.reply, it.last.faults) == (None, ("create delay=1000ms",))
    it.advance(1)
    assert it.names == []
    assert len(it.noted.exchanges) == 1
