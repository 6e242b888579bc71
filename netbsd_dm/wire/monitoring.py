"""Requests to look at a server, and what they find, as values (protocol/monitor.md).

A request has the key `netbsd-dm` (`keys.MONITOR`) in place of a command.  The keys of
both are named here once; those that a command has, too, are in `keys`.
"""

from collections.abc import Callable, Iterator
from typing import Final, TypeVar

from ..plist import PlistDict, PlistValue
from . import fields, keys
from .state import (
    ClientState,
    ClockState,
    DeviceState,
    DevNumber,
    FaultState,
    JournalEntry,
    LineState,
    OfferState,
    PdevId,
    PdevState,
    ServerState,
    TableState,
    UseState,
)

T = TypeVar("T")

# What can be asked for
STATE: Final = "state"
JOURNAL: Final = "journal"
FAULTS: Final = "faults"
CLOCK: Final = "clock"
NODES: Final = "nodes"

RESULT: Final = "result"
"""Under which a reply has what was asked for."""

# In requests
LINES: Final = "lines"
"""With state: the most lines of each table."""
ADD: Final = "add"
REMOVE: Final = "remove"
CLEAR: Final = "clear"
ADVANCE: Final = "advance"

# In the state of a server (version, faults and clock are named above)
PROFILE: Final = "profile"
PID: Final = "pid"
DEVICES: Final = "devices"
PDEVS: Final = "pdevs"
OFFERS: Final = "offers"
DIRECTORIES: Final = "directories"
CLIENTS: Final = "clients"
# ... of a device
SUSPENDED: Final = "suspended"
READ_ONLY: Final = "read_only"
LIVE: Final = "live"
LIVE_LINES: Final = "live_lines"
LIVE_SECTORS: Final = "live_sectors"
INACTIVE: Final = "inactive"
INACTIVE_LINES: Final = "inactive_lines"
INACTIVE_SECTORS: Final = "inactive_sectors"
# ... of a line, and of a device
USES: Final = "uses"
END: Final = "end"
# ... of a physical device
SECTORS: Final = "sectors"
REFERENCES: Final = "references"
PATH: Final = "path"
# ... of a client
NUMBER: Final = "number"
REQUESTS: Final = "requests"
UID: Final = "uid"
# ... of a fault
RULE: Final = "rule"
MATCHES: Final = "matches"
HITS: Final = "hits"
# ... of the clock
KIND: Final = "kind"
MANUAL: Final = "manual"
WALL: Final = "wall"
NS: Final = "ns"

# Of a node
MAPPED: Final = "mapped"
"""The sectors at the last resume with a table, which disk information tells."""

# In the journal
ENTRIES: Final = "entries"
LOST: Final = "lost"
CLIENT: Final = "client"
REQUEST: Final = "request"
REPLY: Final = "reply"
SENT: Final = "sent"
WHAT: Final = "what"


def read_state(result: PlistDict) -> ServerState:
    """The state that a server gave; what is missing, or of another type, is empty or 0."""
    return ServerState(
        version=_text(result, keys.VERSION),
        profile=_text(result, PROFILE),
        pid=_number(result, PID),
        clock=read_clock(_dictionary(result, CLOCK)),
        devices=_each(result, DEVICES, _device),
        pdevs=_each(result, PDEVS, _pdev),
        offers=_each(result, OFFERS, _offer),
        directories=tuple(_texts(result, DIRECTORIES)),
        clients=_each(result, CLIENTS, _client),
        faults=read_faults(result),
    )


def read_clock(clock: PlistDict) -> ClockState:
    """Which clock a server has, and its time."""
    return ClockState(manual=clock.get(KIND) == MANUAL, time_ns=_number(clock, NS))


def read_faults(result: PlistDict) -> tuple[FaultState, ...]:
    """The rules in force."""
    return _each(result, FAULTS, _fault)


def read_journal(result: PlistDict) -> Iterator[JournalEntry]:
    """What was taken from a journal; the first entry knows what was lost before it."""
    lost = _number(result, LOST)
    for entry in _each(result, ENTRIES, lambda entry: entry):
        yield _entry(entry, lost)
        lost = 0


def _device(device: PlistDict) -> DeviceState:
    return DeviceState(
        name=_text(device, keys.NAME),
        uuid=_text(device, keys.UUID),
        minor=_number(device, keys.MINOR),
        suspended=device.get(SUSPENDED) is True,
        read_only=device.get(READ_ONLY) is True,
        open_count=_number(device, keys.OPEN_COUNT),
        event_nr=_number(device, keys.EVENT_NR),
        live=_table(device, LIVE, LIVE_LINES, LIVE_SECTORS),
        inactive=_table(device, INACTIVE, INACTIVE_LINES, INACTIVE_SECTORS),
        uses=_each(device, USES, _pdev_id),
    )


def _table(device: PlistDict, lines: str, count: str, sectors: str) -> TableState:
    return TableState(
        lines=_each(device, lines, _line),
        line_count=_number(device, count),
        size_sectors=_number(device, sectors),
    )


def _line(line: PlistDict) -> LineState:
    return LineState(
        start_sector=_number(line, keys.START),
        length_sectors=_number(line, keys.LENGTH),
        type=_text(line, keys.TYPE),
        params=fields.string(line, keys.PARAMS),
        uses=_each(line, USES, _use),
    )


def _use(use: PlistDict) -> UseState:
    return UseState(
        pdev=_pdev_id(use),
        start_sector=_optional(use, keys.START),
        end_sector=_optional(use, END),
    )


def _pdev(pdev: PlistDict) -> PdevState:
    return PdevState(
        id=_pdev_id(pdev),
        size_sectors=_number(pdev, SECTORS),
        references=_number(pdev, REFERENCES),
        path=fields.string(pdev, PATH),
        read_only=pdev.get(READ_ONLY) is True,
        minor=_optional(pdev, keys.MINOR),
    )


def _offer(offer: PlistDict) -> OfferState:
    return OfferState(
        name=_text(offer, keys.NAME),
        path=_text(offer, PATH),
        dev=_dev(offer),
        read_only=offer.get(READ_ONLY) is True,
    )


def _client(client: PlistDict) -> ClientState:
    return ClientState(
        number=_number(client, NUMBER),
        requests=_number(client, REQUESTS),
        pid=_optional(client, PID),
        uid=_optional(client, UID),
    )


def _fault(fault: PlistDict) -> FaultState:
    return FaultState(
        rule=_text(fault, RULE), matches=_number(fault, MATCHES), hits=_number(fault, HITS)
    )


def _entry(entry: PlistDict, lost: int) -> JournalEntry:
    return JournalEntry(
        time_ns=_number(entry, NS),
        client=_optional(entry, CLIENT),
        request=_data(entry, REQUEST),
        reply=_data(entry, REPLY),
        sent_bytes=_optional(entry, SENT),
        faults=tuple(_texts(entry, FAULTS)),
        what=fields.string(entry, WHAT),
        lost=lost,
    )


def _pdev_id(source: PlistDict) -> PdevId:
    return PdevId(_text(source, keys.NAME), _dev(source))


def _dev(source: PlistDict) -> DevNumber:
    numbers = [int(n) for n in fields.array(source, keys.DEV) or [] if isinstance(n, int)]
    return DevNumber(*numbers) if len(numbers) == 2 else DevNumber(0, 0)


def _each(source: PlistDict, key: str, read: Callable[[PlistDict], T]) -> tuple[T, ...]:
    return tuple(read(each) for each in fields.array(source, key) or [] if isinstance(each, dict))


def _dictionary(source: PlistDict, key: str) -> PlistDict:
    value = source.get(key)
    return value if isinstance(value, dict) else {}


def _texts(source: PlistDict, key: str) -> Iterator[str]:
    return (text for text in fields.array(source, key) or [] if isinstance(text, str))


def _text(source: PlistDict, key: str) -> str:
    return fields.string(source, key) or ""


def _number(source: PlistDict, key: str) -> int:
    return _optional(source, key) or 0


def _optional(source: PlistDict, key: str) -> int | None:
    number = fields.uint64(source, key)
    return None if number is None else int(number)


def _data(source: PlistDict, key: str) -> bytes | None:
    """A text as it was sent; one of no bytes is a string, for proplib reads no empty data."""
    value: PlistValue | None = source.get(key)
    return b"" if value == "" else value if isinstance(value, bytes) else None
