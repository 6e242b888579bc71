"""netbsd-dm tail: the journal of a running server, as lines or as a capture."""

import itertools
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import typer

from ..capture.format import StepClass
from ..capture.meaning import Meaning, meaning_of
from ..capture.readable import told
from ..capture.session import Session
from ..capture.writing import fault_note, head, step
from ..plist import UInt
from ..wire import keys
from ..wire.state import JournalEntry, ServerState
from .looking import looking
from .text import printable

_NS_PER_SECOND: Final = 1_000_000_000
_CLIENT_COLUMNS: Final = len("client 1000")


def print_journal(socket: Path | None, *, as_json: bool) -> None:
    """Print every exchange from now on, until Ctrl-C or the end of the server."""
    try:
        with looking(socket) as monitor:
            entries = monitor.tail()  # before the state: nothing between them is missed
            state = monitor.state(lines_max=0)
            if as_json:
                _write(capture_lines(state, entries))
            else:
                for line in readable_lines(state, entries):
                    typer.echo(line)
    except KeyboardInterrupt:
        return


def _write(lines: Iterable[bytes]) -> None:
    for line in lines:
        sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()


def capture_lines(state: ServerState, entries: Iterable[JournalEntry]) -> Iterator[bytes]:
    """The lines of a capture; what was lost is noted at the next exchange."""
    driver = f"netbsd-dm {state.version}, profile {state.profile}"
    yield head("tail", "what a server was asked, from some time on", driver, ())
    numbers = itertools.count(1)
    lost = 0
    for entry in entries:
        lost += entry.lost
        at_seconds = entry.time_ns / _NS_PER_SECOND
        if entry.request is None:
            yield fault_note(entry.faults, entry.what or "", at_seconds)
            continue
        # What a fault has touched, or nobody waited for, says nothing of the server.
        is_stable = entry.reply is not None and not entry.faults
        yield step(
            next(numbers),
            entry.request,
            entry.reply,
            step_class=StepClass.STABLE if is_stable else StepClass.UNDEFINED,
            client=entry.client,
            at_seconds=at_seconds,
            faults=entry.faults,
            is_dropped=entry.sent_bytes == 0,
            truncated_bytes=entry.sent_bytes or None,
            note=_loss_text(lost),
        )
        lost = 0


def readable_lines(state: ServerState, entries: Iterable[JournalEntry]) -> Iterator[str]:
    """Each entry: when and by whom, what came of it, and the faults that hit."""
    session = Session()
    session.see(_names(state))
    for entry in entries:
        if entry.lost:
            yield _loss_text(entry.lost)
        if entry.request is None:
            what = printable(entry.what or "")
            lines = [f"{what}: fault {printable(rule)}" for rule in entry.faults]
        else:
            lines = list(_exchange(session, entry, entry.request))
        client = "" if entry.client is None else f"client {entry.client}"
        lead = f"{entry.time_ns / _NS_PER_SECOND:>12.6f}  {client:<{_CLIENT_COLUMNS}}  "
        for line in lines:
            yield f"{lead}{line}"
            lead = " " * len(lead)


def _exchange(session: Session, entry: JournalEntry, request: bytes) -> Iterator[str]:
    meaning = meaning_of(request, entry.reply)
    device = session.find(meaning.device)
    yield from told(meaning, device.name if device is not None else None)
    session.see(meaning)
    yield from (f"    fault {printable(rule)}" for rule in entry.faults)
    if entry.sent_bytes == 0:
        yield "    the connection was cut before the reply"
    elif entry.sent_bytes is not None:
        yield f"    the connection was cut after {entry.sent_bytes} bytes of the reply"


def _names(state: ServerState) -> Meaning:
    """The devices there are, as if the command names had told: clients send minors."""
    return Meaning(
        b"",
        b"",
        {keys.COMMAND: "names"},
        {
            keys.CMD_DATA: [
                {keys.NAME: device.name, keys.DEV: UInt(device.minor)} for device in state.devices
            ]
        },
    )


def _loss_text(lost: int) -> str:
    if not lost:
        return ""
    return f"{lost} entries before this one are missing: they came faster than they were taken"
