"""A server to look at: what it is started with, and what is done to it."""

from collections.abc import Callable, Collection
from pathlib import Path

from netbsd_dm import (
    STANDARD,
    Catalog,
    Client,
    DeviceMapper,
    Offer,
    Profile,
    Settings,
    TableLine,
)
from netbsd_dm.clock.timers import ManualClock
from netbsd_dm.pdev.devnum import makedev
from netbsd_dm.plist import dumps, loads
from netbsd_dm.server.journal import Journal
from netbsd_dm.server.monitor.state import state_of as server_state
from netbsd_dm.wire.monitoring import read_state
from netbsd_dm.wire.state import ServerState


def settings_in(
    directory: Path, profile: Profile = STANDARD, journals: Collection[Journal] = ()
) -> Settings:
    """A server on a manual clock, with two disks of 1 MiB: /dev/wd1a, 197:0, and /dev/wd2a."""
    for name in ("wd1a", "wd2a"):
        (directory / name).write_bytes(bytes(1 << 20))
    offers = [
        Offer("/dev/wd1a", directory / "wd1a", dev=makedev(197, 0)),
        Offer("/dev/wd2a", directory / "wd2a", read_only=True),
    ]
    return Settings(
        socket_path=directory / "dm.sock",
        profile=profile,
        catalog=Catalog(offers),
        clock=ManualClock(),
        journals=journals,
    )


def make(dm: Client | DeviceMapper, name: str, *lines: TableLine) -> None:
    """A device with a live table."""
    dm.create(name)
    dm.reload(name, lines)
    dm.resume(name)


def until(is_so: Callable[[], bool]) -> None:
    """Look until it is so: each look is an exchange, and the server goes on meanwhile."""
    while not is_so():
        continue


def state_of(dm: DeviceMapper, lines_max: int | None = None) -> ServerState:
    """What a client would see of a mapper in this process."""
    return read_state(loads(dumps(server_state(dm.mapper, (), lines_max))))
