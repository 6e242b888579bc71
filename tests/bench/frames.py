"""The requests that are measured, as they go over the socket.

They vary over 1,000 device names, so that no cache of whole replies can win.
"""

from collections.abc import Iterable

from netbsd_dm import TableLine
from netbsd_dm.client.exchange import framed
from netbsd_dm.plist import PlistDict, dumps
from netbsd_dm.wire import calls
from netbsd_dm.wire.calls import Selector

NAMES = [f"vol{number:04}" for number in range(1000)]
DISK = "/dev/wd1a"


def version() -> list[bytes]:
    """version, over and over."""
    return [_frame(calls.version().request)] * len(NAMES)


def info() -> list[bytes]:
    """info of every device."""
    return [_frame(calls.info(Selector(name)).request) for name in NAMES]


def create() -> list[bytes]:
    """What makes the devices that `info` asks about."""
    return [_frame(calls.create(name, f"uuid-{name}", False).request) for name in NAMES]


def cycle() -> list[bytes]:
    """create, reload, resume and remove of every device of another thousand."""
    return [frame for name in NAMES for frame in _cycle_of(f"cycle-{name}")]


def reload(name: str, entries: int) -> bytes:
    """One table of so many lines."""
    lines = (
        TableLine(8 * number, 8, "linear", f"{DISK} {8 * number}") for number in range(entries)
    )
    return _frame(calls.reload(Selector(name), lines).request)


def _cycle_of(name: str) -> Iterable[bytes]:
    device = Selector(name)
    yield _frame(calls.create(name, None, False).request)
    yield _frame(calls.reload(device, [TableLine(0, 2048, "linear", f"{DISK} 0")]).request)
    yield _frame(calls.resume(device).request)
    yield _frame(calls.remove(device).request)


def _frame(request: PlistDict) -> bytes:
    return framed(dumps(request))
