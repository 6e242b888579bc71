"""A smaller capture: some steps of another, each line as it was."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from .format import Capture, Step
from .records import JsonObject, Line, to_line
from .selection import Selection, choose
from .session import Followed, Known, follow

_RECORDED: Final = "recorded"
_DISK_CHANGES: Final = "disk_changes"
_RESTARTED: Final = "server_restarted_after"


@dataclass(frozen=True, slots=True)
class Trimmed:
    """The lines that are left, with their line feeds, and what to know about them."""

    lines: tuple[bytes, ...]
    kept: int
    total: int
    remarks: tuple[str, ...]


def trim(lines: Sequence[Line], capture: Capture, selection: Selection) -> Trimmed:
    """What `selection` leaves of `capture`, which was read from `lines`.

    The head stays, and with a step its command line before it and the faults noted
    behind it.  Keys and layout stay as they are, known or not.  Two things change: a
    restart behind a step that is left out moves to the step before it, and what the
    disks held at the end is left out where steps are.
    """
    trimming = _Trimming()
    for place, followed, is_taken in choose(follow(capture.entries), selection):
        if is_taken:
            trimming.keep(lines[place + 1], followed)
        else:
            trimming.drop(followed)
    total = len(capture.steps)
    head, remarks = lines[0], list(trimming.remarks())
    if trimming.kept < total and _DISK_CHANGES in head.record.get(_RECORDED, {}):
        head = _changed(head, {_RECORDED: _without(head.record[_RECORDED], _DISK_CHANGES)})
        remarks.append("what the disks held at the end is left out: it came of all steps")
    if capture.is_cut:
        remarks.append("the last line was incomplete, and is left out")
    texts = tuple(line.text + b"\n" for line in (head, *trimming.lines))
    return Trimmed(texts, trimming.kept, total, tuple(remarks))


class _Trimming:
    """Takes entries in order, and remembers what those that are left out did."""

    def __init__(self) -> None:
        self._last_step: int | None = None  # where in `lines` the last kept step stands
        self._dropped: set[int] = set()
        self._orphans: Counter[Known] = Counter()
        self._names: dict[Known, str | None] = {}  # when they were first used
        self.lines: list[Line] = []
        self.kept = 0

    def keep(self, line: Line, followed: Followed) -> None:
        """Keep an entry, and the line it was read from."""
        if isinstance(followed.entry, Step):
            self._last_step = len(self.lines)
            self.kept += 1
            if followed.device is not None and followed.device.created_by in self._dropped:
                self._orphans[followed.device] += 1
                self._names.setdefault(followed.device, followed.name)
        self.lines.append(line)

    def drop(self, followed: Followed) -> None:
        """Leave an entry out."""
        step = followed.entry
        if not isinstance(step, Step):
            return
        self._dropped.add(step.number)
        if step.restarted_after and self._last_step is not None:
            line = self.lines[self._last_step]
            self.lines[self._last_step] = _changed(line, {_RESTARTED: True})

    def remarks(self) -> Iterator[str]:
        """The devices that are used, but no longer created."""
        for known, count in self._orphans.items():
            name = self._names[known] or known.uuid or f"minor {known.minor}"
            yield f"{name}: {count} steps are kept, but not its create, step {known.created_by}"


def _changed(line: Line, changes: JsonObject) -> Line:
    record = line.record | changes
    return Line(line.number, to_line(record).rstrip(b"\n"), record)


def _without(record: JsonObject, key: str) -> JsonObject:
    return {name: value for name, value in record.items() if name != key}
