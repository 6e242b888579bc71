"""A rule as a value: what it is about, which of those matches hit, and what happens then."""

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final, NamedTuple

from ..wire.commands import COMMAND_NAMES
from ..wire.errors import error_name
from .schedule import Schedule

ANY_COMMAND: Final = "any"
OPEN: Final = "open"
ANY_IO: Final = "io"
IO_OPS: Final = ("read", "write", "flush", "discard")
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """When what happens.  Raises `ValueError` for what has no meaning together."""

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
        for subject in self.on:
            if subject not in SUBJECTS:
                raise ValueError(f"no subject {subject!r}; there are {', '.join(SUBJECTS)}")
        if self.effect == NO_EFFECT:
            raise ValueError(f"nothing happens: give one of {', '.join(EFFECT_WORDS)}")
        kind, *others = {_kind(subject) for subject in self.on}
        if others:
            raise ValueError("commands, open and I/O do not go together: make two rules")
        for word in self.words():
            if word not in _TAKES[kind]:
                raise ValueError(f"{word} has no meaning for {','.join(self.on)}")
        if self.device is not None and (self.name, self.uuid, self.minor) != (None, None, None):
            raise ValueError("device= is a physical device, name=, uuid=, minor= a mapped one")

    @property
    def is_about_io(self) -> bool:
        return _kind(self.on[0]) == ANY_IO

    def is_on(self, subject: str) -> bool:
        """Whether it is about that command or kind of access."""
        return subject in self.on or _kind(subject) in self.on

    def matches(self, subject: str, names: Names) -> bool:
        """Whether it is about `subject` on a mapped device of those names."""
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
        return wanted is None or (first_sector < wanted.stop and wanted.start < end_sector)

    def __str__(self) -> str:
        """The rule as `parse_rule` takes it."""
        return " ".join((",".join(self.on), *self.words().values()))

    def words(self) -> dict[str, str]:
        """What it says besides its subject: the text of each word that is given."""
        schedule, effect = self.schedule, self.effect
        values = {
            "name": self.name,
            "uuid": self.uuid,
            "minor": self.minor,
            "device": self.device,
            "sectors": f"{self.sectors.start}-{self.sectors.stop - 1}" if self.sectors else None,
            "nth": schedule.nth,
            "first": schedule.first,
            "after": schedule.after,
            "every": schedule.every,
            "seed": schedule.seed,
            "rate": schedule.rate if schedule.seed is not None else None,
            "errno": None if effect.errno is None else _number_text(effect.errno),
            "ioctl": None if effect.ioctl is None else _number_text(effect.ioctl),
            "delay": f"{effect.delay_seconds * 1000:.10g}ms" if effect.delay_seconds else None,
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


_SCHEDULE: Final = ("nth", "first", "after", "every", "seed", "rate")
EFFECT_WORDS: Final = ("errno", "ioctl", "delay", "hangup", "drop", "cut", "truncate")
_TAKES: Final = {
    ANY_COMMAND: frozenset(("name", "uuid", "minor", *_SCHEDULE, *EFFECT_WORDS)),
    OPEN: frozenset(("device", *_SCHEDULE, "errno")),
    ANY_IO: frozenset(("name", "uuid", "minor", "device", "sectors", *_SCHEDULE, "errno", "delay")),
}
"""The words that a rule about each kind of subject takes."""


def _number_text(errno: int) -> str:
    return error_name(errno).removeprefix("errno ")
