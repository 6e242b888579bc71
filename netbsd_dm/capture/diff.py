"""Where a reply departs from the recorded one."""

from collections.abc import Iterator
from enum import Enum
from itertools import zip_longest
from typing import NamedTuple

from ..plist.escapes import to_text

CONTEXT_LINES = 3


class Side(Enum):
    """Whose line it is."""

    BOTH = " "
    RECORDED = "-"
    ANSWERED = "+"


class DiffLine(NamedTuple):
    """One line around the first difference, with its number in its text."""

    side: Side
    number: int
    text: str


def first_difference(recorded: bytes, answered: bytes) -> Iterator[DiffLine]:
    """The lines around the first difference of two texts: some before it, one each."""
    pairs = zip_longest(_lines(recorded), _lines(answered))
    before: list[DiffLine] = []
    for number, (old, new) in enumerate(pairs, 1):
        if old == new and old is not None:
            before = [*before, DiffLine(Side.BOTH, number, old)][-CONTEXT_LINES:]
            continue
        yield from before
        if old is not None:
            yield DiffLine(Side.RECORDED, number, old)
        if new is not None:
            yield DiffLine(Side.ANSWERED, number, new)
        return


def _lines(text: bytes) -> list[str]:
    return to_text(text).split("\n")
