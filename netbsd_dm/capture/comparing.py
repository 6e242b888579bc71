"""In what two dictionaries differ, by the path of each part, and so two steps."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

from ..plist import PlistDict, PlistValue
from ..plist.display import quoted, shortened, value_text
from .diff import Side, first_difference
from .format import Recorded, Step
from .session import Followed

DIFFERENCES_MAX: Final = 10
"""So many differences of a request or a reply are told, and how many there are besides."""
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Difference:
    """One part that differs: where, what was recorded, and what was found instead.

    None stands for a part that is not there.  An empty `path` is the whole.
    """

    path: str
    recorded: PlistValue | None
    found: PlistValue | None

    def __str__(self) -> str:
        return f"{self.path or 'all'}: {_shown(self.recorded)} -> {_shown(self.found)}"


def differences(
    recorded: PlistValue | None, found: PlistValue | None, path: str = ""
) -> Iterator[Difference]:
    """Every part in which `found` departs from `recorded`, keys in order, elements by number.

    Numbers are compared by value: it is all the same to driver and client whether
    one came as `4` or as `0x4`.  A container that only one side has is one difference.
    """
    pending = [(path, recorded, found)]  # no recursion: the input decides the depth
    while pending:
        place, old, new = pending.pop()
        if isinstance(old, dict) and isinstance(new, dict):
            keys = sorted(old.keys() | new.keys(), reverse=True)
            pending.extend((_below(place, key), old.get(key), new.get(key)) for key in keys)
        elif isinstance(old, list) and isinstance(new, list):
            pairs = list(enumerate(zip_longest(old, new)))
            pending.extend((f"{place}[{n}]", a, b) for n, (a, b) in reversed(pairs))
        elif not _are_equal(old, new):
            yield Difference(place, old, new)


def _are_equal(old: PlistValue | None, new: PlistValue | None) -> bool:
    """Whether two values without parts in common are the same; true is not 1."""
    return isinstance(old, bool) == isinstance(new, bool) and old == new


def _below(path: str, key: str) -> str:
    if not _PLAIN_KEY.fullmatch(key):
        return f"{path}[{quoted(key)}]"
    return f"{path}.{key}" if path else key


def _shown(value: PlistValue | None) -> str:
    return "absent" if value is None else value_text(value)


def step_differences(old: Followed, new: Followed, *, only_meaning: bool = False) -> Iterator[str]:
    """What two steps differ in, a line each: `request.cmd_data[0].params: "a" -> "b"`.

    Of the reply what the request does not tell already: a reply echoes its request.
    Numbers, labels, clients and times are not compared.  With `only_meaning`, neither is
    how a dictionary is written: its layout, and the form of its numbers.
    """
    ours, theirs = old.entry, new.entry
    if not isinstance(ours, Step) or not isinstance(theirs, Step):
        return
    for name, value_of in _COMPARED.items():
        if value_of(ours) != value_of(theirs):
            yield f"{name}: {shortened(value_of(ours), 100)} -> {shortened(value_of(theirs), 100)}"
    one, other = old.meaning, new.meaning
    if one is None or other is None:
        return
    asked = list(
        _text_differences(
            "request",
            (one.request_text, one.request),
            (other.request_text, other.request),
            only_meaning,
        )
    )
    yield from _the_first(asked)
    if _is_digest(ours.reply) or _is_digest(theirs.reply):
        yield from _digest_differences(ours.reply, theirs.reply)
        return
    echoed = {line.removeprefix("request") for line in asked}
    answered = _text_differences(
        "reply", (one.reply_text, one.reply), (other.reply_text, other.reply), only_meaning
    )
    yield from _the_first([each for each in answered if each.removeprefix("reply") not in echoed])


_COMPARED: Final[dict[str, Callable[[Step], str]]] = {
    "class": lambda step: step.step_class.value,
    "faults": lambda step: ", ".join(step.faults) or "none",
    "dropped": lambda step: "yes" if step.is_dropped else "no",
    "truncated": lambda step: "no" if step.truncated_bytes is None else f"{step.truncated_bytes}",
    "came to": lambda step: str(step.access.recorded) if step.access is not None else "",
}

_Text = tuple[bytes, PlistDict | None]
"""A text and the dictionary it is, if it is one; empty where there was none."""


def _text_differences(what: str, old: _Text, new: _Text, only_meaning: bool) -> Iterator[str]:
    if old[0] == new[0]:
        return
    if any(text and dictionary is None for text, dictionary in (old, new)):
        yield from _line_difference(what, old[0], new[0])
        return
    found = [str(each) for each in differences(old[1], new[1], what)]
    yield from found
    if not found and not only_meaning:
        yield f"{what}: the same, but written otherwise"
        yield from _line_difference(what, old[0], new[0])


def _the_first(lines: list[str]) -> Iterator[str]:
    yield from lines[:DIFFERENCES_MAX]
    if len(lines) > DIFFERENCES_MAX:
        yield f"... {len(lines) - DIFFERENCES_MAX} more differences"


def _line_difference(what: str, old: bytes, new: bytes) -> Iterator[str]:
    """The first line that differs."""
    shown = {Side.RECORDED: "absent", Side.ANSWERED: "absent"}
    number = 1
    for line in first_difference(old, new):
        if line.side is not Side.BOTH:
            shown[line.side] = quoted(line.text)
            number = line.number
    yield f"{what}, line {number}: {shown[Side.RECORDED]} -> {shown[Side.ANSWERED]}"


def _is_digest(reply: Recorded | None) -> bool:
    return reply is not None and reply.text is None


def _digest_differences(old: Recorded | None, new: Recorded | None) -> Iterator[str]:
    """Replies of which at least one was too long to be kept."""
    if old is not None and new is not None and (old == new or _are_same_text(old, new)):
        return
    yield f"reply: {_size(old)} -> {_size(new)}, not kept in full"


def _are_same_text(old: Recorded, new: Recorded) -> bool:
    if old.text is not None:
        return new.equals(old.text)
    return new.text is not None and old.equals(new.text)


def _size(reply: Recorded | None) -> str:
    if reply is None:
        return "absent"
    return f"{reply.size_bytes if reply.text is None else len(reply.text)} bytes"
