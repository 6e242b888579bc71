"""Writing a capture: its lines, and the file they are appended to."""

import errno
import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from ..resources.closing import Closing
from .format import FORMAT, Disk, StepClass
from .meaning import label_of
from .records import JsonObject, to_line, write_text

_AT_DIGITS: Final = 6
"""A clock is written to the microsecond."""


def head(scenario: str, description: str, driver: str, disks: Iterable[Disk]) -> bytes:
    """The first line; `driver` says which one answers: `netbsd-dm 0.1.0, profile standard`."""
    return to_line(
        {
            "format": FORMAT,
            "scenario": scenario,
            "description": description,
            "driver": driver,
            "disks": [_disk(disk) for disk in disks],
        }
    )


def _disk(disk: Disk) -> JsonObject:
    record: JsonObject = {
        "name": disk.name,
        "sectors": disk.sectors,
        "dev": [disk.major, disk.minor],
    }
    return record | {"tag": disk.tag} if disk.tag else record


def step(
    number: int,
    request: bytes,
    reply: bytes | None,
    *,
    label: str | None = None,
    step_class: StepClass = StepClass.STABLE,
    client: int | None = None,
    at_seconds: float | None = None,
    faults: Iterable[str] = (),
    is_dropped: bool = False,
    truncated_bytes: int | None = None,
    note: str = "",
) -> bytes:
    """The line of an exchange, by the names of `Step`.

    Without a `label` it gets one from its command and device: `reload vol1`.
    """
    optional: JsonObject = {
        "client": client,
        "at": _at(at_seconds),
        "fault": list(faults) or None,
        "dropped": is_dropped or None,
        "truncated": truncated_bytes,
        "note": note or None,
        "request": write_text(request),
        "reply": None if reply is None else write_text(reply),
    }
    record: JsonObject = {
        "n": number,
        "label": label_of(request) if label is None else label,
        "class": step_class.value,
    }
    return to_line(record | _given(optional))


def fault_note(faults: Iterable[str], what: str, at_seconds: float | None = None) -> bytes:
    """The line of a fault outside of an exchange: `read of vol1, sectors 100-107`."""
    return to_line(_given({"fault": list(faults), "at": _at(at_seconds), "what": what}))


def _at(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, _AT_DIGITS)


def _given(record: JsonObject) -> JsonObject:
    return {key: value for key, value in record.items() if value is not None}


class CaptureFile(Closing):
    """A capture that grows by whole lines.

    Each line is one write to the end of the file, so that an interrupted recording
    lacks at most the end of its last line.  `path` must be new, or empty, or no regular
    file (a pipe, say); else `FileExistsError`.
    """

    def __init__(self, path: Path, head_line: bytes) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        self._torn_at_bytes: int | None = None
        try:
            state = os.fstat(self._fd)
            self._is_regular = stat.S_ISREG(state.st_mode)
            if self._is_regular and state.st_size:
                raise FileExistsError(errno.EEXIST, "it is not empty; name another", str(path))
            self.append(head_line)
        except BaseException:
            os.close(self._fd)
            raise

    def append(self, line: bytes) -> None:
        """Write a line, or nothing of it; raises `OSError`, as on a full disk.

        The file stays a capture, and the next line may be tried.
        """
        self._mend()
        end_bytes = os.fstat(self._fd).st_size
        rest = memoryview(line)
        try:
            while rest:
                rest = rest[os.write(self._fd, rest) :]
        except OSError:
            self._torn_at_bytes = end_bytes if self._is_regular else None
            with suppress(OSError):  # the next line tries again
                self._mend()
            raise

    def close(self) -> None:
        """End the file."""
        os.close(self._fd)

    def _mend(self) -> None:
        """Take back what was written of a line that failed; raises `OSError`."""
        torn_at_bytes = self._torn_at_bytes
        if torn_at_bytes is not None and os.fstat(self._fd).st_size > torn_at_bytes:
            os.ftruncate(self._fd, torn_at_bytes)
        self._torn_at_bytes = None
