"""Every command as a function: from arguments to a request, from its reply to a value.

Devices are given by name, uuid or minor; the driver looks for the minor first,
then the name, then the uuid.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from ..plist import PlistDict, PlistValue, UInt
from . import fields, flags, keys
from .replies import Info, IoStatistics, NamedDevice, TableLine, TargetVersion, Version

T = TypeVar("T")

_NO_VERSION = frozenset({"remove_all", "waitevent", "message", "setgeometry", "iostat"})


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """A request, and how to read the reply."""

    request: PlistDict
    read: Callable[[PlistDict], T]


@dataclass(frozen=True, slots=True)
class Selector:
    """Which device a command is about."""

    name: str | None = None
    uuid: str | None = None
    minor: int | None = None


def version() -> Call[Version]:
    """The driver's version."""
    return Call(_request("version"), lambda reply: _version(reply.get(keys.VERSION)))


def targets() -> Call[list[TargetVersion]]:
    """All targets."""
    return Call(_request("targets"), _read_targets)


def names() -> Call[list[NamedDevice]]:
    """All devices."""
    return Call(_request("names"), _read_names)


def create(name: str, uuid: str | None, read_only: bool) -> Call[int]:
    """A new device; its minor."""
    bits = flags.READONLY if read_only else 0
    return Call(_request("create", Selector(name, uuid), flags=bits), _read_minor)


def remove(device: Selector) -> Call[None]:
    """The device gone."""
    return Call(_request("remove", device), _read_nothing)


def remove_all() -> Call[None]:
    """All devices gone."""
    return Call(_request("remove_all"), _read_nothing)


def rename(device: Selector, new_name: str) -> Call[None]:
    """Another name for the device."""
    return Call(_request("rename", device, [new_name]), _read_nothing)


def suspend(device: Selector, no_flush: bool = False) -> Call[None]:
    """The device suspended, and flushed before unless `no_flush`."""
    bits = flags.SUSPEND | (flags.NOFLUSH if no_flush else 0)
    return Call(_request("suspend", device, flags=bits), _read_nothing)


def resume(device: Selector) -> Call[None]:
    """The inactive table live."""
    return Call(_request("resume", device), _read_nothing)


def info(device: Selector, command: str = "info") -> Call[Info]:
    """The state of the device; `command` may be mknodes, which is the same."""
    return Call(_request(command, device), _read_info)


def waitevent(device: Selector, event_nr: int | None) -> Call[int]:
    """Once the event counter passes `event_nr`: the counter."""
    request = _request("waitevent", device)
    if event_nr is not None:
        request[keys.EVENT_NR] = UInt(event_nr)
    return Call(request, lambda reply: fields.uint32(reply, keys.EVENT_NR))


def reload(device: Selector, lines: Iterable[TableLine]) -> Call[None]:
    """A table in the inactive slot."""
    table: list[PlistValue] = [
        {
            keys.START: UInt(line.start),
            keys.LENGTH: UInt(line.length),
            keys.TYPE: line.type,
            keys.PARAMS: line.params or "",
        }
        for line in lines
    ]
    return Call(_request("reload", device, table), _read_nothing)


def clear(device: Selector) -> Call[None]:
    """The inactive slot empty."""
    return Call(_request("clear", device), _read_nothing)


def deps(device: Selector, inactive: bool) -> Call[list[int]]:
    """The dev_t of every physical device of a table."""
    return Call(_request("deps", device, flags=_slot(inactive)), _read_deps)


def status(device: Selector, inactive: bool) -> Call[list[TableLine]]:
    """The lines of a table, without params."""
    return Call(_request("status", device, flags=_slot(inactive)), _read_table)


def table(device: Selector, inactive: bool) -> Call[list[TableLine]]:
    """The lines of a table, with params."""
    bits = _slot(inactive) | flags.STATUS_TABLE
    return Call(_request("table", device, flags=bits), _read_table)


def message(device: Selector, text: str, sector: int) -> Call[str | None]:
    """What the target at `sector` answers to `text`."""
    data: PlistDict = {keys.SECTOR: UInt(sector), keys.MESSAGE: text}
    return Call(_request("message", device, [data]), _read_answer)


def setgeometry(
    device: Selector, cylinders: int, heads: int, sectors: int, start: int
) -> Call[None]:
    """A geometry for the device."""
    data: PlistDict = {
        keys.CYLINDERS: UInt(cylinders),
        keys.HEADS: UInt(heads),
        keys.SECTORS: UInt(sectors),
        keys.START: UInt(start),
    }
    return Call(_request("setgeometry", device, [data]), _read_nothing)


def iostat(device: Selector | None = None) -> Call[list[IoStatistics]]:
    """What became of the I/O of a device; None, or one that selects nothing: of all."""
    request = _request("iostat", device)
    del request[keys.CMD_DATA]  # so that the reply of a server without iostat shows it
    return Call(request, _read_statistics)


def _request(
    command: str,
    device: Selector | None = None,
    data: list[PlistValue] | None = None,
    *,
    flags: int = 0,
) -> PlistDict:
    request: PlistDict = {
        keys.COMMAND: command,
        keys.CMD_DATA: data or [],
        keys.FLAGS: UInt(flags | _EXISTS),
    }
    if command not in _NO_VERSION:
        request[keys.VERSION] = [4, 0, 0]
    if device is not None:
        if device.name is not None:
            request[keys.NAME] = device.name
        if device.uuid is not None:
            request[keys.UUID] = device.uuid
        if device.minor is not None:
            request[keys.MINOR] = UInt(device.minor)
            request[keys.FLAGS] = UInt(flags | _EXISTS | _PERSISTENT)
    return request


_EXISTS = flags.EXISTS
_PERSISTENT = flags.PERSISTENT_DEV


def _slot(inactive: bool) -> int:
    return flags.QUERY_INACTIVE_TABLE if inactive else 0


def _data(reply: PlistDict) -> list[PlistValue]:
    return fields.array(reply, keys.CMD_DATA) or []


def _entries(reply: PlistDict) -> list[PlistDict]:
    return [entry for entry in _data(reply) if isinstance(entry, dict)]


def _version(numbers: PlistValue | None) -> Version:
    if not isinstance(numbers, list):
        return Version(0, 0, 0)
    major, minor, patch = ([n for n in numbers if isinstance(n, int)] + [0, 0, 0])[:3]
    return Version(int(major), int(minor), int(patch))


def _read_nothing(reply: PlistDict) -> None:
    return None


def _read_minor(reply: PlistDict) -> int:
    return int(fields.uint32(reply, keys.MINOR))


def _read_targets(reply: PlistDict) -> list[TargetVersion]:
    return [
        TargetVersion(
            fields.string(entry, keys.NAME) or "", _version(entry.get(keys.TARGET_VERSION))
        )
        for entry in _entries(reply)
    ]


def _read_names(reply: PlistDict) -> list[NamedDevice]:
    return [
        NamedDevice(fields.string(entry, keys.NAME) or "", int(fields.uint32(entry, keys.DEV)))
        for entry in _entries(reply)
    ]


def _read_info(reply: PlistDict) -> Info:
    return Info(
        minor=_read_minor(reply),
        uuid=fields.string(reply, keys.UUID) or "",
        flags=int(fields.uint32(reply, keys.FLAGS)),
        open_count=int(fields.uint32(reply, keys.OPEN_COUNT)),
        target_count=int(fields.uint32(reply, keys.TARGET_COUNT)),
        event_nr=(int(fields.uint32(reply, keys.EVENT_NR)) if keys.EVENT_NR in reply else None),
    )


def _read_table(reply: PlistDict) -> list[TableLine]:
    return [
        TableLine(
            int(fields.uint64(entry, keys.START) or 0),
            int(fields.uint64(entry, keys.LENGTH) or 0),
            fields.string(entry, keys.TYPE) or "",
            fields.string(entry, keys.PARAMS),
        )
        for entry in _entries(reply)
    ]


def _read_statistics(reply: PlistDict) -> list[IoStatistics]:
    return [
        IoStatistics(
            fields.string(entry, keys.NAME) or "",
            *(int(fields.uint64(entry, key) or 0) for key in _STATISTICS),
        )
        for entry in _entries(reply)
    ]


_STATISTICS = (
    keys.MINOR,
    keys.READS,
    keys.READ_BYTES,
    keys.WRITES,
    keys.WRITTEN_BYTES,
    keys.FLUSHES,
    keys.DISCARDS,
    keys.ERRORS,
    keys.LATENCY_NS,
    keys.SLOWEST_NS,
)


def _read_deps(reply: PlistDict) -> list[int]:
    return [int(number) for number in _data(reply) if isinstance(number, int)]


def _read_answer(reply: PlistDict) -> str | None:
    data = _data(reply)
    return data[0] if data and isinstance(data[0], str) else None
