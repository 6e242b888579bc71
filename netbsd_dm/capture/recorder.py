"""Exchanges on their way into a capture: numbered, and told apart from those that raced."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ..plist import Grammar, PlistDict, PlistError, loads
from ..wire import keys
from .format import StepClass
from .writing import CaptureFile, step

RACED: Final = "other requests were under way"
_WAIT: Final = "waitevent"


class RecordError(Exception):
    """The recording cannot go on; the message says why."""


@dataclass(eq=False, slots=True)
class Asked:
    """A request that is under way."""

    client: int
    request: bytes
    is_wait: bool
    """It changes nothing, and may last as long as its client."""
    is_recorded: bool
    has_raced: bool = False
    """Others were under way meanwhile: nobody knows which the server took first."""


class Recorder:
    """Writes exchanges to a capture as their replies come.

    An exchange is stable if nothing else was under way meanwhile, for then a replay in
    the order of the file is what happened; what may have raced, or has no reply, is
    undefined.  A wait for an event changes nothing, so nothing races with it; but it
    does with what it waits for.  Requests to look at the server are not recorded.
    """

    def __init__(self, file: CaptureFile, seconds: Callable[[], float]) -> None:
        self._file = file
        self._seconds = seconds
        self._start_seconds = seconds()
        self._running: set[Asked] = set()
        self.count = 0
        """How many exchanges were written."""

    def ask(self, client: int, request: bytes) -> Asked:
        """A client sends `request`; to be told the `end` of it."""
        text = request.removesuffix(b"\0")
        dictionary = _dictionary(text)
        is_wait = dictionary.get(keys.COMMAND) == _WAIT
        asked = Asked(client, text, is_wait, is_recorded=keys.MONITOR not in dictionary)
        if asked.is_recorded:
            for other in self._running:
                asked.has_raced |= not other.is_wait
                other.has_raced |= not asked.is_wait
            self._running.add(asked)
        return asked

    def end(
        self, asked: Asked, reply: bytes | None, *, is_dropped: bool = False, note: str = ""
    ) -> None:
        """It has its reply, or will never have one; raises `RecordError`."""
        if not asked.is_recorded:
            return
        self._running.discard(asked)
        is_stable = reply is not None and not asked.has_raced
        line = step(
            self.count + 1,
            asked.request,
            reply,
            step_class=StepClass.STABLE if is_stable else StepClass.UNDEFINED,
            client=asked.client,
            at_seconds=self._seconds() - self._start_seconds,
            is_dropped=is_dropped,
            note=note or (RACED if asked.has_raced else ""),
        )
        try:
            self._file.append(line)
        except OSError as error:
            raise RecordError(error.strerror or str(error)) from None
        self.count += 1


def _dictionary(text: bytes) -> PlistDict:
    """What `text` asks; empty if that is no property list as clients write them."""
    try:
        return loads(text, grammar=Grammar.PROPLIB)
    except PlistError:
        return {}
