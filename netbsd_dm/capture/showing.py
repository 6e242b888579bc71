"""The entries of a capture for people: steps, command lines, and faults between them."""

import shlex
from collections.abc import Iterator
from typing import Final

from ..plist.display import printable, quoted, shortened
from ..wire.calls import Selector
from ..wire.errors import error_name
from .access import Access, Outcome
from .format import Capture, CommandLine, FaultNote, Step, StepClass
from .meaning import Meaning, device_text, title_of
from .readable import INDENT, TABLE_LINES_MAX, asked_text, told
from .session import Followed

_NUMBER_COLUMNS: Final = 7
_LEFT: Final = " " * _NUMBER_COLUMNS
_OUTPUT_LINES_MAX: Final = 4


def shown_head(capture: Capture) -> Iterator[str]:
    """What a capture is about, and its disks."""
    description = f": {printable(capture.description)}" if capture.description else ""
    yield f"{printable(capture.name)}{description}"
    if capture.driver:
        yield f"{_LEFT}driver {printable(capture.driver)}"
    for disk in capture.disks:
        dev = f"dev {disk.major}:{disk.minor}"
        yield f"{_LEFT}disk {printable(disk.name)}, {disk.sectors} sectors, {dev}"


def shown(followed: Followed, table_lines_max: int = TABLE_LINES_MAX) -> Iterator[str]:
    """The lines of an entry, a step with its number."""
    match followed.entry:
        case CommandLine():
            yield from _command_line(followed.entry)
        case FaultNote():
            at = _at(followed.entry.at_seconds)
            what = ", ".join(filter(None, [printable(followed.entry.what), *at]))
            yield from (f"{_LEFT}fault {printable(rule)}: {what}" for rule in followed.entry.faults)
        case Step():
            step = followed.entry
            first, *table = _told(step, followed, table_lines_max)
            remarks = ", ".join(_remarks(step, followed.meaning))
            yield f"{step.number:>{_NUMBER_COLUMNS - 2}}  {first}" + f"  [{remarks}]" * bool(
                remarks
            )
            yield from (f"{_LEFT}{line}" for line in (*table, *_below(step)))


def _told(step: Step, followed: Followed, table_lines_max: int) -> list[str]:
    if step.access is not None:
        return [f"{_access_text(step.access, followed.name)} -> {_came_to(step.access.recorded)}"]
    if followed.meaning is None:
        return ["neither a request nor an access to a disk"]
    lines = told(followed.meaning, followed.name, table_lines_max)
    if step.reply is not None and step.reply.text is None:
        asked = asked_text(followed.meaning, followed.name)
        lines[0] = f"{asked} -> {step.reply.size_bytes} bytes, of which only the SHA-256 was kept"
    return lines


def _remarks(step: Step, meaning: Meaning | None) -> Iterator[str]:
    """What else there is to know of a step, in a word each."""
    if step.step_class is not StepClass.STABLE:
        yield step.step_class.value
    if step.client is not None:
        yield f"client {step.client}"
    yield from _at(step.at_seconds)
    told_already = meaning is not None and step.label in {meaning.command, title_of(meaning)}
    if step.label and not told_already:
        yield printable(step.label)


def _at(seconds: float | None) -> list[str]:
    return [] if seconds is None else [f"at {seconds:.6f}".rstrip("0").rstrip(".") + " s"]


def _below(step: Step) -> Iterator[str]:
    for rule in step.faults:
        yield f"{INDENT}fault {printable(rule)}"
    if step.is_dropped:
        yield f"{INDENT}the connection was cut before the reply"
    if step.truncated_bytes is not None:
        yield f"{INDENT}the connection was cut after {step.truncated_bytes} bytes of the reply,"
        yield f"{INDENT}its framing included"
    if step.note:
        yield f"{INDENT}note: {printable(step.note)}"
    if step.restarted_after:
        yield f"{INDENT}from here on a fresh driver, without devices"


def _access_text(access: Access, name: str | None) -> str:
    text = f"{_ACCESSES[access.op]} {device_text(Selector(minor=access.minor), name)}"
    if not access.length_bytes:
        return text
    return f"{text}, bytes {access.offset_bytes}+{access.length_bytes}"


_ACCESSES: Final = {
    "R": "raw read of",
    "W": "raw write of",
    "r": "block read of",
    "w": "block write of",
    "C": "flush of",
    "D": "disk information of",
    "G": "wedge information of",
}
"""By the letters of protocol/capture.md."""


def _came_to(outcome: Outcome | None) -> str:
    if outcome is None:
        return "no answer"
    if outcome.errno:
        return error_name(outcome.errno)
    if outcome.data_bytes is not None:
        return f"{outcome.data_bytes} bytes"
    if outcome.written_bytes is not None:
        return f"{outcome.written_bytes} bytes written"
    return "ok" if outcome.text is None else quoted(outcome.text)


def _command_line(line: CommandLine) -> Iterator[str]:
    words = printable(shlex.join(line.argv))
    given = f" <<< {quoted(line.stdin)}" if line.stdin is not None else ""
    status = f"  [exit status {line.exit_status}]" if line.exit_status else ""
    yield f"{_LEFT}$ {words}{given}{status}"
    output = line.output.splitlines()
    yield from (f"{_LEFT}{INDENT}{shortened(text, 160)}" for text in output[:_OUTPUT_LINES_MAX])
    if len(output) > _OUTPUT_LINES_MAX:
        yield f"{_LEFT}{INDENT}... {len(output) - _OUTPUT_LINES_MAX} more lines of output"
