"""Two captures side by side: which steps belong together, and in what they differ."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final, TypeAlias

from .comparing import step_differences
from .format import Capture, Step
from .session import Followed, follow

_MATCHES_MAX: Final = 1_000_000
"""More steps that could belong to each other are not looked at: a tenth of a second."""

_Key: TypeAlias = Callable[[Followed], Hashable]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two steps that belong together, or one that only one capture has."""

    old: Followed | None
    new: Followed | None
    differences: tuple[str, ...] = ()
    """A line each; none if both have the same."""

    @property
    def is_same(self) -> bool:
        """Whether both captures have it, alike."""
        return self.old is not None and self.new is not None and not self.differences


def align(old: Capture, new: Capture, *, only_meaning: bool = False) -> Iterator[Pair]:
    """The steps of two captures in pairs, in order.

    Those with the same command and device belong together; of the others between
    them, those with the same command and keys.  Numbers, labels, clients and times
    are not compared.  With `only_meaning`, texts that say the same are the same,
    whatever their layout and the form of their numbers.
    """
    for one, other in _pairs(_steps(old), _steps(new), (_by_device, _by_keys)):
        if one is None or other is None:
            yield Pair(one, other)
        else:
            found = step_differences(one, other, only_meaning=only_meaning)
            yield Pair(one, other, tuple(found))


def _steps(capture: Capture) -> list[Followed]:
    return [each for each in follow(capture.entries) if isinstance(each.entry, Step)]


def _pairs(
    old: Sequence[Followed], new: Sequence[Followed], levels: tuple[_Key, ...]
) -> Iterator[tuple[Followed | None, Followed | None]]:
    if not levels:
        yield from ((each, None) for each in old)
        yield from ((None, each) for each in new)
        return
    key, *others = levels
    ours, theirs = list(map(key, old)), list(map(key, new))
    start, end = _common(ours, theirs)
    yield from zip(old[:start], new[:start], strict=True)
    middle = slice(start, len(ours) - end), slice(start, len(theirs) - end)
    matcher = SequenceMatcher(None, *_bounded(ours[middle[0]], theirs[middle[1]]), autojunk=False)
    for kind, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        one = old[start + old_start : start + old_end]
        other = new[start + new_start : start + new_end]
        if kind == "equal":
            yield from zip(one, other, strict=True)
        else:
            yield from _pairs(one, other, tuple(others))
    yield from zip(old[len(ours) - end :], new[len(theirs) - end :], strict=True)


def _common(old: Sequence[Hashable], new: Sequence[Hashable]) -> tuple[int, int]:
    """How many are the same at the start, and of the others at the end."""
    most = min(len(old), len(new))
    start = next((n for n in range(most) if old[n] != new[n]), most)
    rest = most - start
    return start, next((n for n in range(rest) if old[-1 - n] != new[-1 - n]), rest)


def _bounded(
    old: list[Hashable], new: list[Hashable]
) -> tuple[Sequence[Hashable], Sequence[Hashable]]:
    """Keys that the matcher is done with soon: its time grows with what matches what.

    Where a request came again and again, the n-th belongs to the n-th.
    """
    counts = Counter(new)
    if sum(counts[key] for key in old) <= _MATCHES_MAX:
        return old, new
    return list(_numbered(old)), list(_numbered(new))


def _numbered(keys: Iterable[Hashable]) -> Iterator[Hashable]:
    seen: Counter[Hashable] = Counter()
    for key in keys:
        seen[key] += 1
        yield key, seen[key]


def _by_device(followed: Followed) -> Hashable:
    """What a step asks of which device."""
    meaning = followed.meaning
    if meaning is None:
        return _access_key(followed)
    if meaning.request is None:
        return meaning.request_text
    return meaning.command, meaning.device, meaning.new_name


def _by_keys(followed: Followed) -> Hashable:
    """What kind of question a step is."""
    meaning = followed.meaning
    if meaning is None:
        return _access_key(followed)[:1]
    return meaning.command, None if meaning.request is None else frozenset(meaning.request)


def _access_key(followed: Followed) -> tuple[Hashable, ...]:
    step = followed.entry
    access = step.access if isinstance(step, Step) else None
    if access is None:
        return ()
    return access.op, access.minor, access.offset_bytes, access.length_bytes
