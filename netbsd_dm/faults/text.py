"""A rule as text: `SUBJECT [SELECTOR]... [SCHEDULE]... EFFECT...`, with blanks between.

    reload nth=2 errno=ENOENT
    resume name=vol* delay=200ms
    create once drop
    open device=/dev/wd2a
    read,write name=vol1 sectors=100-200 errno=EIO

The subject is a command, several with commas, `any`, `open`, or I/O: `read`, `write`,
`flush`, `discard`, or `io` for all four.
"""

import re
from collections.abc import Callable
from typing import Final, TypeVar

from ..wire.errors import Errno
from .rules import EFFECT_WORDS, OPEN, Effect, Rule
from .schedule import Schedule

T = TypeVar("T")

_KEYS: Final = (
    *("name", "uuid", "minor", "device", "sectors"),
    *("nth", "first", "after", "every", "seed", "rate"),
    *EFFECT_WORDS,
)
_ALONE: Final = ("once", "hangup", "drop")
_UNITS: Final = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0}
_TIME: Final = re.compile(r"([0-9]+(?:\.[0-9]*)?)(us|ms|s|min)")
_SECTORS: Final = re.compile(r"([0-9]+)(?:-([0-9]+))?")


def parse_rule(text: str) -> Rule:
    """The rule that `text` is; raises `ValueError` saying what is wrong with which word."""
    subject, *words = text.split() or [""]
    if not subject:
        raise ValueError("an empty rule: write one such as 'reload nth=2 errno=ENOENT'")
    try:
        return _rule(subject, _Words(words))
    except ValueError as error:
        raise ValueError(f"the rule {text!r}: {error}") from None


def _rule(subject: str, words: "_Words") -> Rule:
    on = tuple(subject.split(","))
    errno = words.read("errno", _errno)
    if errno is None and on == (OPEN,):
        errno = Errno.ENOENT  # what the driver makes of every failure to open
    rate = words.read("rate", float)
    return Rule(
        on=on,
        name=words.read("name", str),
        uuid=words.read("uuid", str),
        minor=words.read("minor", int),
        device=words.read("device", str),
        sectors=words.read("sectors", _sectors),
        schedule=Schedule(
            nth=1 if words.has("once") else words.read("nth", int),
            first=words.read("first", int),
            after=words.read("after", int),
            every=words.read("every", int),
            seed=words.read("seed", int),
            rate=0.5 if rate is None else rate,
        ),
        effect=Effect(
            errno=errno,
            ioctl=words.read("ioctl", _errno),
            delay_seconds=words.read("delay", _seconds) or 0.0,
            hangup=words.has("hangup"),
            drop=words.has("drop"),
            cut_bytes=words.read("cut", _count),
            truncate_bytes=words.read("truncate", _count),
        ),
    )


class _Words:
    """The words of a rule after its subject."""

    def __init__(self, words: list[str]) -> None:
        self._given: dict[str, str] = {}
        for word in words:
            key, equals, value = word.partition("=")
            if key in self._given:
                raise ValueError(f"{key} is there twice")
            if not (key in _ALONE and not equals) and not (key in _KEYS and value):
                raise ValueError(f"{word!r} is none of {_known()}")
            self._given[key] = value

    def has(self, key: str) -> bool:
        return key in self._given

    def read(self, key: str, reader: Callable[[str], T]) -> T | None:
        """The value of a word, or None; raises `ValueError` naming it."""
        value = self._given.get(key)
        if value is None:
            return None
        try:
            return reader(value)
        except ValueError as error:
            raise ValueError(f"{key}={value}: {error}") from None


def _known() -> str:
    return ", ".join((*(f"{key}=" for key in _KEYS if key not in _ALONE), *_ALONE))


def _errno(text: str) -> int:
    if text.isascii() and text.isdigit():
        return int(text)
    try:
        return Errno[text.upper()]
    except KeyError:
        raise ValueError(f"no error number; there are {', '.join(Errno.__members__)}") from None


def _seconds(text: str) -> float:
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError("give a time with its unit, such as 200ms, 1.5s or 2min")
    return float(match[1]) * _UNITS[match[2]]


def _sectors(text: str) -> range:
    match = _SECTORS.fullmatch(text)
    if match is None or int(match[2] or match[1]) < int(match[1]):
        raise ValueError("give the first sector and the last, such as 100-200")
    return range(int(match[1]), int(match[2] or match[1]) + 1)


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError("give a number of bytes")
    return int(text)
