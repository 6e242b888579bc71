"""The journal of a server in memory: what it was asked, and what came of it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..capture.format import Entry, FaultNote, Recorded, Step, StepClass
from ..capture.meaning import NO_PLIST, Meaning, device_text, name_text
from ..capture.session import Followed, follow
from ..capture.showing import shown
from ..faults.plan import Hit
from ..plist import PlistDict
from ..server.journal import Exchange
from ..wire.errors import DMError


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to a server, and what came of it; as text, `reload vol1`."""

    command: str
    """Its name; empty where the request has none."""
    device: str
    """The name of the device, also where the request has only its minor or uuid."""
    request: PlistDict | None
    """None if it was no property list."""
    reply: PlistDict | None
    """None if there was none, or it was no property list."""
    failure: DMError | None
    """As NetBSD's library would infer it where the reply does not say."""
    faults: tuple[str, ...]
    """The rules that hit it."""
    client: int
    """The number of the connection, from 1."""
    at_seconds: float
    """When it was answered, by the clock of the server."""
    request_text: bytes
    reply_text: bytes | None

    def __str__(self) -> str:
        if self.request is None:
            return NO_PLIST
        return f"{self.command or 'no command'} {self.device}".strip()


class MemoryJournal:
    """Keeps every exchange and every hit of a fault, as the entries of a capture.

    `shows_times`: when they were is worth telling.
    """

    def __init__(self, *, shows_times: bool) -> None:
        self._shows_times = shows_times
        self._entries: list[Step | FaultNote] = []
        self._exchanges = 0
        self._forgotten = 0

    def exchange(self, exchange: Exchange) -> None:
        self._exchanges += 1
        self._entries.append(_step(self._exchanges, exchange))

    def hit(self, hit: Hit, at_seconds: float) -> None:
        self._entries.append(FaultNote((hit.rule,), hit.what, at_seconds))

    def forget(self) -> None:
        """Leave out of `asked` what has been so far."""
        self._forgotten = len(self._entries)

    def asked(self) -> list[Asked]:
        """Every exchange that is not forgotten, in order."""
        followed = list(follow(tuple(self._entries)))
        return list(_asked(followed[self._forgotten :]))

    def lines(self, last: int | None = None) -> list[str]:
        """All that has been, for people; or the last so many entries."""
        followed = list(follow(tuple(self._entries)))
        left_out = 0 if last is None else max(0, len(followed) - last)
        title = [f"    ... {left_out} before"] if left_out else []
        return title + [line for each in followed[left_out:] for line in self._shown(each)]

    def _shown(self, followed: Followed) -> Iterator[str]:
        """Without what is the same in most tests: there is one client, and time is nothing."""
        entry = followed.entry
        if isinstance(entry, Step) and entry.client == 1:
            entry = replace(entry, client=None)
        return shown(replace(followed, entry=self._timed(entry)))

    def _timed(self, entry: Entry) -> Entry:
        if self._shows_times or not isinstance(entry, Step | FaultNote):
            return entry
        return replace(entry, at_seconds=None)


def _step(number: int, exchange: Exchange) -> Step:
    return Step(
        number=number,
        label="",
        step_class=StepClass.STABLE,
        request=exchange.request,
        reply=None if exchange.reply is None else Recorded(exchange.reply),
        restarted_after=False,
        client=exchange.client,
        at_seconds=exchange.at_seconds,
        faults=exchange.faults,
        is_dropped=exchange.sent_bytes == 0,
        truncated_bytes=exchange.sent_bytes or None,
    )


def _asked(followed: list[Followed]) -> Iterator[Asked]:
    for each in followed:
        step, meaning = each.entry, each.meaning
        if isinstance(step, Step) and meaning is not None:
            yield Asked(
                command=meaning.command,
                device=_device_name(meaning, each.name),
                request=meaning.request,
                reply=meaning.reply,
                failure=meaning.failure,
                faults=step.faults,
                client=step.client or 0,
                at_seconds=step.at_seconds or 0.0,
                request_text=step.request or b"",
                reply_text=step.reply.text if step.reply is not None else None,
            )


def _device_name(meaning: Meaning, known_name: str | None) -> str:
    """Its name wherever that is known, for a test cares little how the request put it."""
    name = known_name or meaning.device.name
    return name_text(name) if name else device_text(meaning.device)
