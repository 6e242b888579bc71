"""What all commands that look at a server have in common: nothing there notices."""

import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from queue import Queue

import pytest

from netbsd_dm import (
    NETBSD_9,
    STANDARD,
    Client,
    Monitor,
    Profile,
    Settings,
    TableLine,
    connect,
)
from netbsd_dm.cli.faulting import change_faults
from netbsd_dm.cli.graphing import write_graph
from netbsd_dm.cli.looking import find_device, there_are
from netbsd_dm.cli.showing import show_state
from netbsd_dm.cli.timing import show_clock
from netbsd_dm.cli.treeing import print_tree
from netbsd_dm.faults.plan import Plan
from netbsd_dm.server import control_socket
from netbsd_dm.wire.state import ServerState
from tests.helpers.control import Noted
from tests.helpers.looking import make, settings_in, until
from tests.helpers.threads import serving

Look = Callable[[Path], None]


def tail_once(path: Path) -> None:
    """What `netbsd-dm tail` does until something happens."""
    with Monitor(path) as monitor:
        monitor.tail()
        monitor.state(lines_max=0)


LOOKS: dict[str, Look] = {
    "show": lambda path: show_state([], path, as_json=False, shows_all=False),
    "show --json": lambda path: show_state([], path, as_json=True, shows_all=True),
    "tree": lambda path: print_tree([], path, is_inverted=False, is_ascii=False, shows_all=False),
    "graph": lambda path: write_graph([], Path("-"), path),
    "tail": tail_once,
    "fault": lambda path: change_faults([], [], False, path),
    "clock": lambda path: show_clock(advances=False, time=None, socket=path),
}


@pytest.fixture(params=LOOKS)
def look(request: pytest.FixtureRequest) -> Look:
    """One of the commands."""
    return LOOKS[request.param]


@pytest.fixture
def noted() -> Noted:
    """The journal of the server."""
    return Noted()


@pytest.fixture(params=[STANDARD, NETBSD_9], ids=lambda profile: profile.name)
def settings(request: pytest.FixtureRequest, tmp_path: Path, noted: Noted) -> Settings:
    """A server of either profile, with a journal, and a fault that matches every command."""
    profile: Profile = request.param
    plan = Plan.of(["any nth=1000 errno=EIO", "io errno=EIO", "open nth=1000 errno=EIO"])
    return replace(settings_in(tmp_path, profile, [noted]), faults=plan)


@pytest.fixture
def before(settings: Settings, dm: Client) -> ServerState:
    """The state of a server with a suspended device and one that stands on it."""
    make(dm, "low", TableLine(0, 8, "linear", "/dev/wd1a 0"))
    make(dm, "top", TableLine(0, 8, "linear", "/dev/mapper/low 0"))
    dm.reload("top", [TableLine(0, 8, "linear", "/dev/wd2a 0")])
    dm.suspend("low")
    return seen(settings)


def seen(settings: Settings) -> ServerState:
    """The state now, once those who looked before are gone."""
    with Monitor(settings.socket_path) as monitor:
        until(lambda: len(monitor.state().clients) == 1)
        return monitor.state()


def test_looking_leaves_everything_as_it_was(
    settings: Settings, noted: Noted, before: ServerState, look: Look
) -> None:
    exchanges = len(noted.exchanges)
    look(settings.socket_path)
    assert seen(settings) == before
    assert (len(noted.exchanges), noted.hits) == (exchanges, [])


@pytest.mark.parametrize("settings", [STANDARD], indirect=True)  # NetBSD 9 has no waitevent
def test_looking_wakes_nobody_who_waits(
    settings: Settings, dm: Client, before: ServerState, look: Look
) -> None:
    events: Queue[int] = Queue()
    with connect(settings.socket_path) as waiter:
        thread = threading.Thread(target=lambda: events.put(waiter.waitevent("low")))
        thread.start()
        with Monitor(settings.socket_path) as monitor:
            until(lambda: any(each.requests == 1 for each in monitor.state().clients))
        look(settings.socket_path)
        assert events.empty()
        dm.reload("low", [TableLine(0, 8, "zero")])
        dm.resume("low")
        assert events.get(timeout=60) == 2
        thread.join()


def test_everybody_who_can_connect_may_look(
    settings: Settings, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control_socket, "is_privileged", lambda *_: False)
    with serving(settings):
        look(settings.socket_path)


@pytest.mark.parametrize(
    "arguments", [("show",), ("tree",), ("graph", "--svg", "-"), ("fault",), ("clock",)], ids=str
)
def test_a_look_costs_neither_trio_nor_lxml_nor_rich(
    dm: Client, settings: Settings, arguments: tuple[str, ...]
) -> None:
    program = (
        "import sys\n"
        "from netbsd_dm.cli.app import app\n"
        "try:\n"
        "    app(sys.argv[1:])\n"
        "except SystemExit as end:\n"
        "    loaded = [m for m in ('trio', 'lxml', 'rich') if m in sys.modules]\n"
        "    print(end.code, loaded, file=sys.stderr)\n"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program, *arguments, "-U", settings.socket_path],
        capture_output=True,
        check=True,
    )
    assert finished.stderr == b"0 []\n"


def test_a_tail_costs_no_lxml_either(dm: Client, settings: Settings) -> None:
    program = (
        "import sys\n"
        "from netbsd_dm import Monitor, connect\n"
        "from netbsd_dm.cli.tailing import readable_lines\n"
        "with Monitor(sys.argv[1]) as monitor, connect(sys.argv[1]) as dm:\n"
        "    entries = monitor.tail()\n"
        "    dm.names()\n"
        "    print(next(readable_lines(monitor.state(0), entries)))\n"
        "print([m for m in ('trio', 'lxml', 'rich') if m in sys.modules])\n"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program, settings.socket_path], capture_output=True, check=True
    )
    shown, loaded = finished.stdout.decode().splitlines()
    assert "names -> none" in shown
    assert loaded == "[]"


def test_of_many_names_some_are_said() -> None:
    assert there_are([]) == "there is none"
    assert there_are(["a", "b\x1b"]) == "there are a, b\\x1b"
    many = there_are(map(str, range(100)))
    assert many.startswith("there are 0, 1, 2, ")
    assert many.endswith(", 11, 88 more")
    assert there_are(map(str, range(13))).endswith(", 11, 12")


def test_an_empty_name_is_nobodys(before: ServerState) -> None:
    assert find_device(before.devices, "") is None
