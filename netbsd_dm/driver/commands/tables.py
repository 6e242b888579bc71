"""Commands on tables: reload, clear, deps, status and table."""

from ...plist import PlistDict, PlistValue, UInt
from ...wire import fields, flags, keys
from ...wire.errors import DMError, Errno, UndefinedError
from ..device import Device
from ..loading import load_as_driver, load_whole
from ..state import State
from ..table import Entry, Table


def reload(state: State, request: PlistDict) -> None:
    """Load the table in cmd_data into the inactive slot."""
    device = state.find(request)
    lines = request.get(keys.CMD_DATA)
    try:
        if state.profile.reload_is_atomic:
            _replace_inactive(state, device, lines)
        else:
            load_as_driver(state, device, lines)
    except UndefinedError:
        raise
    except DMError:
        request[keys.MINOR] = UInt(device.minor)
        raise
    request[keys.MINOR] = UInt(device.minor)
    fields.add_flags(request, flags.INACTIVE_PRESENT)


def _replace_inactive(state: State, device: Device, lines: PlistValue | None) -> None:
    if not isinstance(lines, list):
        raise DMError(
            Errno.EINVAL, "cmd_data must be the table, an array of dictionaries", keys.CMD_DATA
        )
    table = load_whole(state, device, lines)
    device.destroy_inactive()
    device.inactive = table
    device.flags |= flags.INACTIVE_PRESENT


def clear(state: State, request: PlistDict) -> None:
    """Empty the inactive slot."""
    device = state.find(request)
    device.destroy_inactive()
    device.flags &= ~flags.INACTIVE_PRESENT


def deps(state: State, request: PlistDict) -> None:
    """cmd_data: the dev_t of every physical device, once for each use.

    The numbers are signed, for proplib up to 2018 appends them so (spec 1.1).
    """
    device = state.find(request)
    table = _asked_for(device, fields.uint32(request, keys.FLAGS))
    request[keys.MINOR] = UInt(device.minor)
    request[keys.NAME] = device.name
    request[keys.UUID] = device.uuid
    request[keys.CMD_DATA] = [pdev.dev for entry in table for pdev in entry.target.deps()]


def status(state: State, request: PlistDict) -> None:
    """cmd_data: the lines of the table, with params if the flag asks for them."""
    device = state.find(request)
    bits = fields.uint32(request, keys.FLAGS)
    table = _asked_for(device, bits)
    if any(entry.start is None or entry.length is None for entry in table):
        raise UndefinedError("the driver reads numbers that no reload ever set")
    if device.live:
        bits |= flags.ACTIVE_PRESENT
    else:
        bits &= ~(flags.ACTIVE_PRESENT | flags.INACTIVE_PRESENT)
        bits |= flags.INACTIVE_PRESENT if device.inactive else 0
    if device.is_suspended:
        bits |= flags.SUSPEND
    request[keys.MINOR] = UInt(device.minor)
    request[keys.FLAGS] = UInt(bits)
    with_params = bool(bits & flags.STATUS_TABLE)
    request[keys.CMD_DATA] = [_line(entry, device.live_slot, with_params) for entry in table]


def _asked_for(device: Device, bits: int) -> Table:
    return device.inactive if bits & flags.QUERY_INACTIVE_TABLE else device.live


def _line(entry: Entry, live_slot: int, with_params: bool) -> PlistDict:
    line: PlistDict = {
        keys.LENGTH: UInt(entry.length_sectors),
        keys.START: UInt(entry.start_sector),
        keys.STATUS: live_slot,
        keys.TYPE: entry.target.name,
    }
    if with_params:  # NetBSD's library takes the size of a line from it, so it is never missing
        line[keys.PARAMS] = entry.target.table() or ""
    return line
