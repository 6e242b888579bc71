"""reload: from the lines of a request to a table.

`load_whole` is the protocol as documented: all lines or none, and each checked.
`load_as_driver` is dm_table_load_ioctl of NetBSD 9, with what it leaves behind.
"""

from collections.abc import Iterator
from typing import NamedTuple

from ..pdev.registry import Pdev
from ..plist import PlistValue
from ..targets.arguments import Arguments
from ..targets.interface import Devices, Target
from ..wire import fields, flags, keys
from ..wire.errors import DMError, Errno, UndefinedError
from .device import Device
from .stacking import MappedHandle, refuse_loop
from .state import State
from .table import EMPTY, Entry, Table

LAST_SECTOR = 2**54
"""Beyond this a byte offset no longer fits the 63 bits of a file."""


class Line(NamedTuple):
    """One line of a table, as the request has it."""

    start_sector: int
    length_sectors: int
    type: str
    params: str


def load_whole(state: State, device: Device, lines: list[PlistValue]) -> Table:
    """The table that `lines` describe; raises `DMError` naming line and key."""
    if not lines and state.profile.validates_tables:
        raise DMError(Errno.EINVAL, "the table has no lines: give at least one", keys.CMD_DATA)
    entries: list[Entry] = []
    sizes: dict[Pdev, int] = {}
    end_sector = 0
    try:
        for index, value in enumerate(lines):
            try:
                line = _read_line(value)
                if state.profile.validates_tables:
                    _check_order(line, end_sector, index)
                target = state.targets.find(line.type)
                extent = line.start_sector, line.length_sectors
                entry = _construct(state, device, target, line.params, extent)
                entries.append(entry)
                if state.profile.validates_tables:
                    _check_extents(entry, sizes)
                end_sector = line.start_sector + line.length_sectors
            except DMError as error:
                raise _at_line(error, index) from None
    except BaseException:
        for entry in entries:
            entry.destroy()
        raise
    return Table(entries)


def _read_line(value: PlistValue) -> Line:
    if not isinstance(value, dict):
        raise DMError(Errno.EINVAL, "is not a dictionary", "")
    start = fields.uint64(value, keys.START)
    length = fields.uint64(value, keys.LENGTH)
    type_name = fields.string(value, keys.TYPE)
    params = value.get(keys.PARAMS, "")
    if start is None or length is None:
        key = keys.START if start is None else keys.LENGTH
        raise DMError(Errno.EINVAL, f"{key} is missing or no unsigned number", key)
    if type_name is None:
        raise DMError(Errno.EINVAL, "type is missing or no string", keys.TYPE)
    if not isinstance(params, str):
        raise DMError(Errno.EINVAL, "params is no string", keys.PARAMS)
    return Line(start, length, type_name, params)


def _check_order(line: Line, end_sector: int, index: int) -> None:
    start = line.start_sector
    if start != end_sector:
        if index == 0:
            message = f"the first line starts at sector {start}: it must start at 0"
        else:
            fault = "leaves a gap" if start > end_sector else "overlaps or is out of order"
            message = f"start {start} {fault}: line {index} ends at {end_sector}, start there"
        raise DMError(Errno.EINVAL, message, keys.START)
    if line.length_sectors == 0:
        raise DMError(Errno.EINVAL, "the length is 0: give at least 1 sector", keys.LENGTH)
    if start + line.length_sectors > LAST_SECTOR:
        raise DMError(
            Errno.EINVAL, f"ends beyond sector {LAST_SECTOR}, the most there can be", keys.LENGTH
        )


def _check_extents(entry: Entry, sizes: dict[Pdev, int]) -> None:
    try:
        extents = list(entry.target.extents(entry.length_sectors))
    except Exception as error:
        raise _as_dm_error(error, type(entry.target)) from error
    for pdev, end_sector in extents:
        size_sectors = sizes.get(pdev)
        if size_sectors is None:
            size_sectors = sizes[pdev] = pdev.handle.size_sectors
        if end_sector > size_sectors:
            raise DMError(
                Errno.EINVAL,
                f"needs {end_sector} sectors of {pdev.name}, which has {size_sectors}:"
                " shorten the line or enlarge the device",
                keys.LENGTH,
            )


def load_as_driver(state: State, device: Device, lines: PlistValue | None) -> None:
    """Fill the inactive slot of `device` as NetBSD 9 does; raises `DMError`.

    An unknown type leaves the entries before it in the slot, where the next
    reload puts its own before them; a failing constructor empties the slot.
    Neither changes the device's INACTIVE flag.
    """
    if not isinstance(lines, list):
        raise UndefinedError("the driver iterates over no array", keys.CMD_DATA)
    replaced = EMPTY
    if device.flags & flags.INACTIVE_PRESENT:
        replaced, device.inactive = device.inactive, EMPTY
        for entry in replaced:
            entry.devices.release()
    loaded: list[Entry] = []
    try:
        for entry in _driver_entries(state, device, lines):
            loaded.append(entry)  # noqa: PERF402 (a failure leaves those before it)
    except UndefinedError:
        for entry in loaded:
            entry.destroy()
        for entry in replaced:
            entry.devices.retain()
        if replaced:
            device.inactive = replaced
        raise
    except BaseException as error:
        _put_first(device, loaded, replaced)
        if not isinstance(error, _UnknownTypeError):
            device.destroy_inactive()
        raise
    _put_first(device, loaded, replaced)
    device.flags |= flags.INACTIVE_PRESENT


def _put_first(device: Device, loaded: list[Entry], replaced: Table) -> None:
    """Put `loaded` into the inactive slot, before stale entries; end what was there."""
    device.inactive = Table((*loaded, *device.inactive))
    for entry in replaced:
        entry.end_target()


class _UnknownTypeError(DMError):
    """No such target: the one failure that leaves entries behind."""


def _driver_entries(state: State, device: Device, lines: list[PlistValue]) -> Iterator[Entry]:
    type_name: str | None = None  # keeps the one before where a line has none
    for index, value in enumerate(lines):
        line = value if isinstance(value, dict) else {}
        named = fields.string(line, keys.TYPE)
        type_name = type_name if named is None else named
        if type_name is None:
            raise UndefinedError("the driver looks up an uninitialised type", _where(index))
        try:
            target = state.targets.find(type_name)
        except DMError as error:
            raise _UnknownTypeError(error.errno, error.message, _where(index)) from None
        params = fields.string(line, keys.PARAMS)
        if params is None:
            raise UndefinedError("the driver uses a freed params string", _where(index))
        extent = fields.uint64(line, keys.START), fields.uint64(line, keys.LENGTH)
        yield _construct(state, device, target, params, extent)


def _construct(
    state: State,
    device: Device,
    target: type[Target],
    params: str,
    extent: tuple[int | None, int | None],
) -> Entry:
    devices = Devices(state.pdevs, device.raise_event, state.clock)
    try:
        built = target(Arguments(params, state.profile.strict_arguments), devices)
    except Exception as error:
        devices.release()
        raise _as_dm_error(error, target) from error
    entry = Entry(*extent, built, devices)
    stacked = [p.handle.device for p in devices.opened if isinstance(p.handle, MappedHandle)]
    if stacked:
        try:
            refuse_loop(device, stacked)
        except DMError:
            entry.destroy()
            raise
    return entry


def _as_dm_error(error: Exception, target: type[Target]) -> DMError:
    """What a target raised; a target of a package may raise anything."""
    if isinstance(error, DMError):
        return error
    return DMError(Errno.EINVAL, f"target {target.name} failed: {error!r}")


def _at_line(error: DMError, index: int) -> DMError:
    where = keys.PARAMS if error.where is None else error.where
    return DMError(error.errno, f"line {index + 1}: {error.message}", _where(index, where))


def _where(index: int, key: str = "") -> str:
    return f"{keys.CMD_DATA}[{index}]" + (f".{key}" if key else "")
