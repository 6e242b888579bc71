"""The state of a server as tables of text, whatever draws them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final, NamedTuple

from ..wire.state import (
    ClockState,
    DeviceState,
    FaultState,
    LineState,
    OfferState,
    PdevId,
    PdevState,
    ServerState,
    TableState,
)
from .text import printable

LINES_SHOWN: Final = 8
"""Of a table, or of what is offered, unless all are wanted."""

Row = tuple[str, ...]


class Column(NamedTuple):
    """A heading, and whether what stands below is a number."""

    heading: str
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """A table with a title; without rows, `nothing` says so."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    nothing: str


def sections_of(state: ServerState, *, lines_max: int | None = LINES_SHOWN) -> Iterator[Section]:
    """All of the state but its headline; of a table, and of the offers, so many lines."""
    yield from sections_of_devices(state, lines_max=lines_max)
    yield _offers(state, lines_max)
    yield _clients(state)
    yield faults_section(state.faults)


def sections_of_devices(
    state: ServerState, *, lines_max: int | None = LINES_SHOWN
) -> Iterator[Section]:
    """What concerns the devices, and not the server."""
    yield _devices(state.devices)
    yield _tables(state.devices, lines_max)
    yield _pdevs(state)


def headline(state: ServerState) -> str:
    """Which server it is."""
    return (
        f"netbsd-dm {printable(state.version)}, profile {printable(state.profile)},"
        f" process {state.pid}, {clock_text(state.clock)}"
    )


def clock_text(clock: ClockState) -> str:
    """`30 s by the manual clock`."""
    return f"{seconds_text(clock.time_ns)} by the {'manual' if clock.manual else 'wall'} clock"


def seconds_text(time_ns: int) -> str:
    """Exact seconds, without zeros at the end: `1.5 s`."""
    whole, part = divmod(time_ns, 1_000_000_000)
    return f"{whole}.{part:09}".rstrip("0").rstrip(".") + " s"


def _devices(devices: Iterable[DeviceState]) -> Section:
    columns = (
        Column("NAME"),
        Column("MINOR", is_number=True),
        Column("STATE"),
        Column("OPEN", is_number=True),
        Column("EVENT", is_number=True),
        Column("SECTORS", is_number=True),
        Column("UUID"),
    )
    rows = (
        (
            printable(each.name),
            str(each.minor),
            _state_text(each),
            str(each.open_count),
            str(each.event_nr),
            str(each.live.size_sectors),
            printable(each.uuid),
        )
        for each in devices
    )
    return Section("Devices", columns, tuple(rows), "no devices")


def _state_text(device: DeviceState) -> str:
    tables = {"live": device.live.line_count, "inactive": device.inactive.line_count}
    words = {"suspended": device.suspended, "read-only": device.read_only}
    loaded = "+".join(slot for slot, count in tables.items() if count)
    return ", ".join([*(word for word, is_so in words.items() if is_so), loaded or "no table"])


def _tables(devices: Iterable[DeviceState], lines_max: int | None) -> Section:
    columns = (
        Column("DEVICE"),
        Column("SLOT"),
        Column("START", is_number=True),
        Column("LENGTH", is_number=True),
        Column("TYPE"),
        Column("PARAMS"),
    )
    rows = (
        (printable(device.title), slot, *row)
        for device in devices
        for slot, table in (("live", device.live), ("inactive", device.inactive))
        for row in _lines(table, lines_max)
    )
    return Section("Tables", columns, tuple(rows), "no tables")


def _lines(table: TableState, lines_max: int | None) -> Iterator[Row]:
    shown = _shown(table.line_count, lines_max)
    yield from map(_line, islice(table.lines, shown))
    if shown is not None and table.line_count > shown:
        more = table.line_count - shown
        yield "...", "", "", f"{more} more lines; --all shows them"


def _line(line: LineState) -> Row:
    return (
        str(line.start_sector),
        str(line.length_sectors),
        printable(line.type),
        printable(line.params or ""),
    )


def _pdevs(state: ServerState) -> Section:
    columns = (
        Column("NAME"),
        Column("DEV"),
        Column("SECTORS", is_number=True),
        Column("REFERENCES", is_number=True),
        Column("FILE"),
    )
    titles = {device.minor: device.title for device in state.devices}
    rows = (
        (
            printable(each.id.name),
            str(each.id.dev),
            str(each.size_sectors),
            str(each.references),
            _what(each, titles),
        )
        for each in state.pdevs
    )
    return Section("Physical devices in use", columns, tuple(rows), "no physical devices in use")


def _what(pdev: PdevState, titles: dict[int, str]) -> str:
    if pdev.path is not None:
        return f"{printable(pdev.path)}{' (read-only)' if pdev.read_only else ''}"
    if pdev.minor is None:
        return ""
    title = titles.get(pdev.minor)
    return "a device that was removed" if title is None else f"the device {printable(title)}"


def _offers(state: ServerState, lines_max: int | None) -> Section:
    columns = (Column("NAME"), Column("DEV"), Column("FILE"))
    used = {pdev.id for pdev in state.pdevs}
    free = [_offer(each) for each in state.offers if PdevId(each.name, each.dev) not in used]
    shown = _shown(len(free), lines_max)
    rows = free[:shown]
    if shown is not None and len(free) > shown:
        rows.append(("...", "", f"{len(free) - shown} more; --all shows them"))
    rows += [("/dev/*", "", f"{printable(path)}/*") for path in state.directories]
    return Section("Offered, not in use", columns, tuple(rows), "nothing else is offered")


def _offer(offer: OfferState) -> Row:
    file = f"{printable(offer.path)}{' (read-only)' if offer.read_only else ''}"
    return printable(offer.name), str(offer.dev), file


def _clients(state: ServerState) -> Section:
    columns = (
        Column("CLIENT", is_number=True),
        Column("PID", is_number=True),
        Column("UID", is_number=True),
        Column("REQUESTS", is_number=True),
    )
    rows = (
        (str(each.number), _optional(each.pid), _optional(each.uid), str(each.requests))
        for each in state.clients
    )
    return Section("Clients", columns, tuple(rows), "no other clients")


def faults_section(faults: Iterable[FaultState]) -> Section:
    """Rules, with their counts."""
    columns = (
        Column("FAULT"),
        Column("MATCHES", is_number=True),
        Column("HITS", is_number=True),
    )
    rows = ((printable(each.rule), str(each.matches), str(each.hits)) for each in faults)
    return Section("Faults", columns, tuple(rows), "no faults")


def _shown(count: int, lines_max: int | None) -> int | None:
    """How many of so many lines are shown: that one more is left out needs a line, too."""
    return None if lines_max is None or count <= lines_max + 1 else lines_max


def _optional(number: int | None) -> str:
    return "-" if number is None else str(number)
