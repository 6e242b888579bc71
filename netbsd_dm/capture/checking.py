"""Everything that is wrong with a capture file, and what may be."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from ..wire import keys
from . import forms
from .format import CaptureError, Step, StepClass, read_entry, read_head
from .meaning import NO_PLIST, meaning_of
from .records import JsonObject, Line, read_lines


class Problem(NamedTuple):
    """What is wrong in a line; a hint is no error, but may not be meant so."""

    line: int
    text: str
    is_hint: bool


@dataclass(frozen=True, slots=True)
class Checked:
    """A file that has been checked: how many steps it has, and all its problems."""

    steps: int
    problems: tuple[Problem, ...]

    @property
    def errors(self) -> int:
        """How many of the problems are no hints."""
        return sum(not problem.is_hint for problem in self.problems)


def check(path: Path) -> Checked:
    """Read all of a file, whatever is wrong with it; raises `OSError`."""
    checker = _Checker()
    problems = [
        Problem(line.number, text, is_hint)
        for line in read_lines(path)
        for text, is_hint in checker.look_at(line)
    ]
    if checker.is_empty:
        problems.append(Problem(1, "the file is empty", is_hint=False))
    return Checked(checker.steps, tuple(problems))


class _Remark(NamedTuple):
    text: str
    is_hint: bool = False


class _Checker:
    """Looks at line after line, and remembers what the next ones must fit to."""

    def __init__(self) -> None:
        self.is_empty = True
        self.steps = 0
        self._last_number = 0

    def look_at(self, line: Line) -> Iterator[_Remark]:
        """What is wrong in a line."""
        is_first, self.is_empty = self.is_empty, False
        if line.is_cut:
            way_out = "netbsd-dm capture trim leaves it out"
            yield _Remark(f"the recording was interrupted in this line; {way_out}")
        elif line.fault:
            yield _Remark(line.fault)
        elif is_first:
            yield from _head_faults(line.record)
        else:
            yield from self._entry_faults(line.record)

    def _entry_faults(self, record: JsonObject) -> Iterator[_Remark]:
        kind = _kind(record)
        faults = [_Remark(text) for text in kind.faults(record)]
        yield from faults
        yield from _unknown_keys(kind, record)
        if kind is forms.STEP:
            self.steps += 1
            yield from self._number_faults(record.get("n"))
        if faults:
            return
        try:
            entry = read_entry(record)
        except CaptureError as error:
            yield _Remark(str(error))
            return
        if isinstance(entry, Step):
            yield from _step_faults(entry, record)

    def _number_faults(self, number: object) -> Iterator[_Remark]:
        if type(number) is int and number > 0:
            if number <= self._last_number:
                yield _Remark(f"n is {number}, after {self._last_number}: it must rise")
            self._last_number = number


def _kind(record: JsonObject) -> forms.Kind:
    if "argv" in record:
        return forms.COMMAND_LINE
    return forms.FAULT_NOTE if "fault" in record and "n" not in record else forms.STEP


def _unknown_keys(kind: forms.Kind, record: JsonObject) -> Iterator[_Remark]:
    for key in kind.unknown(record):
        yield _Remark(f"the key {key!r} means nothing here", is_hint=True)


def _head_faults(record: JsonObject) -> Iterator[_Remark]:
    faults = [_Remark(text) for text in forms.HEAD.faults(record)]
    yield from faults
    yield from _unknown_keys(forms.HEAD, record)
    if faults:
        return
    try:
        head = read_head(record)
    except CaptureError as error:
        yield _Remark(str(error))
        return
    for name, count in Counter(disk.name for disk in head.disks).items():
        if count > 1:
            yield _Remark(f"{count} disks are called {name}")
    for dev, count in Counter((disk.major, disk.minor) for disk in head.disks).items():
        if count > 1:
            yield _Remark(f"{count} disks have the dev {list(dev)}", is_hint=True)


def _step_faults(step: Step, record: JsonObject) -> Iterator[_Remark]:
    """What does not go together in a step that can be read."""
    if (step.request is None) is (step.access is None):
        yield _Remark("it must have either a request or an io")
    if step.request is None:
        return
    if "reply" in record and "reply_sha256" in record:
        yield _Remark("it must not have both a reply and a reply_sha256")
    if "dropped" in record and "truncated" in record:
        yield _Remark("it must not have both dropped and truncated")
    if step.truncated_bytes is not None and step.reply is None:
        yield _Remark("it is truncated, but has no reply")
    if step.step_class is StepClass.STABLE:
        yield from _stable_hints(step, step.request)


def _stable_hints(step: Step, request: bytes) -> Iterator[_Remark]:
    """What a stable step may have forgotten."""
    if step.reply is None:
        yield _Remark("it is stable, but has no reply: nothing is compared", is_hint=True)
        return
    if step.reply.text is None:
        return
    meaning = meaning_of(request, step.reply.text)
    if meaning.reply is None:
        yield _Remark(f"the reply is {NO_PLIST}", is_hint=True)
    elif meaning.request is None and keys.ERRNO not in meaning.reply:
        yield _Remark(f"the request is {NO_PLIST}, but the reply has no errno", is_hint=True)
