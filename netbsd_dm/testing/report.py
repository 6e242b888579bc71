"""What is told of a server when a test fails: its journal and its state, for people."""

from collections.abc import Iterator
from typing import Final

from .assertions import Assertions
from .state import DeviceState

_ENTRIES_SHOWN: Final = 200
_TABLE_LINES_SHOWN: Final = 20


def sections(server: Assertions) -> dict[str, str]:
    """The texts by their titles; those that would be empty are left out."""
    told = {
        "netbsd-dm journal": server.journal_lines(_ENTRIES_SHOWN),
        "netbsd-dm state": [] if server.is_closed else _state_lines(server),
    }
    return {title: "\n".join(lines) for title, lines in told.items() if lines}


def _state_lines(server: Assertions) -> list[str]:
    try:
        return list(_told(server))
    except Exception as error:  # noqa: BLE001 (a target of a package may raise anything)
        return [f"it cannot be told: {error!r}"]


def _told(server: Assertions) -> Iterator[str]:
    """Devices and their tables as dmsetup prints them, handles, and the faults in force."""
    for device in server.devices:
        yield from _device_lines(device)
    handles = ", ".join(f"{name} ({count})" for name, count in server.handles.items())
    if handles:
        yield f"open, with the lines that use each: {handles}"
    for rule, hits in server.faults.hits.items():
        yield f"fault {rule}: {hits or 'no'} hit{'' if hits == 1 else 's'}"


def _device_lines(device: DeviceState) -> Iterator[str]:
    remarks = [f"minor {device.minor}"]
    remarks += ["suspended"] if device.is_suspended else []
    remarks += ["read-only"] if device.is_read_only else []
    remarks += [f"open {device.open_count}"] if device.open_count else []
    title = device.name or f"minor {device.minor}"
    yield f"{title}: {', '.join(remarks)}"
    for slot, lines in (("live", device.live), ("inactive", device.inactive)):
        yield from (f"    {slot}: {line}" for line in lines[:_TABLE_LINES_SHOWN])
        if len(lines) > _TABLE_LINES_SHOWN:
            yield f"    {slot}: ... {len(lines) - _TABLE_LINES_SHOWN} more lines"
