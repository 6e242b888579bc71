"""Watching a running server: its journal as it happens, by whom, and without a trace."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from queue import Queue

import pytest

from netbsd_dm import (
    NETBSD_9,
    STANDARD,
    Client,
    DMError,
    Errno,
    Monitor,
    NoServerError,
    Profile,
    Settings,
    TableLine,
    connect,
)
from netbsd_dm.driver.mapper import Mapper
from netbsd_dm.faults.plan import Plan
from netbsd_dm.plist import PlistDict, UInt, dumps, loads
from netbsd_dm.server import control_socket
from netbsd_dm.server.monitor import tail
from netbsd_dm.wire.state import JournalEntry
from tests.helpers.control import Noted
from tests.helpers.looking import make, until
from tests.helpers.threads import serving


class TestTail:
    def test_exchanges_arrive_in_order_from_the_call_on(self, dm: Client, monitor: Monitor) -> None:
        dm.create("before")
        entries = monitor.tail()
        dm.create("vol1")
        dm.info("vol1")
        first, second = next(entries), next(entries)
        assert [loads(each.request or b"")["command"] for each in (first, second)] == [
            "create",
            "info",
        ]
        assert loads(second.reply or b"")["minor"] == 2
        assert (first.client, first.faults, first.sent_bytes) == (1, (), None)

    def test_it_tells_the_time_of_the_server(self, dm: Client, monitor: Monitor) -> None:
        entries = monitor.tail()
        monitor.advance(30)
        dm.names()
        assert next(entries).time_ns == 30_000_000_000

    def test_what_faults_did_is_told(
        self, settings: Settings, dm: Client, monitor: Monitor
    ) -> None:
        entries = monitor.tail()
        for rule in ("names cut=7", "create hangup", "clear truncate=0"):
            monitor.add_fault(rule)
        for request in ("names", "create", "clear"):
            with (
                connect(settings.socket_path) as client,
                pytest.raises((NoServerError, ValueError)),
            ):
                client.exchange({"command": request, "version": [4, 0, 0]})
        cut, never, empty = (next(entries) for _ in range(3))
        assert (cut.faults, cut.sent_bytes) == (("names cut=7",), 7)
        assert (never.faults, never.sent_bytes, never.reply) == (("create hangup",), 0, None)
        assert (empty.faults, empty.sent_bytes, empty.reply) == (("clear truncate=0",), None, b"")

    def test_a_hit_outside_of_an_exchange_is_told(self, dm: Client, monitor: Monitor) -> None:
        monitor.add_fault("open device=/dev/wd1a")
        entries = monitor.tail()
        dm.create("vol1")
        with pytest.raises(DMError):
            dm.reload("vol1", [TableLine(0, 8, "linear", "/dev/wd1a 0")])
        _, hit, _ = (next(entries) for _ in range(3))
        assert (hit.request, hit.what) == (None, "open of /dev/wd1a")
        assert hit.faults == ("open device=/dev/wd1a errno=ENOENT",)

    def test_who_asks_too_late_is_told_how_much_is_lost(
        self, dm: Client, monitor: Monitor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tail, "ENTRIES_MAX", 3)
        entries = monitor.tail()
        for _ in range(10):
            dm.names()
        assert [next(entries).lost for _ in range(3)] == [7, 0, 0]
        dm.names()
        assert next(entries).lost == 0

    def test_it_waits_for_the_next_and_ends_with_the_server(self, settings: Settings) -> None:
        seen: Queue[int | None] = Queue()

        def follow(entries: Iterator[JournalEntry]) -> None:
            for entry in entries:
                seen.put(entry.client)
            seen.put(None)

        with ExitStack() as ends:
            server = ends.enter_context(ExitStack())
            server.enter_context(serving(settings))
            monitor = ends.enter_context(Monitor(settings.socket_path))
            dm = ends.enter_context(connect(settings.socket_path))
            thread = threading.Thread(target=follow, args=(monitor.tail(),))
            thread.start()
            for _ in range(3):
                dm.names()
                assert seen.get(timeout=60) == 2
            server.close()
            assert seen.get(timeout=60) is None
            thread.join()

    def test_who_has_left_is_not_kept_for(
        self, settings: Settings, dm: Client, monitor: Monitor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        kept: list[PlistDict] = []
        monkeypatch.setattr(tail.Tail, "exchange", lambda *_: kept.append({}))
        with Monitor(settings.socket_path) as leaver:
            leaver.tail()
            dm.names()
            assert len(kept) == 1
        until(lambda: len(monitor.state().clients) == 1)
        dm.names()
        assert len(kept) == 1


class TestUndisturbed:
    """Looking changes nothing, in both profiles, whatever else is going on."""

    def look(self, monitor: Monitor) -> None:
        monitor.tail()
        monitor.state()
        monitor.faults()
        monitor.clock()
        with pytest.raises(DMError):
            monitor.ask("nonsense")

    def test_no_journal_tells_of_it_and_no_count_counts_it(self, settings: Settings) -> None:
        noted = Noted()
        plan = Plan.of(["any delay=1s"])
        with (
            serving(replace(settings, journals=[noted], faults=plan)),
            Monitor(settings.socket_path) as first,
            Monitor(settings.socket_path) as second,
        ):
            self.look(first)
            assert [client.requests for client in second.state().clients] == [0]
            assert [fault.matches for fault in second.faults()] == [0]
        assert (noted.exchanges, noted.hits) == ([], [])

    def test_it_waits_for_nobody_and_wakes_nobody(
        self, settings: Settings, dm: Client, monitor: Monitor
    ) -> None:
        make(dm, "vol1", TableLine(0, 8, "linear", "/dev/wd1a 0"))
        dm.suspend("vol1")
        before = monitor.state()
        self.look(monitor)
        assert monitor.state() == before

    @pytest.mark.parametrize("chosen", [STANDARD], indirect=True)
    def test_a_waitevent_goes_on_waiting(
        self, settings: Settings, dm: Client, monitor: Monitor
    ) -> None:
        dm.create("vol1")
        events: Queue[int] = Queue()
        with connect(settings.socket_path) as waiter:
            thread = threading.Thread(target=lambda: events.put(waiter.waitevent("vol1")))
            thread.start()
            until(lambda: [client.requests for client in monitor.state().clients] == [1, 1])
            self.look(monitor)
            assert events.empty()
            dm.reload("vol1", [TableLine(0, 8, "linear", "/dev/wd1a 0")])
            dm.resume("vol1")
            assert events.get(timeout=60) == 1
            thread.join()


class TestPermissions:
    @pytest.fixture(autouse=True)
    def _strangers(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Every client is another user's."""
        monkeypatch.setattr(control_socket, "is_privileged", lambda *_: False)

    def test_everybody_may_look(self, dm: Client, monitor: Monitor) -> None:
        entries = monitor.tail()
        dm.names()
        assert next(entries).client == 1
        assert monitor.state().devices == ()
        assert monitor.faults() == ()
        assert monitor.time_ns() == 0

    @pytest.mark.parametrize(
        "change",
        [
            lambda monitor: monitor.add_fault("any drop"),
            lambda monitor: monitor.clear_faults(),
            lambda monitor: monitor.advance(1),
        ],
        ids=["add", "clear", "advance"],
    )
    def test_only_some_may_change(
        self, monitor: Monitor, change: Callable[[Monitor], object]
    ) -> None:
        with pytest.raises(DMError, match="start the server with --superuser UID") as caught:
            change(monitor)
        assert caught.value.errno == Errno.EPERM
        assert (monitor.faults(), monitor.time_ns()) == ((), 0)


def test_there_is_nothing_else_to_see(monitor: Monitor) -> None:
    with pytest.raises(DMError, match="there are state, journal, ") as caught:
        monitor.ask("weather")
    assert (caught.value.errno, caught.value.where) == (Errno.EINVAL, "netbsd-dm")


def without_monitor(request: PlistDict, profile: Profile) -> PlistDict:
    """What a server answers that knows nothing of these requests."""
    reply = Mapper(profile).execute(request)
    assert isinstance(reply, dict)
    return reply


@contextmanager
def answering(path: Path, answer: Callable[[PlistDict], PlistDict | bytes]) -> Iterator[None]:
    """Another server, for one request."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.fspath(path))
        listener.listen()

        def run() -> None:
            connection, _ = listener.accept()
            with connection:
                length = int.from_bytes(connection.recv(4, socket.MSG_WAITALL), "big")
                request = loads(connection.recv(length, socket.MSG_WAITALL))
                reply = answer(request)
                text = reply if isinstance(reply, bytes) else dumps(reply)
                connection.sendall(len(text).to_bytes(4, "big") + text)

        thread = threading.Thread(target=run)
        thread.start()
        yield
        thread.join()


@pytest.mark.parametrize(
    "answer",
    [
        lambda request: request,
        lambda request: without_monitor(request, STANDARD),
        lambda request: without_monitor(request, NETBSD_9),
        lambda _: {"errno": UInt(5)},
        lambda request: request | {"result": "fine"},
        lambda _: b"HTTP/1.1 400 Bad Request",
    ],
    ids=["echo", "standard", "netbsd-9", "envelope", "other", "http"],
)
def test_a_server_that_cannot_be_looked_at_is_told_apart(
    tmp_path: Path, answer: Callable[[PlistDict], PlistDict | bytes]
) -> None:
    path = tmp_path / "dm.sock"
    with (
        answering(path, answer),
        Monitor(path) as monitor,
        pytest.raises(DMError, match=r"cannot be looked at: it is older than") as caught,
    ):
        monitor.state()
    assert caught.value.errno == Errno.ENOTSUP
    assert str(path) in caught.value.message


def test_without_a_server_there_is_nothing_to_look_at(tmp_path: Path) -> None:
    with pytest.raises(NoServerError, match="start one with"):
        Monitor(tmp_path / "dm.sock")


def test_it_costs_neither_trio_nor_lxml(settings: Settings, monitor: Monitor) -> None:
    program = (
        "import sys, netbsd_dm\n"
        "with netbsd_dm.Monitor(sys.argv[1]) as monitor:\n"
        "    monitor.tail()\n"
        "    monitor.state()\n"
        "print([m for m in ('trio', 'lxml', 'rich', 'typer') if m in sys.modules])"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program, settings.socket_path], capture_output=True, check=True
    )
    assert finished.stdout == b"[]\n"
