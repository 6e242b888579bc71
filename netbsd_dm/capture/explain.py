"""Why a replay differs: which choices of a profile each difference is due to.

Nothing is listed here.  What was found is explained by a set of choices if the
driver of NetBSD 9 with these choices, and no others, answers just so; the set is as
small as dropping choices from it can make it.  Hence it is tried out, with the
whole capture, for a choice that changed the state shows in a later reply.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace

from ..driver.profile import NETBSD_9, Profile
from .format import Capture
from .replay import FreshServer, Played, Verdict, disk_differences, play_on

Choices = frozenset[str]
"""Fields of `Profile`."""
Names = frozenset[str]
"""Deviations, named as in protocol/deviations.md."""


@dataclass(frozen=True, slots=True)
class Explanations:
    """What the differences of a replay are due to; None where there is none, or nothing is."""

    steps: tuple[Names | None, ...]
    """One for each result, in order."""
    disks: Names | None
    """Of what the disks hold at the end."""


def explain(capture: Capture, profile: Profile, played: Played) -> Explanations:
    """Name the choices of `profile` that each difference in `played` is due to.

    `played` may come from any server that should be one of `profile`: what such a
    server does not answer is not explained, nor is what differs from a recording that
    is not NetBSD 9's.  Without a difference nothing is tried.
    """
    names: Mapping[int, Names] = {}
    choices = choices_of(profile)
    places = frozenset(_differing(capture, played))
    if choices and places:
        with FreshServer(profile, capture.disks, filled=capture.has_accesses) as server:
            names = _explained(_Trials(capture, profile, played, places, server), choices)
    end = len(played.results)
    return Explanations(tuple(names.get(place) for place in range(end)), names.get(end))


def choices_of(profile: Profile) -> tuple[str, ...]:
    """The fields in which `profile` differs from NetBSD 9's, but for its name."""
    every = [field.name for field in fields(profile) if field.name != "name"]
    return tuple(name for name in every if getattr(profile, name) != getattr(NETBSD_9, name))


def deviation(choice: str) -> str:
    """What protocol/deviations.md calls a choice."""
    return choice.replace("_", "-")


def _explained(trials: "_Trials", choices: tuple[str, ...]) -> dict[int, Names]:
    places = trials.alike(choices)
    if places:
        places &= trials.as_recorded()
    if not places:
        return {}
    relevant = _reduced(choices, lambda rest: trials.alike(rest) >= places)
    return {place: _names(trials, relevant, place) for place in places}


def _names(trials: "_Trials", relevant: tuple[str, ...], place: int) -> Names:
    needed = tuple(
        choice
        for choice in relevant
        if place not in trials.alike(other for other in relevant if other != choice)
    )
    # Of two that do the same, neither is needed as long as the other is there.
    if place not in trials.alike(needed):
        needed = _reduced(relevant, lambda rest: place in trials.alike(rest))
    return frozenset(map(deviation, needed))


def _reduced(
    choices: tuple[str, ...], is_enough: Callable[[tuple[str, ...]], bool]
) -> tuple[str, ...]:
    """Part of `choices` that is still enough: half of them dropped, a quarter, ... one."""
    size = len(choices)
    while size > 0:
        start = 0
        while start < len(choices):
            rest = choices[:start] + choices[start + size :]
            if is_enough(rest):
                choices = rest
            else:
                start += size
        size //= 2
    return choices


class _Trials:
    """Replays of one capture under sets of choices, each done once.

    `places` are those where `played` differs from the recording: the number of the
    step from 0, or behind the last for the disks at the end.
    """

    def __init__(
        self,
        capture: Capture,
        profile: Profile,
        played: Played,
        places: frozenset[int],
        server: FreshServer,
    ) -> None:
        self._capture = capture
        self._profile = profile
        self._played = played
        self._places = places
        self._server = server
        self._alike: dict[Choices, frozenset[int]] = {}

    def alike(self, choices: Iterable[str]) -> frozenset[int]:
        """The places where NetBSD 9 with `choices` answers as was found."""
        key = frozenset(choices)
        found = self._alike.get(key)
        if found is None:
            found = self._alike[key] = frozenset(self._tried(key))
        return found

    def as_recorded(self) -> frozenset[int]:
        """The places where NetBSD 9 as it is answers as was recorded."""
        return self._places - frozenset(_differing(self._capture, self._play(NETBSD_9)))

    def _tried(self, choices: Choices) -> Iterator[int]:
        given = {name: getattr(self._profile, name) for name in choices}
        tried = self._play(replace(NETBSD_9, **given))
        for place in self._places:
            if _answer(tried, place) == _answer(self._played, place):
                yield place

    def _play(self, profile: Profile) -> Played:
        self._server.start_over(profile)
        return play_on(self._capture, self._server)


def _answer(played: Played, place: int) -> object:
    if place == len(played.results):
        return played.changes
    return played.results[place].answer


def _differing(capture: Capture, played: Played) -> Iterator[int]:
    for place, result in enumerate(played.results):
        if result.verdict is Verdict.DIFFERENT:
            yield place
    if played.changes is not None and any(disk_differences(capture, played.changes)):
        yield len(played.results)
