"""The server that a test wants, by its marks; and what its recording is called."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from .disks import DISKS, SECTORS
from .server import ClockKind, DmServer

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What `DmServer` takes, as far as a mark can say it."""

    profile: str
    disks: int
    sectors: int
    clock: str
    nbd: bool

    def start(self, record: Path | None) -> DmServer:
        """Such a server; raises `ValueError` for a value that is none."""
        return DmServer(
            self.profile,
            disks=self.disks,
            sectors=self.sectors,
            clock=self.clock,
            nbd=self.nbd,
            record=record,
        )


_KEYS: Final = tuple(Wanted.__dataclass_fields__)


def wanted_by(marks: Iterable[Mapping[str, object]], *, profile: str, has_clock: bool) -> Wanted:
    """What the keywords of the marks of a test come to, those of the closest mark first.

    `profile` is for tests that do not say; with `has_clock` they want a manual clock.
    Raises `ValueError`.
    """
    given: dict[str, object] = {}
    for mark in marks:
        given = {**mark, **given}
    for key in given:
        if key not in _KEYS:
            raise ValueError(f"no {key!r}: it takes {', '.join(_KEYS)}")
    return Wanted(
        profile=_take(given, "profile", profile),
        disks=_take(given, "disks", DISKS),
        sectors=_take(given, "sectors", SECTORS),
        clock=_take(given, "clock", ClockKind.MANUAL if has_clock else ClockKind.WALL, str),
        nbd=_take(given, "nbd", default=False),
    )


def _take(given: Mapping[str, object], key: str, default: T, kind: type[T] | None = None) -> T:
    kind = kind or type(default)
    value = given.get(key, default)
    if not isinstance(value, kind):
        raise ValueError(f"{key}={value!r} is no {kind.__name__}")
    return value


_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_.,=+-]")
_NAME_LENGTH_MAX: Final = 120
_DIGEST_LENGTH: Final = 8


def recording_path(directory: Path, test_id: str) -> Path:
    """Where the recording of a test goes: `tests/test_a.py::test_b` to tests.test_a.test_b.jsonl.

    A name that had to be changed further ends in a digest, so that no two are alike.
    """
    plain = test_id.replace(".py::", ".").replace("::", ".").replace("/", ".")
    name = _UNSAFE.sub("_", plain)[:_NAME_LENGTH_MAX]
    if name != plain:
        name += "-" + hashlib.sha256(test_id.encode()).hexdigest()[:_DIGEST_LENGTH]
    return directory / f"{name}.jsonl"
