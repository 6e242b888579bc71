"""A rule as a value: what it is about, which of those matches hit, and what happens then."""

import re
import shlex
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final, NamedTuple

from ..plist.escapes import to_bytes
from ..wire.commands import COMMAND_NAMES
from ..wire.errors import error_name
from .schedule import Schedule
from .times import time_text

ANY_COMMAND: Final = "any"
OPEN: Final = "open"
ANY_IO: Final = "io"
FLUSH: Final = "flush"
IO_OPS: Final = ("read", "write", FLUSH, "discard")
SUBJECTS: Final = (*COMMAND_NAMES, ANY_COMMAND, OPEN, ANY_IO, *IO_OPS)


class Names(NamedTuple):
    """What a command or an access is about; empty and 0 for what is not known."""

    name: str = ""
    uuid: str = ""
    minor: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a hit does; several effects go together where that has a meaning."""

    errno: int | None = None
    """The command, open or access fails with NetBSD's number."""
    ioctl: int | None = None
    """The exchange itself fails, as if ioctl(2) had given that number."""
    delay_seconds: float = 0.0
    """It takes that much longer; before anything else happens."""
    hangup: bool = False
    """The connection drops and the command is not carried out."""
    drop: bool = False
    """The command is carried out; the connection drops instead of the reply."""
    cut_bytes: int | None = None
    """So many bytes of the reply are sent, length included; then the connection drops."""
    truncate_bytes: int | None = None
    """The text of the reply ends after so many bytes, and its length says so."""

    def __or__(self, other: "Effect") -> "Effect":
        """Both; delays add up, and of two numbers the first counts."""
        return Effect(
            errno=_first(self.errno, other.errno),
            ioctl=_first(self.ioctl, other.ioctl),
            delay_seconds=self.delay_seconds + other.delay_seconds,
            hangup=self.hangup or other.hangup,
            drop=self.drop or other.drop,
            cut_bytes=_first(self.cut_bytes, other.cut_bytes),
            truncate_bytes=_first(self.truncate_bytes, other.truncate_bytes),
        )


def _first(one: int | None, other: int | None) -> int | None:
    return other if one is None else one


NO_EFFECT: Final = Effect()
LONGEST_DELAY_SECONDS: Final = 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """When what happens.  Raises `ValueError` for what has no meaning, or none together."""

    on: tuple[str, ...]
    """Commands, `any`, `open`, `io`, or kinds of I/O."""
    name: str | None = None
    """A pattern (fnmatch(3)) for the name of the mapped device."""
    uuid: str | None = None
    minor: int | None = None
    device: str | None = None
    """A pattern for the name of a physical device, as tables have it."""
    sectors: range | None = None
    """I/O to any of these sectors, of the mapped device or else the physical one."""
    schedule: Schedule = field(default_factory=Schedule)
    effect: Effect

    def __post_init__(self) -> None:
        _check_subjects(self.on)
        _check_effect(self.effect)
        words, takes = self.words(), _TAKES[self.kind]
        for word in words:
            if word not in takes:
                allowed = ", ".join(each for each in WORDS if each in takes)
                raise ValueError(f"{word} has no meaning for {','.join(self.on)}: give {allowed}")
            if excluded := [other for other in _EXCLUDED.get(word, ()) if other in words]:
                raise ValueError(f"{word} leaves nothing for {excluded[0]}: leave one of them out")
        _check_selectors(self)

    @property
    def kind(self) -> str:
        """What its subjects are: `any` for commands, `open` or `io`."""
        return _kind(self.on[0])

    @property
    def is_about_io(self) -> bool:
        return self.kind == ANY_IO

    def is_on(self, subject: str) -> bool:
        """Whether it is about that subject of its kind."""
        return subject in self.on or self.kind in self.on

    def matches(self, subject: str, names: Names) -> bool:
        """Whether it is about `subject`, of its kind, on a mapped device of those names."""
        return (
            self.is_on(subject)
            and (self.name is None or fnmatchcase(names.name, self.name))
            and (self.uuid is None or fnmatchcase(names.uuid, self.uuid))
            and (self.minor is None or names.minor == self.minor)
        )

    def matches_device(self, name: str) -> bool:
        """Whether it is about the physical device of that name."""
        return self.device is None or fnmatchcase(name, self.device)

    def matches_sectors(self, first_sector: int, end_sector: int) -> bool:
        """Whether it is about any of the sectors from the first and below the end."""
        wanted = self.sectors
        return wanted is None or (max(first_sector, wanted.start) < min(end_sector, wanted.stop))

    def __str__(self) -> str:
        """The rule as `parse_rule` takes it."""
        return " ".join((",".join(self.on), *self.words().values()))

    def words(self) -> dict[str, str]:
        """What it says besides its subject: the text of each word that is given."""
        schedule, effect = self.schedule, self.effect
        values = {
            "name": _quoted(self.name),
            "uuid": _quoted(self.uuid),
            "minor": self.minor,
            "device": _quoted(self.device),
            "sectors": None if self.sectors is None else _range_text(self.sectors),
            "nth": schedule.nth,
            "first": schedule.first,
            "after": schedule.after,
            "every": schedule.every,
            "seed": schedule.seed,
            "rate": schedule.rate,
            "errno": _number_text(effect.errno),
            "ioctl": _number_text(effect.ioctl),
            "delay": time_text(effect.delay_seconds) if effect.delay_seconds else None,
            "cut": effect.cut_bytes,
            "truncate": effect.truncate_bytes,
        }
        words = {word: f"{word}={value}" for word, value in values.items() if value is not None}
        flags = {"hangup": effect.hangup, "drop": effect.drop}
        return words | {word: word for word, given in flags.items() if given}


def _kind(subject: str) -> str:
    if subject in IO_OPS:
        return ANY_IO
    return subject if subject in (OPEN, ANY_IO) else ANY_COMMAND


_MAPPED: Final = ("name", "uuid", "minor")
_SCHEDULE: Final = ("nth", "first", "after", "every", "seed", "rate")
EFFECT_WORDS: Final = ("errno", "ioctl", "delay", "hangup", "drop", "cut", "truncate")
WORDS: Final = (*_MAPPED, "device", "sectors", *_SCHEDULE, *EFFECT_WORDS)
_EXCLUDED: Final = {
    "errno": ("ioctl",),
    "hangup": ("errno", "ioctl", "drop", "cut", "truncate"),
    "drop": ("cut", "truncate"),
}
"""What an effect leaves no room for."""
_TAKES: Final = {
    ANY_COMMAND: frozenset((*_MAPPED, *_SCHEDULE, *EFFECT_WORDS)),
    OPEN: frozenset(("device", *_SCHEDULE, "errno")),
    ANY_IO: frozenset((*_MAPPED, "device", "sectors", *_SCHEDULE, "errno", "delay")),
}
"""The words that a rule about each kind of subject takes."""


def _check_subjects(subjects: tuple[str, ...]) -> None:
    for subject in subjects or ("",):
        if subject not in SUBJECTS:
            raise ValueError(f"no subject {subject!r}; there are {', '.join(SUBJECTS)}")
    if len({_kind(subject) for subject in subjects}) > 1:
        raise ValueError("commands, open and I/O do not go together: make two rules")


def _check_effect(effect: Effect) -> None:
    if effect == NO_EFFECT:
        raise ValueError(f"nothing happens: give one of {', '.join(EFFECT_WORDS)}")
    if not 0 <= effect.delay_seconds <= LONGEST_DELAY_SECONDS:
        raise ValueError(f"a delay of {effect.delay_seconds} seconds: give 0 to 1e9")
    for errno in (effect.errno, effect.ioctl):
        if errno is not None and errno < 1:
            raise ValueError(f"{errno} is no error number: they are counted from 1")
    for count in (effect.cut_bytes, effect.truncate_bytes):
        if count is not None and count < 0:
            raise ValueError(f"{count} is no number of bytes")


def _check_selectors(rule: Rule) -> None:
    if rule.device is not None and (rule.name, rule.uuid, rule.minor) != (None, None, None):
        raise ValueError(
            "device= is a physical device, name=, uuid=, minor= a mapped one: make two rules"
        )
    for pattern in (rule.name, rule.uuid, rule.device):
        if pattern is not None and b"\0" in to_bytes(pattern):
            raise ValueError(f"{pattern!r}: no name holds a NUL")
    if rule.minor is not None and rule.minor < 1:
        raise ValueError(f"minor={rule.minor}: minors are counted from 1")
    if rule.sectors is not None:
        if rule.sectors.step != 1 or not 0 <= rule.sectors.start < rule.sectors.stop:
            raise ValueError(f"sectors={rule.sectors}: give a range of at least one sector")
        if set(rule.on) == {FLUSH}:
            raise ValueError("sectors has no meaning for flush, which is of a whole device")


_TO_QUOTE: Final = re.compile(r"[\s'\"\\]")


def _quoted(pattern: str | None) -> str | None:
    """A pattern as it stands in a text, where blanks part the words."""
    return shlex.quote(pattern) if pattern and _TO_QUOTE.search(pattern) else pattern


def _range_text(sectors: range) -> str:
    return f"{sectors.start}-{sectors.stop - 1}"


def _number_text(errno: int | None) -> str | None:
    return None if errno is None else error_name(errno).removeprefix("errno ")
