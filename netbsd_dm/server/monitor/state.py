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
from ...wire import keys
from ..clients import Client

_RUNS_MAX: Final = 512
"""So many runs of a line are looked at to find where on its devices it begins."""


def state_of(mapper: Mapper, clients: Iterable[Client]) -> PlistDict:
    """The state, as protocol/monitor.md describes it."""
    return {
        "version": __version__,
        "profile": mapper.profile.name,
        "pid": UInt(os.getpid()),
        "clock": clock_of(mapper.clock),
        "devices": [_device(device) for device in mapper.devices],
        "pdevs": [_pdev(pdev) for pdev in mapper.opened],
        "offers": [_offer(source) for source in mapper.catalog.offered],
        "directories": [os.fspath(path) for path in mapper.catalog.directories],
        "clients": [_client(client) for client in clients],
        "faults": faults_of(mapper.faults),
    }


def clock_of(clock: Clock) -> PlistDict:
    """Which clock it is, and the time in nanoseconds since the start."""
    return {
        "kind": "manual" if clock.is_manual else "wall",
        "ns": UInt(round(clock.seconds() * 1_000_000_000)),
    }


def faults_of(plan: Plan) -> list[PlistValue]:
    """The rules in force, with their counts."""
    return [_armed(armed) for armed in plan]


def _armed(armed: Armed) -> PlistDict:
    return {
        "rule": str(armed.rule),
        "matches": UInt(armed.matches),
        "hits": UInt(armed.hits),
    }


def _device(device: Device) -> PlistDict:
    return {
        keys.NAME: device.name,
        keys.UUID: device.uuid,
        keys.MINOR: UInt(device.minor),
        keys.OPEN_COUNT: UInt(device.open_count),
        keys.EVENT_NR: UInt(device.event_nr),
        "suspended": device.is_suspended,
        "read_only": device.is_read_only,
        "live": _lines(device.live),
        "inactive": _lines(device.inactive),
    }


def _lines(table: Table) -> list[PlistValue]:
    return [_line(entry) for entry in table]


def _line(entry: Entry) -> PlistDict:
    line: PlistDict = {
        keys.START: UInt(entry.start_sector),
        keys.LENGTH: UInt(entry.length_sectors),
        keys.TYPE: entry.target.name,
        "uses": list(_uses(entry)),
    }
    params = entry.target.table()
    if params is not None:
        line[keys.PARAMS] = params
    return line


def _uses(entry: Entry) -> Iterator[PlistValue]:
    """Each physical device of a line, with the sectors that the line takes of it."""
    try:
        ends, starts = _ends(entry), _starts(entry)
    except Exception:  # noqa: BLE001 (a target of a package may raise anything)
        ends, starts = {}, {}
    for pdev in dict.fromkeys(entry.devices.opened):
        use: PlistDict = {keys.NAME: pdev.name}
        if pdev in starts and pdev in ends:
            use |= {keys.START: UInt(starts[pdev]), "end": UInt(ends[pdev])}
        yield use


def _ends(entry: Entry) -> dict[Pdev, int]:
    found: dict[Pdev, int] = {}
    for pdev, end_sector in entry.target.extents(entry.length_sectors):
        found[pdev] = max(found.get(pdev, 0), end_sector)
    return found


def _starts(entry: Entry) -> dict[Pdev, int]:
    found: dict[Pdev, int] = {}
    sector = 0
    for _ in range(_RUNS_MAX):
        if sector >= entry.length_sectors:
            break
        run = entry.target.run(sector)
        if isinstance(run.device, Pdev):
            there = sector + run.shift_sectors
            found[run.device] = min(found.get(run.device, there), there)
        sector = run.end_sector
    return found


def _pdev(pdev: Pdev) -> PlistDict:
    found: PlistDict = {
        keys.NAME: pdev.name,
        keys.DEV: _dev(pdev.dev),
        "sectors": UInt(pdev.handle.size_sectors),
        "references": UInt(pdev.references),
    }
    if isinstance(pdev.handle, FileHandle):
        found |= {"path": pdev.handle.path, "read_only": pdev.handle.read_only}
    elif isinstance(pdev.handle, MappedHandle):
        found[keys.MINOR] = UInt(pdev.handle.device.minor)
    return found


def _offer(source: FileSource) -> PlistDict:
    return {
        keys.NAME: source.identity,
        "path": source.path,
        keys.DEV: _dev(source.dev),
        "read_only": source.read_only,
    }


def _dev(dev: int) -> list[PlistValue]:
    return [UInt(devnum.major(dev)), UInt(devnum.minor(dev))]


def _client(client: Client) -> PlistDict:
    found: PlistDict = {"number": UInt(client.number), "requests": UInt(client.requests)}
    if client.peer is not None:
        found |= {"pid": UInt(client.peer.pid), "uid": UInt(client.peer.uid)}
    return found
