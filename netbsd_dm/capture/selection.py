"""Which steps of a capture are wanted: by number, command and device."""

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final, NamedTuple

from .format import CommandLine, Step, StepClass
from .session import Followed

_RANGE: Final = re.compile(r"([0-9]+)(-([0-9]*))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Selection:
    """What a step must be to be wanted; what is empty asks for nothing."""

    numbers: tuple[range, ...] = ()
    commands: frozenset[str] = frozenset()
    devices: tuple[str, ...] = ()
    """Patterns as in a shell, for names and uuids; `minor 3` for one that has neither."""
    only_stable: bool = False

    @property
    def is_all(self) -> bool:
        """Whether every step is wanted."""
        return self == Selection()

    def takes(self, followed: Followed) -> bool:
        """Whether an entry is a step, and wanted."""
        step = followed.entry
        if not isinstance(step, Step):
            return False
        if self.only_stable and step.step_class is not StepClass.STABLE:
            return False
        if self.numbers and not any(step.number in numbers for numbers in self.numbers):
            return False
        if self.commands and _command(followed) not in self.commands:
            return False
        if not self.devices:
            return True
        names = list(_names(followed))
        return any(fnmatchcase(name, pattern) for name in names for pattern in self.devices)


class Choice(NamedTuple):
    """An entry, the how many-th it is from 0, and whether it is wanted."""

    place: int
    followed: Followed
    is_taken: bool


def choose(entries: Iterable[Followed], selection: Selection) -> Iterator[Choice]:
    """The entries of a capture, judged.

    With a step comes its command line before it, and the faults noted behind it.
    """
    is_taking = selection.is_all
    waiting: Choice | None = None
    for place, followed in enumerate(entries):
        entry = followed.entry
        if isinstance(entry, Step):
            is_taking = selection.takes(followed)
            if is_taking and waiting is not None and _caused(waiting, entry):
                yield waiting
                waiting = None
        elif isinstance(entry, CommandLine) and not selection.is_all:
            waiting = Choice(place, followed, is_taken=True)
            continue
        yield Choice(place, followed, is_taking)


def _caused(choice: Choice, step: Step) -> bool:
    entry = choice.followed.entry
    return isinstance(entry, CommandLine) and entry.run == step.run


def parse_numbers(text: str) -> tuple[range, ...]:
    """The steps in `3`, `3-7`, `3-` or `1,5-9`; raises `ValueError`."""
    return tuple(map(_parse_range, text.split(",")))


def _parse_range(text: str) -> range:
    match = _RANGE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r}: give steps as 3, 3-7, 3- or 1,5-9")
    first = int(match[1])
    last = first if match[2] is None else int(match[3] or sys.maxsize - 1)
    if last < first:
        raise ValueError(f"{text!r}: the last step comes before the first")
    return range(first, last + 1)


def _command(followed: Followed) -> str | None:
    return None if followed.meaning is None else followed.meaning.command


def _names(followed: Followed) -> Iterator[str]:
    """Everything that the device of a step is called, before and after it."""
    minors: list[int | None] = []
    names: list[str | None] = [followed.name]
    if followed.device is not None:
        names += followed.device.name, followed.device.uuid
        minors.append(followed.device.minor)
    if followed.meaning is not None:
        device = followed.meaning.device
        names += device.name, device.uuid, followed.meaning.new_name
        minors.append(device.minor)
    elif isinstance(followed.entry, Step) and followed.entry.access is not None:
        minors.append(followed.entry.access.minor)
    yield from (name for name in names if name)
    yield from (f"minor {minor}" for minor in minors if minor)
