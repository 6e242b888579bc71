"""Replies that take their time, each by itself."""

from collections.abc import Callable

import pytest

from netbsd_dm.clock.timers import ManualClock
from netbsd_dm.driver.device import Device
from netbsd_dm.driver.events import DrainWait, EventWait, Pending
from netbsd_dm.plist import PlistDict
from netbsd_dm.server.responding import Cut, Delays, Reply, Waiting, WaitingCommand
from netbsd_dm.wire.errors import DMError, Errno


class Later:
    """A reply that a test gives."""

    def __init__(self) -> None:
        self.reply: Reply | None = None
        self.work: Callable[[], None] | None = None
        self.listeners: list[Callable[[], None]] = []
        self.outcomes: list[DMError | None] = []
        self.is_cancelled = False

    def when_ready(self, listener: Callable[[], None]) -> None:
        self.listeners.append(listener)

    def worked(self, error: DMError | None = None) -> None:
        self.outcomes.append(error)

    def cancel(self) -> None:
        self.is_cancelled = True


class Calls:
    """Counts that it is called."""

    count = 0

    def __call__(self) -> None:
        self.count += 1


def has_reply(waiting: Waiting) -> bool:
    return waiting.reply is not None


def nothing(request: PlistDict) -> None:
    """Leave the reply as it is."""


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def delays(clock: ManualClock) -> Delays:
    return Delays(clock)


@pytest.mark.parametrize("reply", [b"text", b"", Cut(b"text", 2)], ids=str)
@pytest.mark.parametrize("listens_late", [False, True])
def test_what_begins_late_is_given_when_it_has_begun(
    clock: ManualClock, delays: Delays, reply: Reply, listens_late: bool
) -> None:
    gone, woken = Calls(), Calls()
    delayed = delays.add(2, lambda: reply, gone)
    assert (delayed.reply, delayed.work, len(delays)) == (None, None, 1)
    if not listens_late:
        delayed.when_ready(woken)
        assert woken.count == 0
    clock.advance(2)
    assert (delayed.reply, delayed.work, len(delays)) == (reply, None, 0)
    if listens_late:
        delayed.when_ready(woken)
    assert woken.count == 1
    assert gone.count == 0


def test_what_then_waits_is_waited_for(clock: ManualClock, delays: Delays) -> None:
    later, woken = Later(), Calls()
    delayed = delays.add(1, lambda: later, Calls())
    delayed.when_ready(woken)
    clock.advance(1)
    assert later.listeners == [woken]
    assert not has_reply(delayed)
    problem = DMError(Errno.EIO, "a flush")
    later.work = Calls()
    assert delayed.work is later.work
    delayed.worked(problem)
    assert later.outcomes == [problem]
    later.reply = b"text"
    assert delayed.reply == b"text"
    delayed.cancel()
    assert later.is_cancelled


def test_nobody_is_told_who_does_not_want_it_any_more(clock: ManualClock, delays: Delays) -> None:
    begun, woken = Calls(), Calls()

    def begin() -> bytes:
        begun()
        return b"text"

    delayed = delays.add(1, begin, Calls())
    delayed.when_ready(woken)
    delayed.cancel()
    assert len(delays) == 1, "it is taken on, as by a kernel"
    clock.advance(1)
    assert (begun.count, woken.count) == (1, 0)


def test_what_then_waits_without_anybody_is_given_up(clock: ManualClock, delays: Delays) -> None:
    later = Later()
    delays.add(1, lambda: later, Calls()).cancel()
    clock.advance(1)
    assert later.is_cancelled


def test_a_bug_ends_its_own_connection_and_not_who_advances_the_clock(
    clock: ManualClock, delays: Delays, caplog: pytest.LogCaptureFixture
) -> None:
    def begin() -> Reply | Waiting:
        raise RuntimeError("a bug")

    delayed, woken = delays.add(1, begin, Calls()), Calls()
    delayed.when_ready(woken)
    clock.advance(1)
    assert delayed.reply == Cut(b"", 0)
    assert woken.count == 1
    assert "RuntimeError: a bug" in caplog.text


def test_at_the_end_of_a_server_nothing_begins_any_more(clock: ManualClock, delays: Delays) -> None:
    begun, gone = Calls(), Calls()

    def begin() -> bytes:
        begun()
        return b"text"

    waits = [delays.add(seconds, begin, gone) for seconds in (1, 2, 2)]
    clock.advance(1)
    waits[1].cancel()
    delays.close()
    assert (begun.count, gone.count, len(delays)) == (1, 2, 0)
    clock.advance(10)
    assert begun.count == 1
    assert clock.next_due_seconds is None


# Commands that wait


def waiting_command(wait: EventWait | DrainWait) -> tuple[WaitingCommand, Pending, Calls]:
    """A command that waits so, whose reply is `done`, and what is told if it never comes."""
    request: PlistDict = {}
    pending = Pending(
        wait,
        lambda: request if wait.is_over(request) else None,
        lambda error: {"failed": error.name},
    )
    gone = Calls()
    return WaitingCommand(pending, lambda reply: f"{sorted(reply)}".encode(), gone), pending, gone


def test_the_text_of_a_reply_is_made_once_when_it_is_there() -> None:
    device = Device(1, "vol1", "")
    command, pending, gone = waiting_command(EventWait(device, 0))
    assert not has_reply(command)
    woken = Calls()
    command.when_ready(woken)
    device.raise_event()
    assert woken.count == 1
    text = command.reply
    assert isinstance(text, bytes)
    assert b"event_nr" in text
    assert pending.reply is not None
    pending.reply["more"] = True
    assert command.reply is text
    command.cancel()
    assert gone.count == 0


def test_a_command_that_is_given_up_is_told_of() -> None:
    device = Device(1, "vol1", "")
    command, _, gone = waiting_command(EventWait(device, 0))
    command.cancel()
    assert gone.count == 1
    assert not device.watchers


@pytest.mark.parametrize("error", [None, DMError(Errno.EIO, "a flush")])
def test_the_work_of_a_command_is_done_by_who_waits(error: DMError | None) -> None:
    work = Calls()
    wait = DrainWait(Device(1, "vol1", ""), nothing, work=work)
    command, _, _ = waiting_command(wait)
    assert command.work is work
    assert not has_reply(command)
    command.worked(error)
    assert command.reply == (b"[]" if error is None else b"['failed']")
