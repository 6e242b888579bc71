"""Everything there is to see in a server, as one dictionary."""

import os
from collections.abc import Iterable, Iterator
from typing import Final

from ... import __version__
from ...clock.timers import Clock
from ...driver.device import Device
from ...driver.mapper import Mapper
from ...driver.stacking import MappedHandle
from ...driver.table import Entry, Table
from ...faults.plan import Armed, Plan
from ...pdev import devnum
from ...pdev.catalog import FileSource
from ...pdev.file import FileHandle
from ...pdev.registry import Pdev
from ...plist import PlistDict, PlistValue, UInt
from ...plist.escapes import to_bytes
from ...plist.values import UINT64_MAX
from ...wire import keys, monitoring
from ..clients import Client

_RUNS_MAX: Final = 512
"""So many runs of a line are looked at to find where on its devices it begins."""


def state_of(mapper: Mapper, clients: Iterable[Client], lines_max: int | None = None) -> PlistDict:
    """The state, as protocol/monitor.md describes it; of each table `lines_max` lines."""
    return {
        keys.VERSION: __version__,
        monitoring.PROFILE: mapper.profile.name,
        monitoring.PID: UInt(os.getpid()),
        monitoring.CLOCK: clock_of(mapper.clock),
        monitoring.DEVICES: [_device(device, lines_max) for device in mapper.devices],
        monitoring.PDEVS: [_pdev(pdev) for pdev in mapper.opened],
        monitoring.OFFERS: [_offer(source) for source in mapper.catalog.offered],
        monitoring.DIRECTORIES: [os.fspath(path) for path in mapper.catalog.directories],
        monitoring.CLIENTS: [_client(client) for client in clients],
        monitoring.FAULTS: faults_of(mapper.faults),
    }


def clock_of(clock: Clock) -> PlistDict:
    """Which clock it is, and the time in nanoseconds since the start."""
    return {
        monitoring.KIND: monitoring.MANUAL if clock.is_manual else monitoring.WALL,
        monitoring.NS: UInt(round(clock.seconds() * 1_000_000_000)),
    }


def faults_of(plan: Plan) -> list[PlistValue]:
    """The rules in force, with their counts."""
    return [_armed(armed) for armed in plan]


def _armed(armed: Armed) -> PlistDict:
    return {
        monitoring.RULE: str(armed.rule),
        monitoring.MATCHES: UInt(armed.matches),
        monitoring.HITS: UInt(armed.hits),
    }


def _device(device: Device, lines_max: int | None) -> PlistDict:
    return {
        keys.NAME: device.name,
        keys.UUID: device.uuid,
        keys.MINOR: UInt(device.minor),
        keys.OPEN_COUNT: UInt(device.open_count),
        keys.EVENT_NR: UInt(device.event_nr),
        monitoring.SUSPENDED: device.is_suspended,
        monitoring.READ_ONLY: device.is_read_only,
        monitoring.LIVE: _lines(device.live, lines_max),
        monitoring.LIVE_LINES: UInt(len(device.live)),
        monitoring.LIVE_SECTORS: UInt(device.live.size_sectors),
        monitoring.INACTIVE: _lines(device.inactive, lines_max),
        monitoring.INACTIVE_LINES: UInt(len(device.inactive)),
        monitoring.INACTIVE_SECTORS: UInt(device.inactive.size_sectors),
        monitoring.USES: [_id(pdev) for pdev in _used(device)],
    }


def _used(device: Device) -> list[Pdev]:
    """The physical devices of all its lines, by name."""
    return sorted(device.live.pdevs | device.inactive.pdevs, key=lambda pdev: pdev.name)


def _id(pdev: Pdev) -> PlistDict:
    """What tells it among all that are open."""
    return {keys.NAME: pdev.name, keys.DEV: _dev(pdev.dev)}


def _lines(table: Table, lines_max: int | None) -> list[PlistValue]:
    return [_line(entry) for entry in table.entries[:lines_max]]


def _line(entry: Entry) -> PlistDict:
    line: PlistDict = {
        keys.START: UInt(entry.start_sector),
        keys.LENGTH: UInt(entry.length_sectors),
        keys.TYPE: entry.target.name,
        monitoring.USES: list(_uses(entry)),
    }
    params = _params(entry)
    if params is not None:
        line[keys.PARAMS] = params
    return line


def _params(entry: Entry) -> str | None:
    """The params of a line, if it has any that a property list can hold."""
    try:
        params = entry.target.table()
        is_text = isinstance(params, str) and b"\0" not in to_bytes(params)
    except Exception:  # noqa: BLE001 (as below)
        return None
    return params if is_text else None


def _uses(entry: Entry) -> Iterator[PlistValue]:
    """Each physical device of a line, with the sectors that the line takes of it."""
    try:
        ends = _ends(entry)
        starts = _starts(entry, ends)
    except Exception:  # noqa: BLE001 (a target of a package may raise anything)
        ends, starts = {}, {}
    for pdev in dict.fromkeys(entry.devices.opened):
        use = _id(pdev)
        start_sector, end_sector = starts.get(pdev, 0), ends.get(pdev, 0)
        if pdev in starts and 0 <= start_sector < end_sector <= UINT64_MAX:
            use |= {keys.START: UInt(start_sector), monitoring.END: UInt(end_sector)}
        yield use


def _ends(entry: Entry) -> dict[Pdev, int]:
    found: dict[Pdev, int] = {}
    for pdev, end_sector in entry.target.extents(entry.length_sectors):
        found[pdev] = max(found.get(pdev, 0), end_sector)
    return found


def _starts(entry: Entry, ends: dict[Pdev, int]) -> dict[Pdev, int]:
    found: dict[Pdev, int] = {}
    sector = 0
    for _ in range(_RUNS_MAX):
        if sector >= entry.length_sectors or _hold_all(entry, found, ends):
            break
        run = entry.target.run(sector)
        if isinstance(run.device, Pdev):
            there = sector + run.shift_sectors
            found[run.device] = min(found.get(run.device, there), there)
        sector = run.end_sector
    return found


def _hold_all(entry: Entry, starts: dict[Pdev, int], ends: dict[Pdev, int]) -> bool:
    """Whether the sectors of a line fit between the starts found so far and the ends.

    Then no further run begins lower, unless it leaves a gap: one look at each stripe
    is enough.
    """
    held_sectors = sum(ends.get(pdev, 0) - start for pdev, start in starts.items())
    return held_sectors >= entry.length_sectors


def _pdev(pdev: Pdev) -> PlistDict:
    found = _id(pdev) | {
        monitoring.SECTORS: UInt(pdev.handle.size_sectors),
        monitoring.REFERENCES: UInt(pdev.references),
    }
    if isinstance(pdev.handle, FileHandle):
        found[monitoring.PATH] = pdev.handle.path
        found[monitoring.READ_ONLY] = pdev.handle.read_only
    elif isinstance(pdev.handle, MappedHandle):
        found[keys.MINOR] = UInt(pdev.handle.device.minor)
    return found


def _offer(source: FileSource) -> PlistDict:
    return {
        keys.NAME: source.identity,
        monitoring.PATH: source.path,
        keys.DEV: _dev(source.dev),
        monitoring.READ_ONLY: source.read_only,
    }


def _dev(dev: int) -> list[PlistValue]:
    return [UInt(devnum.major(dev)), UInt(devnum.minor(dev))]


def _client(client: Client) -> PlistDict:
    found: PlistDict = {
        monitoring.NUMBER: UInt(client.number),
        monitoring.REQUESTS: UInt(client.requests),
    }
    if client.peer is not None:
        found[monitoring.PID] = UInt(client.peer.pid)
        found[monitoring.UID] = UInt(client.peer.uid)
    return found
