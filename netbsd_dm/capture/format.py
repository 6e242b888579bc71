"""The capture format: one scenario per file, one step per line."""

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from .access import Access, read_access

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

    @property
    def is_comparable(self) -> bool:
        """Whether a reply, or what an access comes to, must equal the recorded one."""
        has_answer = self.reply is not None or (self.access and self.access.recorded)
        return bool(has_answer) and self.step_class is StepClass.STABLE


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

    @property
    def has_accesses(self) -> bool:
        """Whether disks are read or written, so that their contents matter."""
        return any(step.access is not None for step in self.steps)


def read_capture(path: Path) -> Capture:
    """Read a capture file; raises `CaptureError`, or `OSError`."""
    records = list(_records(path))
    if not records or "scenario" not in records[0][1]:
        raise CaptureError(f"{path}: line 1: expected a line that describes the scenario")
    _, head = records[0]
    steps = []
    for line, record in records[1:]:
        if "argv" in record:
            continue  # the command line that caused the next exchanges
        try:
            steps.append(_step(record))
        except (KeyError, TypeError, ValueError) as error:
            raise CaptureError(f"{path}: line {line}: not a step: {error!r}") from None
    try:
        disks = tuple(_disk(disk) for disk in head.get("disks", []))
        changes = head.get("recorded", {}).get("disk_changes", {})
        changed = {str(name): _changes(sectors) for name, sectors in changes.items()}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise CaptureError(f"{path}: line 1: not a disk: {error!r}") from None
    description = str(head.get("description", ""))
    return Capture(str(head["scenario"]), description, disks, tuple(steps), changed)


def _records(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
            except ValueError as error:
                raise CaptureError(f"{path}: line {number}: no JSON: {error}") from None
            if not isinstance(record, dict):
                raise CaptureError(f"{path}: line {number}: expected a JSON object")
            yield number, record


def _disk(record: dict[str, Any]) -> Disk:
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


def _step(record: dict[str, Any]) -> Step:
    request = record.get("request")
    return Step(
        number=int(record["n"]),
        label=str(record.get("label", "")),
        step_class=StepClass(record["class"]),
        request=None if request is None else _text(request),
        reply=_reply(record) if request is not None else None,
        restarted_after=bool(record.get("server_restarted_after")),
        access=read_access(record["io"]) if "io" in record else None,
    )


def _reply(record: dict[str, Any]) -> Recorded | None:
    if "reply" in record:
        return Recorded(_text(record["reply"]))
    if "reply_sha256" in record:
        return Recorded(None, str(record["reply_sha256"]), int(record["reply_bytes"]))
    return None


def _text(value: str | dict[str, str]) -> bytes:
    if isinstance(value, str):
        return value.encode()
    return base64.b64decode(value["base64"], validate=True)
