"""Answering a client from a recording alone, and saying where it departs from it."""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Final

from ..driver.failure import error_dictionary, failed_exchange
from ..driver.profile import STANDARD, Profile
from ..plist import PlistDict, PlistError, dumps, loads
from ..server.responding import Cut, Reply
from ..wire import keys
from ..wire.errors import DMError, Errno
from .comparing import Difference, differences
from .format import Capture, Step, read_capture
from .meaning import label_of

_log = logging.getLogger(__name__)

_DIFFERENCES_SHOWN: Final = 3
_STEPS_SHOWN: Final = 8


class Match(StrEnum):
    """How the recorded exchange is found that answers a request."""

    ORDER = "order"
    """The next one must be it."""
    KEYS = "keys"
    """Any that asks the same; those that do, one after another, and then the last of them."""


@dataclass(frozen=True, slots=True)
class Departure:
    """A request that is not the recorded one, or whose reply was not recorded."""

    message: str
    step: int | None
    """The number of the recorded step that was due, or that has no reply."""

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True, slots=True)
class _Recorded:
    """A recorded exchange; `place` counts the exchanges from 0."""

    place: int
    step: Step
    request: PlistDict | None
    """None if it is no property list."""
    question: bytes
    """The same for all texts that ask the same."""

    def __str__(self) -> str:
        return f"step {self.step.number}"

    @property
    def title(self) -> str:
        """What it asked: `reload vol1`."""
        return label_of(self.step.request or b"")


class Playback:
    """Gives recorded replies to requests; a `Responder` for all clients of a server.

    Requests are compared as dictionaries: the layout, the order of keys and how a
    number is written do not matter.  What is no property list must be the same bytes.

    In order, a request that is not the next one departs from the recording.  If it is
    another that has not been asked for yet, the nearest of these answers, and the
    recording goes on behind it; if there is none, the ioctl fails (EIO), and the
    recording stays where it is.  So one request too many, or too few, is told once.
    """

    def __init__(
        self, capture: Capture, match: Match = Match.ORDER, profile: Profile = STANDARD
    ) -> None:
        self._name = capture.name
        self._profile = profile
        self._match = match
        self._exchanges = list(_exchanges(capture, profile))
        self._asked: set[int] = set()
        self._next = 0
        self.departures: list[Departure] = []
        self._equal: dict[bytes, list[_Recorded]] = {}
        for each in self._exchanges:
            self._equal.setdefault(each.question, []).append(each)

    def run(self, text: bytes) -> Reply:
        """The recorded reply to a request, or that the ioctl fails."""
        question, request = _question(text, self._profile)
        if request is not None and keys.MONITOR in request:
            return _nothing_to_see(request)
        find = self._in_order if self._match is Match.ORDER else self._by_keys
        try:
            found = find(question, request, text)
            self._asked.add(found.place)
            return _reply(found)
        except _DepartedError as error:
            self._departs(error.departure)
            failure = DMError(Errno.EIO, error.departure.message)
            return dumps(failed_exchange(failure, self._profile))

    def close(self) -> None:
        """A client is gone: the recording goes on with the next."""

    @property
    def remaining(self) -> list[int]:
        """The numbers of the recorded steps that nobody asked for."""
        left = (each for each in self._exchanges if each.place not in self._asked)
        return [each.step.number for each in left]

    def summary(self) -> list[str]:
        """What became of the recording, in lines."""
        remaining = self.remaining
        count = len(self._exchanges)
        asked = f"{count - len(remaining)} of {count} exchanges of {self._name} were asked for"
        departed = len(self.departures)
        lines = [
            f"{asked}, {departed} {'request' if departed == 1 else 'requests'} departed from it"
        ]
        if remaining:
            lines.append(f"never asked for: {_listed(remaining)}")
        return lines

    def _in_order(self, question: bytes, request: PlistDict | None, text: bytes) -> _Recorded:
        while self._next in self._asked:  # the client came to them before their turn
            self._next += 1
        due = self._exchanges[self._next] if self._next < len(self._exchanges) else None
        if due is not None and due.question == question:
            found = due
        else:
            found = self._out_of_turn(due, question, request, text)
        self._next = found.place + 1
        return found

    def _out_of_turn(
        self, due: _Recorded | None, question: bytes, request: PlistDict | None, text: bytes
    ) -> _Recorded:
        """The exchange that answers instead of the one that is due."""
        message = self._expectation(due, request, text)
        equal = [each for each in self._equal.get(question, ()) if each.place not in self._asked]
        if not equal:
            raise _departed(message + self._nearest(due, request), due)
        found = min(equal, key=lambda each: abs(each.place - self._next))
        count = found.place - self._next
        if count > 0:
            what = f"{count} {'is' if count == 1 else 'are'} left out"
        else:
            what = "which was left out before"
        self._departs(_departure(f"{message}: that is {found}, {what}", due))
        return found

    def _by_keys(self, question: bytes, request: PlistDict | None, text: bytes) -> _Recorded:
        equal = self._equal.get(question)
        if equal is None:
            message = f"no step of {self._name} is this {label_of(text)}"
            raise _departed(message + self._nearest(None, request), None)
        return next((each for each in equal if each.place not in self._asked), equal[-1])

    def _expectation(self, due: _Recorded | None, request: PlistDict | None, text: bytes) -> str:
        """What was due, and what came."""
        title = label_of(text)
        if due is None:
            return f"{self._name} has ended, got {title}"
        place = f"{due} of {self._name}: recorded {due.title}"
        if due.title == title and request is not None and due.request is not None:
            return f"{place}, got another: {_shown(differences(due.request, request))}"
        return f"{place}, got {title}"

    def _nearest(self, due: _Recorded | None, request: PlistDict | None) -> str:
        """The exchange with the same command that differs least, unless it is the one due."""
        if request is None:
            return ""
        command = request.get(keys.COMMAND)
        alike = [
            (sum(1 for _ in differences(each.request, request)), each.place, each)
            for each in self._exchanges
            if each.request is not None and each.request.get(keys.COMMAND) == command
        ]
        if not alike:
            return "; it has no such command"
        _, _, nearest = min(alike)
        if nearest is due:
            return ""
        message = f"; nearest is {nearest}, {nearest.title}"
        if nearest.place in self._asked:
            message += ", asked for already"
        found = _shown(differences(nearest.request, request))
        return f"{message}: {found}" if found else message

    def _departs(self, departure: Departure) -> None:
        self.departures.append(departure)
        _log.warning("%s", departure)


def playback_of(path: Path, match: Match, profile: Profile) -> Playback:
    """A playback of a capture file; raises `CaptureError` or `OSError`."""
    return Playback(read_capture(path), match, profile)


class _DepartedError(Exception):
    """There is no recorded reply."""

    def __init__(self, departure: Departure) -> None:
        super().__init__(departure)
        self.departure = departure


def _departure(message: str, recorded: _Recorded | None) -> Departure:
    return Departure(message, None if recorded is None else recorded.step.number)


def _departed(message: str, recorded: _Recorded | None) -> _DepartedError:
    return _DepartedError(_departure(message, recorded))


def _exchanges(capture: Capture, profile: Profile) -> Iterator[_Recorded]:
    steps = (step for step in capture.steps if step.request is not None)
    for place, step in enumerate(steps):
        question, request = _question(step.request or b"", profile)
        yield _Recorded(place, step, request, question)


def _question(text: bytes, profile: Profile) -> tuple[bytes, PlistDict | None]:
    """What is the same for all texts that ask the same, and the dictionary."""
    try:
        request = loads(text, grammar=profile.grammar, max_depth=profile.max_depth)
    except PlistError:
        return text, None
    return _HEX.sub(_in_decimal, dumps(request)), request


_HEX: Final = re.compile(rb"(?<=<integer>)0x[0-9a-f]+(?=</integer>)")
"""In strings and keys there is no `<`."""


def _in_decimal(number: re.Match[bytes]) -> bytes:
    return b"%d" % int(number[0], 16)


def _nothing_to_see(request: PlistDict) -> bytes:
    """The reply to who would look at the server; no recording has such requests."""
    error = DMError(Errno.EINVAL, "a recording answers here, and has nothing else to see")
    what = request[keys.MONITOR]
    return dumps({keys.MONITOR: what, keys.ERROR: error_dictionary(error)})


def _reply(recorded: _Recorded) -> Reply:
    step = recorded.step
    if step.is_dropped:
        return Cut(b"", 0)
    if step.reply is None:
        raise _departed(f"{recorded}, {recorded.title}, has no recorded reply", recorded)
    if step.reply.text is None:
        message = f"{recorded}, {recorded.title}, was recorded without the text of its reply"
        raise _departed(f"{message}, which had {step.reply.size_bytes} bytes", recorded)
    if step.truncated_bytes is not None:
        return Cut(step.reply.text, step.truncated_bytes)
    return step.reply.text


def _shown(found: Iterator[Difference]) -> str:
    """Differences in words: path, recorded value -> sent value."""
    shown = [str(each) for each in islice(found, _DIFFERENCES_SHOWN)]
    more = sum(1 for _ in found)
    if more:
        shown.append(f"and {more} more")
    return ", ".join(shown)


def _listed(numbers: list[int]) -> str:
    shown = [f"step {number}" for number in numbers[:_STEPS_SHOWN]]
    more = len(numbers) - len(shown)
    if more:
        shown.append(f"and {more} more")
    return ", ".join(shown)
