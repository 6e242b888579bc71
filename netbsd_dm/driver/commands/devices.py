"""Commands on a device: create, remove, rename, suspend, resume, info and mknodes."""

from typing import Final

from ...plist import PlistDict, UInt
from ...plist.escapes import cut_bytes, to_bytes
from ...wire import fields, flags, keys
from ...wire.errors import DMError, Errno, UndefinedError
from ..device import Device
from ..drain import after_flush, after_io, before_swap
from ..events import DrainWait
from ..stacking import is_used, users_of
from ..state import State, check_name

NAME_BYTES: Final = 127
"""DM_NAME_LEN, less the NUL."""
UUID_BYTES: Final = 129
"""DM_UUID_LEN, which the driver fills up."""


def create(state: State, request: PlistDict) -> None:
    """A new device without tables; replies its minor."""
    name = fields.string(request, keys.NAME) or ""
    uuid = fields.string(request, keys.UUID) or ""
    if state.profile.refuses_long_names:
        check_name(name, keys.NAME, NAME_BYTES)
        check_name(uuid, keys.UUID, UUID_BYTES)
    if state.devices.find(0, name, uuid) is not None:
        fields.add_flags(request, flags.EXISTS)
        raise _taken(state, name)
    device = Device(
        minor=state.devices.new_minor(),
        name=cut_bytes(name, NAME_BYTES),
        uuid=cut_bytes(uuid, UUID_BYTES),
        flags=fields.uint32(request, keys.FLAGS) & flags.READONLY,
    )
    request[keys.MINOR] = UInt(device.minor)
    inserted = state.devices.insert(device)
    fields.add_flags(request, flags.EXISTS)
    fields.remove_flags(request, flags.INACTIVE_PRESENT)
    if not inserted:
        raise _taken(state, device.name)


def _taken(state: State, name: str) -> DMError:
    key = keys.NAME if state.devices.by_name(name) else keys.UUID
    return DMError(
        Errno.EEXIST, f"a device with that {key} exists: choose another, or remove it first", key
    )


def remove(state: State, request: PlistDict) -> DrainWait | None:
    """Take the device off the list and give back what its tables use."""
    device = state.find(request)
    if state.profile.remove_refuses_users:
        refuse_users(state, device)
    state.devices.remove(device)
    device.destroy()
    return after_io(device)


def refuse_users(state: State, device: Device) -> None:
    """Raise `DMError` (EBUSY) if `device` is open, or other devices stand on it."""
    if is_used(device, state.pdevs):
        users = ", ".join(users_of(device, state.devices))
        raise DMError(Errno.EBUSY, f"{device.title} is used by {users}: remove that first")
    if device.open_count:
        raise DMError(
            Errno.EBUSY,
            f"{device.title} is open, {device.open_count} times: disconnect its NBD clients first",
        )


def rename(state: State, request: PlistDict) -> None:
    """Give the device the name in cmd_data[0]; it moves to the end of the list."""
    array = fields.array(request, keys.CMD_DATA)
    new_name = array[0] if array else None
    if not isinstance(new_name, str):
        raise UndefinedError("cmd_data must hold the new name, a string", keys.CMD_DATA)
    if len(to_bytes(new_name)) > NAME_BYTES:
        raise DMError(
            Errno.EINVAL, f"the new name has more than {NAME_BYTES} bytes", f"{keys.CMD_DATA}[0]"
        )
    device = _find_to_rename(state, request)
    if state.profile.rename_refuses_existing:
        namesake = state.devices.by_name(new_name)
        if namesake not in (None, device):
            raise DMError(
                Errno.EEXIST,
                f"a device named {new_name} exists: choose another name, or remove it first",
                f"{keys.CMD_DATA}[0]",
            )
    state.devices.remove(device)
    device.name = new_name
    request[keys.OPEN_COUNT] = UInt(state.open_count(device))
    request[keys.MINOR] = UInt(device.minor)
    request[keys.UUID] = device.uuid
    if not state.devices.insert(device):
        device.destroy()  # lost for ever, as the driver loses it


def _find_to_rename(state: State, request: PlistDict) -> Device:
    if state.profile.rename_finds_by_uuid:
        return state.find(request)
    device = state.devices.find(
        fields.uint32(request, keys.MINOR), fields.string(request, keys.NAME), None
    )
    # The driver compares the uuid with names.
    namesake = state.devices.by_name(fields.string(request, keys.UUID) or "")
    return device or namesake or state.find(request, by_uuid=False)


def suspend(state: State, request: PlistDict) -> DrainWait | None:
    """Mark the device suspended; the reply's flags are the device's own.

    New I/O then waits for the resume, and the reply for what has been started,
    which is flushed unless the request has NOFLUSH.
    """
    device = state.find(request)
    device.flags |= flags.SUSPEND
    no_flush = bool(fields.uint32(request, keys.FLAGS) & flags.NOFLUSH)
    request[keys.OPEN_COUNT] = UInt(state.open_count(device))
    request[keys.FLAGS] = UInt(device.flags | flags.EXISTS)
    request[keys.MINOR] = UInt(device.minor)
    if not state.profile.suspend_stops_io:
        return None
    device.hold_io()
    return after_io(device) if no_flush else after_flush(device, state.pdevs)


def resume(state: State, request: PlistDict) -> DrainWait | None:
    """Make the inactive table live, and end the table that was."""
    device = state.find(request)
    if state.profile.suspend_stops_io:
        wait = before_swap(
            device, state.pdevs, lambda request: _swap_drained(state, device, request)
        )
        if wait is not None:
            return wait
    _swap(state, device, request)
    if device.stops_io:
        device.allow_io()
    return None


def _swap_drained(state: State, device: Device, request: PlistDict) -> None:
    if device.is_removed:
        raise DMError(Errno.ENXIO, f"{device.title} was removed before its I/O had drained")
    _swap(state, device, request)


def _swap(state: State, device: Device, request: PlistDict) -> None:
    device.flags &= ~(flags.SUSPEND | flags.INACTIVE_PRESENT)
    device.flags |= flags.ACTIVE_PRESENT
    swap = bool(device.inactive) or not state.profile.resume_keeps_live_table
    if swap:
        device.swap_slots()
    if device.live:
        device.mapped_sectors = device.live.size_sectors
    fields.add_flags(request, flags.EXISTS)
    request[keys.OPEN_COUNT] = UInt(state.open_count(device))
    request[keys.MINOR] = UInt(device.minor)
    if swap:
        device.destroy_inactive()
        device.raise_event()


def info(state: State, request: PlistDict) -> None:
    """State and numbers of the device."""
    device = state.find(request)
    request[keys.OPEN_COUNT] = UInt(state.open_count(device))
    request[keys.MINOR] = UInt(device.minor)
    request[keys.UUID] = device.uuid
    request[keys.TARGET_COUNT] = UInt(len(device.live))
    request[keys.FLAGS] = UInt(device.state_flags(fields.uint32(request, keys.FLAGS)))
    if state.profile.reports_event_nr:
        request[keys.EVENT_NR] = UInt(device.event_nr)
