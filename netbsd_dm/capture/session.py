"""The devices of a recorded session, followed from exchange to exchange.

NetBSD's library names a device when it creates it, and from then on sends minors.
"""

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from ..wire import calls, fields, keys
from ..wire.calls import Selector
from ..wire.commands import COMMAND_NAMES
from .format import Entry, Step
from .meaning import Meaning, meaning_of

_WITHOUT_DEVICE: Final = {"version", "targets", "names", "remove_all", "iostat"}
_ABOUT_DEVICES: Final = frozenset(COMMAND_NAMES) - _WITHOUT_DEVICE


@dataclass(eq=False, slots=True)
class Known:
    """A device as far as the exchanges so far tell; `created_by` is the step that did."""

    name: str | None = None
    uuid: str | None = None
    minor: int | None = None
    created_by: int | None = None


@dataclass(frozen=True, slots=True)
class Followed:
    """An entry of a capture, with what is known at that point."""

    entry: Entry
    meaning: Meaning | None = None
    """Of a control exchange."""
    device: Known | None = None
    """The device that the entry is about; of a create, the new one."""
    name: str | None = None
    """What the device was called when the entry came."""


def follow(entries: Iterable[Entry]) -> Iterator[Followed]:
    """Go through the entries of a capture, with the devices in mind."""
    session = Session()
    for entry in entries:
        if not isinstance(entry, Step):
            yield Followed(entry)
        elif entry.request is not None:
            yield _exchange(entry, entry.request, session)
        elif entry.access is not None:
            device = session.find(Selector(minor=entry.access.minor))
            yield Followed(entry, None, device, device.name if device is not None else None)
        else:
            yield Followed(entry)
        if isinstance(entry, Step) and entry.restarted_after:
            session.restart()


def _exchange(step: Step, request: bytes, session: "Session") -> Followed:
    meaning = meaning_of(request, step.reply.text if step.reply is not None else None)
    device = session.find(meaning.device)
    name = device.name if device is not None else None
    session.see(meaning, step.number)
    if meaning.command == "create":
        device = session.find(meaning.device)
    return Followed(step, meaning, device, name)


class Session:
    """Which devices there are; is told of every exchange, in order."""

    def __init__(self) -> None:
        self._devices: dict[Hashable, Known] = {}

    def find(self, device: Selector) -> Known | None:
        """The device that a request is about, in the driver's order: minor, name, uuid."""
        for key in _keys(device.minor, device.name, device.uuid):
            if key in self._devices:
                return self._devices[key]
        return None

    def see(self, meaning: Meaning, number: int | None = None) -> None:
        """Learn from an exchange, that of step `number`."""
        if meaning.reply is None or meaning.failure is not None:
            return
        if meaning.command == "names":
            for name, minor in calls.names().read(meaning.reply):
                self._learn(Selector(name=name, minor=minor))
        elif meaning.command == "create":
            self._put(Known(created_by=number), _told(meaning))
        elif meaning.command == "remove":
            self._forget(self.find(meaning.device))
        elif meaning.command in _ABOUT_DEVICES:
            self._learn(_told(meaning), meaning.new_name)

    def restart(self) -> None:
        """A fresh driver answers from now on: it has no devices."""
        self._devices.clear()

    def _learn(self, told: Selector, new_name: str | None = None) -> None:
        known = self.find(told) or Known()
        self._forget(known)
        if new_name is not None:
            known.name = new_name
        self._put(known, told)

    def _put(self, known: Known, told: Selector) -> None:
        known.name = known.name or told.name
        known.uuid = known.uuid or told.uuid
        known.minor = known.minor or told.minor
        for key in _keys(known.minor, known.name, known.uuid):
            self._devices[key] = known

    def _forget(self, known: Known | None) -> None:
        if known is not None:
            for key in _keys(known.minor, known.name, known.uuid):
                if self._devices.get(key) is known:
                    del self._devices[key]


def _told(meaning: Meaning) -> Selector:
    """What a reply says of the device; the request's own words are in it."""
    reply = meaning.reply or {}
    return Selector(
        name=fields.string(reply, keys.NAME),
        uuid=fields.string(reply, keys.UUID),
        minor=int(fields.uint32(reply, keys.MINOR)),
    )


def _keys(minor: int | None, name: str | None, uuid: str | None) -> Iterator[tuple[str, Hashable]]:
    """What a device is found by; what is empty or 0 finds none."""
    for kind, value in (("minor", minor), ("name", name), ("uuid", uuid)):
        if value:
            yield kind, value
