"""Looking at a server from the command line: the connection, and the devices one asks for."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ..client.monitor import Monitor
from ..wire.errors import DMError
from ..wire.state import DeviceState
from .options import exit_without_server, fail
from .text import printable

_NAMES_SHOWN = 12


@contextmanager
def looking(socket: Path | None) -> Iterator[Monitor]:
    """A connection that looks at the server; exits where there is none, or it refuses."""
    with exit_without_server(), Monitor(socket) as monitor:
        try:
            yield monitor
        except DMError as error:
            fail(error.message)


def selected(devices: Sequence[DeviceState], names: Iterable[str]) -> list[DeviceState]:
    """The devices that have one of `names` as name, uuid or minor, each once; all without any.

    Exits where a name is nobody's.
    """
    wanted = list(names)
    if not wanted:
        return list(devices)
    found = {name: find_device(devices, name) for name in wanted}
    for name, device in found.items():
        if device is None:
            fail(f"no device named {printable(name)}; {there_are(d.title for d in devices)}")
    minors = {device.minor for device in found.values() if device is not None}
    return [device for device in devices if device.minor in minors]


def find_device(devices: Sequence[DeviceState], name: str) -> DeviceState | None:
    """The device of that name, else uuid, else minor."""
    for read in (_name, _uuid, _minor):
        for device in devices:
            if name and read(device) == name:
                return device
    return None


def there_are(names: Iterable[str]) -> str:
    """What could have been named, for a message: `there are vol1, vol2`."""
    known = [printable(name) for name in names]
    more = len(known) - _NAMES_SHOWN
    if more > 1:
        known[_NAMES_SHOWN:] = [f"{more} more"]
    return f"there are {', '.join(known)}" if known else "there is none"


def _name(device: DeviceState) -> str:
    return device.name


def _uuid(device: DeviceState) -> str:
    return device.uuid


def _minor(device: DeviceState) -> str:
    return str(device.minor)
