"""netbsd-dm tail: the journal of a running server, as lines or as a capture."""

import select
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from io import BufferedReader
from itertools import islice
from pathlib import Path

import pytest
import typer

from netbsd_dm import Client, DMError, Monitor, NoServerError, Settings, TableLine, connect
from netbsd_dm.capture.format import FaultNote, Step, StepClass, read_capture
from netbsd_dm.cli.tailing import capture_lines, print_journal, readable_lines
from netbsd_dm.plist import dumps
from netbsd_dm.server.monitor import tail
from netbsd_dm.wire import calls
from netbsd_dm.wire.calls import Selector
from netbsd_dm.wire.state import ClockState, JournalEntry, ServerState
from tests.helpers.processes import run, started
from tests.helpers.threads import serving


@pytest.fixture
def monitor(settings: Settings, dm: Client) -> Iterator[Monitor]:
    """A connection that looks; `dm` is the client before it."""
    with Monitor(settings.socket_path) as monitor:
        yield monitor


def lines_of(monitor: Monitor, count: int) -> Iterator[str]:
    """So many lines of what happens from now on."""
    entries = monitor.tail()
    return islice(readable_lines(monitor.state(0), entries), count)


def test_an_exchange_has_time_client_and_what_came_of_it(dm: Client, monitor: Monitor) -> None:
    monitor.advance(90.25)
    lines = lines_of(monitor, 3)
    dm.create("vol1")
    dm.reload("vol1", [TableLine(0, 2048, "linear", "/dev/wd1a 0")])
    assert list(lines) == [
        "   90.250000  client 1     create vol1 -> minor 1",
        "   90.250000  client 1     reload vol1 -> ok",
        "                               0 2048 linear /dev/wd1a 0",
    ]


def test_a_device_that_is_named_by_its_minor_is_called_by_its_name(
    dm: Client, monitor: Monitor
) -> None:
    dm.create("before")
    lines = lines_of(monitor, 4)
    dm.info(minor=1)
    dm.rename("before", "after")
    dm.clear(minor=1)
    dm.create("vol2")
    told = [line.split("client 1")[1].strip() for line in lines]
    assert [line.split(" -> ")[0] for line in told] == [
        "info before (minor 1)",
        "rename before to after",
        "clear after (minor 1)",
        "create vol2",
    ]


def test_faults_are_marked(settings: Settings, dm: Client, monitor: Monitor) -> None:
    rules = ["create errno=EBUSY", "names cut=7", "info hangup", "open device=/dev/wd1a"]
    monitor.change_faults(add=rules)
    lines = lines_of(monitor, 10)
    with pytest.raises(DMError):
        dm.create("vol1")
    for request in (calls.names(), calls.info(Selector("vol1"))):
        with connect(settings.socket_path) as client, pytest.raises(NoServerError):
            client.exchange(request.request)
    monitor.clear_faults()
    monitor.add_fault(rules[3])
    dm.create("vol1")
    with pytest.raises(DMError):
        dm.reload("vol1", [TableLine(0, 8, "linear", "/dev/wd1a 0")])
    told = [line[27:] for line in lines]
    assert told[0].startswith("create vol1 -> EBUSY: ")
    assert told[1] == "    fault create errno=EBUSY"
    assert told[2].startswith("names -> ")
    assert told[3:5] == [
        "    fault names cut=7",
        "    the connection was cut after 7 bytes of the reply",
    ]
    assert told[5:8] == [
        "info vol1 -> no reply",
        "    fault info hangup",
        "    the connection was cut before the reply",
    ]
    assert told[9] == "open of /dev/wd1a: fault open device=/dev/wd1a errno=ENOENT"


def test_what_went_by_is_counted(
    dm: Client, monitor: Monitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tail, "ENTRIES_MAX", 1)
    lines = lines_of(monitor, 2)
    for _ in range(5):
        dm.version()
    lost, last = lines
    assert lost == "4 entries before this one are missing: they came faster than they were taken"
    assert last.endswith("version -> 4.16.0")


def entry(
    request: bytes | None,
    reply: bytes | None = None,
    *,
    faults: tuple[str, ...] = (),
    sent_bytes: int | None = None,
    what: str | None = None,
    lost: int = 0,
) -> JournalEntry:
    """An entry at 1.5 seconds."""
    return JournalEntry(
        time_ns=1_500_000_000,
        client=None if request is None else 3,
        request=request,
        reply=reply,
        sent_bytes=sent_bytes,
        faults=faults,
        what=what,
        lost=lost,
    )


EMPTY = ServerState(
    version="0.1.0",
    profile="standard",
    pid=1,
    clock=ClockState(manual=True, time_ns=0),
    devices=(),
    pdevs=(),
    offers=(),
    directories=(),
    clients=(),
    faults=(),
)


def test_what_a_client_sends_cannot_command_the_terminal() -> None:
    name = dumps({"command": "\x1b[2J", "name": "\x1b]0;x\x07"})
    entries = [
        entry(name, name),
        entry(b"\x1b[2J", b"\xff\x00"),
        entry(b"", b""),
        entry(None, faults=("\x1b[1m",), what="\x1b[2J"),
    ]
    lines = list(readable_lines(EMPTY, entries))
    assert len(lines) == 4
    assert all(line.isprintable() for line in lines)


def test_as_json_it_is_a_capture(tmp_path: Path) -> None:
    names = dumps({"command": "names"})
    entries = [
        entry(names, b"<a/>"),
        entry(None, faults=("open errno=EIO",), what="open of /dev/wd1a", lost=2),
        entry(names, b"<b/>", faults=("any cut=7",), sent_bytes=7, lost=3),
        entry(names, None, faults=("any hangup",), sent_bytes=0),
        entry(names),
    ]
    file = tmp_path / "tail.jsonl"
    file.write_bytes(b"".join(capture_lines(EMPTY, entries)))
    capture = read_capture(file)
    assert capture.driver == "netbsd-dm 0.1.0, profile standard"
    first, hit, cut, never, gone = capture.entries
    assert hit == FaultNote(("open errno=EIO",), "open of /dev/wd1a", 1.5)
    steps = [each for each in (first, cut, never, gone) if isinstance(each, Step)]
    assert [step.number for step in steps] == [1, 2, 3, 4]
    assert [step.client for step in steps] == [3] * 4
    assert [step.request for step in steps] == [names] * 4
    assert [step.reply and step.reply.text for step in steps] == [b"<a/>", b"<b/>", None, None]
    assert [step.step_class for step in steps] == [StepClass.STABLE] + [StepClass.UNDEFINED] * 3
    assert [step.faults for step in steps] == [(), ("any cut=7",), ("any hangup",), ()]
    assert [step.truncated_bytes for step in steps] == [None, 7, None, None]
    assert [step.is_dropped for step in steps] == [False, False, True, False]
    assert [step.note[:9] for step in steps] == ["", "5 entries", "", ""]


def until_shown(dm: Client, process: "subprocess.Popen[bytes]") -> BufferedReader:
    """Ask until something is shown: the journal has begun.  Gives the output."""
    output = process.stdout
    assert isinstance(output, BufferedReader)
    while not select.select([output], [], [], 0.01)[0]:
        dm.version()
    return output


class TestCommand:
    def test_it_follows_until_the_server_ends(self, settings: Settings) -> None:
        with ExitStack() as server:
            server.enter_context(serving(settings))
            dm = server.enter_context(connect(settings.socket_path))
            with started("tail", "-U", settings.socket_path) as process:
                output = until_shown(dm, process)
                dm.create("vol1")
                line = next(line for line in output if b"version" not in line)
                assert line == b"    0.000000  client 1     create vol1 -> minor 1\n"
                server.close()
                assert process.wait() == 0

    @pytest.mark.parametrize("options", [(), ("--json",)])
    def test_ctrl_c_ends_it_with_status_0(
        self, dm: Client, settings: Settings, options: tuple[str, ...]
    ) -> None:
        with started("tail", *options, "-U", settings.socket_path) as process:
            until_shown(dm, process)
            process.send_signal(signal.SIGINT)
            assert process.wait() == 0
            assert process.stderr is not None
            assert process.stderr.read() == b""

    def test_no_server_is_status_3(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(typer.Exit) as caught:
            print_journal(tmp_path / "none.sock", as_json=False)
        assert caught.value.exit_code == 3
        assert "start one with" in capsys.readouterr().err

    def test_an_unknown_option_is_status_2(self) -> None:
        assert run("tail", "--nosuch").returncode == 2
