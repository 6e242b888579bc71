"""A rule as text: `SUBJECT [SELECTOR]... [SCHEDULE]... EFFECT...`, with blanks between.

    reload nth=2 errno=ENOENT
    resume name=vol* delay=200ms
    create once drop
    open device=/dev/wd2a
    read,write name=vol1 sectors=100-200 errno=EIO

The subject is a command, several with commas, `any`, `open`, or I/O: `read`, `write`,
`flush`, `discard`, or `io` for all four.  A pattern with blanks is quoted, as in a shell.
"""

import re
import shlex
from collections.abc import Callable
from typing import Final, TypeVar

from ..wire.errors import Errno
from .rules import OPEN, WORDS, Effect, Rule
from .schedule import Schedule
from .times import parse_time

T = TypeVar("T")

_ALONE: Final = ("once", "hangup", "drop")
_KEYS: Final = tuple(word for word in WORDS if word not in _ALONE)
_MAY_BE_EMPTY: Final = ("name", "uuid")
_SECTORS: Final = re.compile(r"([0-9]+)(?:-([0-9]+))?")


def parse_rule(text: str) -> Rule:
    """The rule that `text` is; raises `ValueError` saying what is wrong with which word."""
    try:
        subject, *words = shlex.split(text) or [""]
        if not subject:
            raise ValueError("it is empty: write one such as 'reload nth=2 errno=ENOENT'")
        return _rule(tuple(subject.split(",")), _Words(words))
    except ValueError as error:
        raise ValueError(f"the rule {text!r}: {error}") from None


def _rule(on: tuple[str, ...], words: "_Words") -> Rule:
    errno = words.read("errno", _errno)
    if errno is None and set(on) == {OPEN}:
        errno = Errno.ENOENT  # what the driver makes of every failure to open
    nth = words.read("nth", _number)
    if words.has("once"):
        if nth is not None:
            raise ValueError("once is nth=1: leave one of them out")
        nth = 1
    return Rule(
        on=on,
        name=words.read("name", str),
        uuid=words.read("uuid", str),
        minor=words.read("minor", _number),
        device=words.read("device", str),
        sectors=words.read("sectors", _sectors),
        schedule=Schedule(
            nth=nth,
            first=words.read("first", _number),
            after=words.read("after", _number),
            every=words.read("every", _number),
            seed=words.read("seed", _number),
            rate=words.read("rate", _part),
        ),
        effect=Effect(
            errno=errno,
            ioctl=words.read("ioctl", _errno),
            delay_seconds=words.read("delay", parse_time) or 0.0,
            hangup=words.has("hangup"),
            drop=words.has("drop"),
            cut_bytes=words.read("cut", _number),
            truncate_bytes=words.read("truncate", _number),
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
            if not (key in _KEYS if equals else key in _ALONE):
                raise ValueError(f"{word!r} is none of {_KNOWN}")
            if equals and not value and key not in _MAY_BE_EMPTY:
                raise ValueError(f"{key}= has no value")
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


_KNOWN: Final = ", ".join((*(f"{key}=" for key in _KEYS), *_ALONE))


def _errno(text: str) -> int:
    try:
        return _number(text)
    except ValueError:
        pass
    try:
        return Errno[text.upper()]
    except KeyError:
        names = ", ".join(Errno.__members__)
        raise ValueError(f"give a number of NetBSD's errno(2), or one of {names}") from None


def _sectors(text: str) -> range:
    match = _SECTORS.fullmatch(text)
    if match is None or int(match[2] or match[1]) < int(match[1]):
        raise ValueError("give the first sector and the last, such as 100-200")
    return range(int(match[1]), int(match[2] or match[1]) + 1)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError("give a whole number")
    return int(text)


def _part(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError("give a part of 1, such as 0.25") from None
