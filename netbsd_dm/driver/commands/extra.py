"""The four commands that NetBSD's header lists and its driver lacks, and iostat."""

from ...plist import PlistDict, UInt
from ...wire import fields, keys
from ...wire.errors import DMError, Errno
from ..device import Device, Geometry
from ..events import EventWait
from ..stacking import is_used
from ..state import State, one_dictionary


def remove_all(state: State, request: PlistDict) -> None:
    """Remove every device, those on top first; what is in use stays (EBUSY)."""
    removed = True
    while removed:
        removed = False
        for device in reversed(tuple(state.devices)):  # what stands on others is newer
            if not device.open_count and not is_used(device, state.pdevs):
                state.devices.remove(device)
                device.destroy()
                removed = True
    if len(state.devices):
        kept = ", ".join(device.title for device in state.devices)
        raise DMError(Errno.EBUSY, f"still in use: {kept}; all others are removed")


def waitevent(state: State, request: PlistDict) -> EventWait:
    """Wait until the device's event counter passes event_nr."""
    device = state.find(request)
    return EventWait(device, fields.uint32(request, keys.EVENT_NR, device.event_nr))


def message(state: State, request: PlistDict) -> None:
    """Send a text to the target that maps a sector; cmd_data: its answer, if any."""
    device = state.find(request)
    given = one_dictionary(request, "{sector, message}")
    text = fields.string(given, keys.MESSAGE)
    if text is None:
        raise DMError(Errno.EINVAL, "the message is missing", "cmd_data[0].message")
    sector = fields.uint64(given, keys.SECTOR) or 0
    entry = device.live.find(sector)
    if entry is None:
        raise DMError(
            Errno.EINVAL, f"no target maps sector {sector} of {device.title}", "cmd_data[0].sector"
        )
    answer = entry.target.message(text)
    if answer is not None:
        request[keys.CMD_DATA] = [answer]


def setgeometry(state: State, request: PlistDict) -> None:
    """Set the geometry that disk information reports from now on."""
    device = state.find(request)
    given = one_dictionary(request, "{cylinders, heads, sectors, start}")
    numbers: list[int] = []
    for key in (keys.CYLINDERS, keys.HEADS, keys.SECTORS, keys.START):
        number = fields.uint64(given, key)
        if number is None:
            raise DMError(Errno.EINVAL, f"{key} is missing or no number", f"cmd_data[0].{key}")
        numbers.append(number)
    device.geometry = Geometry(*numbers)


def iostat(state: State, request: PlistDict) -> None:
    """cmd_data: the I/O statistics of the device, or of all if the request names none."""
    names_one = any(request.get(key) for key in (keys.MINOR, keys.NAME, keys.UUID))
    devices = [state.find(request)] if names_one else list(state.devices)
    request[keys.CMD_DATA] = [_statistics(device) for device in devices]


def _statistics(device: Device) -> PlistDict:
    counted = device.statistics
    return {
        keys.NAME: device.name,
        keys.MINOR: UInt(device.minor),
        keys.READS: UInt(counted.reads),
        keys.READ_BYTES: UInt(counted.read_bytes),
        keys.WRITES: UInt(counted.writes),
        keys.WRITTEN_BYTES: UInt(counted.written_bytes),
        keys.FLUSHES: UInt(counted.flushes),
        keys.DISCARDS: UInt(counted.discards),
        keys.ERRORS: UInt(counted.errors),
        keys.LATENCY_NS: UInt(counted.latency_ns),
        keys.SLOWEST_NS: UInt(counted.slowest_ns),
    }
