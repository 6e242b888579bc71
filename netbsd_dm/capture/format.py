"""The capture format: one scenario per file, one step per line."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Any, Final, TypeAlias

from .access import Access, read_access
from .records import JsonObject, Line, read_lines, read_text

FORMAT: Final = 1
"""The version of the format: what is written, and the highest that is read."""
_SECTORS_MAX = 2**31
"""A tebibyte: a disk is made again as a sparse file."""


class CaptureError(ValueError):
    """A file is no capture; the message says file, line and reason."""


class StepClass(Enum):
    """What a recorded exchange says of the driver."""

    STABLE = "stable"
    """The same in every recording: a reply must equal it."""
    UNDEFINED = "undefined"
    """The driver read uninitialised memory, or raced."""
    PANIC = "panic"
    """The driver crashed or hung."""


@dataclass(frozen=True, slots=True)
class Disk:
    """A disk the recorded driver had: its name, size and NetBSD device number."""

    name: str
    sectors: int
    major: int
    minor: int
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recorded reply: the text, or for a long one its size and SHA-256."""

    text: bytes | None = None
    sha256: str = ""
    size_bytes: int = 0

    def equals(self, reply: bytes) -> bool:
        """Whether `reply` is what was recorded."""
        if self.text is not None:
            return reply == self.text
        return len(reply) == self.size_bytes and hashlib.sha256(reply).hexdigest() == self.sha256


@dataclass(frozen=True, slots=True)
class Step:
    """One line: a control exchange, or where `request` is None an access to a disk."""

    number: int
    label: str
    step_class: StepClass
    request: bytes | None
    reply: Recorded | None
    restarted_after: bool
    """A fresh driver answers from the next step on."""
    access: Access | None = None
    note: str = ""
    run: int | None = None
    """The number of the command line that caused it."""
    client: int | None = None
    """The number of the connection it came on, from 1."""
    at_seconds: float | None = None
    """When it was answered, since the start of the server, by its clock."""
    faults: tuple[str, ...] = ()
    """The fault rules that hit it."""
    is_dropped: bool = False
    """The connection was cut before the reply was sent, if there is one."""
    truncated_bytes: int | None = None
    """So much of the framed reply was sent before the connection was cut; None: all of it."""

    @property
    def is_comparable(self) -> bool:
        """Whether a reply, or what an access comes to, must equal the recorded one."""
        has_answer = self.reply is not None or (self.access and self.access.recorded)
        return bool(has_answer) and self.step_class is StepClass.STABLE


@dataclass(frozen=True, slots=True)
class CommandLine:
    """A program that was run: the exchanges it caused follow, and have its `run`."""

    run: int
    argv: tuple[str, ...]
    stdin: str | None
    exit_status: int | None
    output: str


@dataclass(frozen=True, slots=True)
class FaultNote:
    """Fault rules that hit outside of an exchange: I/O to a device, the open of one."""

    faults: tuple[str, ...]
    what: str
    at_seconds: float | None = None


Entry: TypeAlias = Step | CommandLine | FaultNote
"""What a line of a capture holds, behind the first."""


@dataclass(frozen=True, slots=True)
class DiskChanges:
    """The sectors of a disk that differ at the end: how many, and of some the digest."""

    count: int
    digests: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Capture:
    """One scenario: a fresh driver with `disks`, then the steps in order."""

    name: str
    description: str
    disks: tuple[Disk, ...]
    steps: tuple[Step, ...] = field(repr=False)
    changes: Mapping[str, DiskChanges] = field(default_factory=dict, repr=False)
    """By the name of each disk that was written to: what was seen of it at the end."""
    driver: str = ""
    """Which one answered."""
    entries: tuple[Entry, ...] = field(default=(), repr=False)
    """The steps with everything that was noted between them, in order."""
    is_cut: bool = False
    """The recording was interrupted within its last line, which is left out."""

    @property
    def has_accesses(self) -> bool:
        """Whether disks are read or written, so that their contents matter."""
        return any(step.access is not None for step in self.steps)


def read_capture(path: Path) -> Capture:
    """Read a capture file; raises `CaptureError`, or `OSError`.

    An interrupted recording is read as far as it goes.
    """
    return capture_of(path, read_lines(path))


def capture_of(path: Path, lines: Iterable[Line]) -> Capture:
    """The capture that the lines of the file `path` are; raises `CaptureError`.

    Each line has its entry, but for the first and one that is cut.
    """
    head = None
    entries: list[Entry] = []
    for line in lines:
        try:
            if head is None:
                head = read_head(_record(line))
            elif line.is_cut:
                head = replace(head, is_cut=True)
            else:
                entries.append(read_entry(_record(line)))
        except CaptureError as error:
            raise CaptureError(f"{path}: line {line.number}: {error}") from None
    if head is None:
        raise CaptureError(f"{path}: line 1: {NO_HEAD}")
    steps = tuple(entry for entry in entries if isinstance(entry, Step))
    return replace(head, steps=steps, entries=tuple(entries))


def _record(line: Line) -> JsonObject:
    if line.is_cut:
        raise CaptureError("the file ends within its first line: nothing was recorded")
    if line.fault:
        raise CaptureError(line.fault)
    return line.record


NO_HEAD: Final = "expected a line that describes the scenario"


def read_head(record: JsonObject) -> Capture:
    """What the first line says, as a capture without steps; raises `CaptureError`."""
    if "scenario" not in record:
        raise CaptureError(NO_HEAD)
    version = record.get("format", FORMAT)
    if type(version) is not int or not 1 <= version <= FORMAT:
        way_out = "use the netbsd-dm that wrote it, or a newer one"
        raise CaptureError(f"it is of format {version!r}, this reads format {FORMAT}: {way_out}")
    try:
        disks = tuple(_disk(disk) for disk in record.get("disks", []))
        changes = record.get("recorded", {}).get("disk_changes", {})
        changed = {str(name): _changes(sectors) for name, sectors in changes.items()}
    except _MALFORMED as error:
        raise CaptureError(f"not a disk: {error!r}") from None
    return Capture(
        name=str(record["scenario"]),
        description=str(record.get("description", "")),
        disks=disks,
        steps=(),
        changes=changed,
        driver=str(record.get("driver", "")),
    )


def read_entry(record: JsonObject) -> Entry:
    """What any other line says; raises `CaptureError`."""
    try:
        if "argv" in record:
            return _command_line(record)
        if "fault" in record and "n" not in record:
            return FaultNote(_faults(record), str(record.get("what", "")), _at(record))
        return _step(record)
    except _MALFORMED as error:
        raise CaptureError(f"not a step: {error!r}") from None


_MALFORMED = (AttributeError, KeyError, OverflowError, TypeError, ValueError)
"""What comes of a value that has not the form it should have."""


def _disk(record: JsonObject) -> Disk:
    major, minor = record["dev"]
    sectors = int(record["sectors"])
    if not 0 <= sectors <= _SECTORS_MAX:
        raise ValueError(f"{sectors} sectors")
    return Disk(str(record["name"]), sectors, int(major), int(minor), record.get("tag", ""))


def _changes(sectors: list[Any]) -> DiskChanges:
    """Of many changed sectors a recording lists the first, and ends in their number."""
    listed = {int(item[0]): str(item[2]) for item in sectors if isinstance(item, list)}
    total = _TOTAL.search(sectors[-1]) if isinstance(sectors[-1], str) else None
    return DiskChanges(int(total[1]) if total else len(listed), listed)


_TOTAL = re.compile(r"([0-9]+) sectors")


def _step(record: JsonObject) -> Step:
    request = record.get("request")
    return Step(
        number=int(record["n"]),
        label=str(record.get("label", "")),
        step_class=StepClass(record["class"]),
        request=None if request is None else read_text(request),
        reply=_reply(record) if request is not None else None,
        restarted_after=bool(record.get("server_restarted_after")),
        access=read_access(record["io"]) if "io" in record else None,
        note=str(record.get("note", "")),
        run=_number(record, "run"),
        client=_number(record, "client"),
        at_seconds=_at(record),
        faults=_faults(record),
        is_dropped=bool(record.get("dropped")),
        truncated_bytes=_number(record, "truncated"),
    )


def _command_line(record: JsonObject) -> CommandLine:
    stdin = record.get("stdin")
    return CommandLine(
        run=int(record["run"]),
        argv=tuple(map(str, record["argv"])),
        stdin=None if stdin is None else str(stdin),
        exit_status=_number(record, "exit"),
        output=str(record.get("output", "")),
    )


def _number(record: JsonObject, key: str) -> int | None:
    return int(record[key]) if key in record else None


def _at(record: JsonObject) -> float | None:
    return float(record["at"]) if "at" in record else None


def _faults(record: JsonObject) -> tuple[str, ...]:
    faults = record.get("fault", [])
    if not isinstance(faults, list):
        raise TypeError(f"fault is {faults!r}, not an array of texts")
    return tuple(map(str, faults))


def _reply(record: JsonObject) -> Recorded | None:
    if "reply" in record:
        return Recorded(read_text(record["reply"]))
    if "reply_sha256" in record:
        return Recorded(None, str(record["reply_sha256"]), int(record["reply_bytes"]))
    return None
