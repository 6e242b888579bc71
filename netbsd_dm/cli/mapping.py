"""netbsd-dm map: a server's table, rebuilt here to say where sectors lie."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import typer

from ..client.blocking import connect
from ..driver.table import Entry, Table
from ..pdev.handle import Handle
from ..pdev.registry import Pdev, PdevRegistry
from ..targets.arguments import Arguments
from ..targets.interface import Devices, Filler, Target
from ..targets.registry import TargetRegistry
from ..wire.errors import DMError, Errno
from ..wire.replies import TableLine
from .options import USAGE, exit_without_server, fail
from .text import printable

_RANGE = re.compile(r"([0-9]{1,20})(?:\+([0-9]{1,20}))?")


class Piece(NamedTuple):
    """Sectors of a device that lie in one piece; `place` is None in a hole."""

    sector: int
    length_sectors: int
    place: Pdev | Filler | None
    place_sector: int = 0

    def __str__(self) -> str:
        return f"{self.sector}+{self.length_sectors}  {self._where()}"

    def leads_to(self, other: "Piece") -> bool:
        """Whether `other`, the next one, goes on where this one ends."""
        if not isinstance(self.place, Pdev):
            return self.place is other.place
        end = self.place_sector + self.length_sectors
        return (self.place, end) == (other.place, other.place_sector)

    def _where(self) -> str:
        if self.place is None:
            return "-"
        if isinstance(self.place, Filler):
            return self.place.value
        return f"{printable(self.place.name)} {self.place_sector}+{self.length_sectors}"


class Wanted(NamedTuple):
    """Sectors that were asked for."""

    sector: int
    length_sectors: int

    def __str__(self) -> str:
        return f"{self.sector}+{self.length_sectors}"

    @property
    def end_sector(self) -> int:
        return self.sector + self.length_sectors


def print_places(name: str, sectors: Iterable[str], inactive: bool, socket: Path | None) -> None:
    """Print where each of `sectors`, SECTOR or SECTOR+COUNT, of the device lies."""
    asked = [_wanted(text) for text in sectors]
    shown = printable(name)
    with exit_without_server(), connect(socket) as client:
        try:
            lines = client.table(name, inactive=inactive)
        except DMError as error:
            fail(f"{shown}: {error}")
    if not lines:
        slot = "inactive" if inactive else "live"
        fail(f"{shown} has no {slot} table: load one with reload; resume makes it live")
    try:
        table = rebuilt(lines)
        for wanted in asked:
            if wanted.end_sector > table.size_sectors:
                fail(
                    f"{wanted} is beyond the end of {shown}, which has {table.size_sectors} sectors"
                )
        for wanted in asked:
            for piece in joined(pieces(table, wanted)):
                typer.echo(str(piece))
    except DMError as error:
        fail(f"{shown}: {error.message}")


def _wanted(text: str) -> Wanted:
    found = _RANGE.fullmatch(text)
    if found is None or not int(found[2] or 1):
        fail(f"{text!r} is no SECTOR or SECTOR+COUNT, such as 8 or 8+128", USAGE)
    return Wanted(int(found[1]), int(found[2] or 1))


def rebuilt(lines: Iterable[TableLine]) -> Table:
    """The table that a server described, its devices only names.

    Raises `DMError` for a target that is not installed here, or that does not
    read what the one over there has written.
    """
    targets = TargetRegistry()
    pdevs = PdevRegistry(_Named, _Named)
    return Table(
        Entry(line.start, line.length, _target(targets, line, devices), devices)
        for line in lines
        for devices in [Devices(pdevs)]
    )


def _target(targets: TargetRegistry, line: TableLine, devices: Devices) -> Target:
    try:
        kind = targets.find(line.type)
    except DMError as error:
        raise _unreadable(line, f"{error.message}; install here what the server has") from None
    params = line.params or ""
    try:
        return kind(Arguments(params), devices)
    except Exception:  # noqa: BLE001 (a target of a package may raise anything)
        try:
            return kind(Arguments(params, strict=False), devices)  # netbsd-9 takes more
        except Exception as error:  # noqa: BLE001
            raise _unreadable(line, _reason(error)) from None


def pieces(table: Table, wanted: Wanted) -> Iterator[Piece]:
    """Where the sectors lie, run by run; raises `DMError` where a target cannot say."""
    sector = wanted.sector
    while sector < wanted.end_sector:
        entry, until = table.span(sector)
        until = min(until, wanted.end_sector)
        if entry is None:
            piece = Piece(sector, until - sector, None)
        else:
            piece = _within(entry, sector, until)
        yield piece
        sector += piece.length_sectors


def _within(entry: Entry, sector: int, until: int) -> Piece:
    """The sectors from `sector` below `until` of an entry, as far as its run goes."""
    inside = sector - entry.start_sector
    try:
        run = entry.target.run(inside)
    except Exception as error:  # noqa: BLE001 (as above)
        raise DMError(Errno.EIO, f"sector {sector}: {_reason(error)}") from None
    length = min(until, entry.start_sector + run.end_sector) - sector
    return Piece(sector, max(length, 1), run.device, inside + run.shift_sectors)


def joined(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """`pieces` with those in one that continue each other."""
    last: Piece | None = None
    for piece in pieces:
        if last is None:
            last = piece
        elif last.leads_to(piece):
            last = last._replace(length_sectors=last.length_sectors + piece.length_sectors)
        else:
            yield last
            last = piece
    if last is not None:
        yield last


def _unreadable(line: TableLine, reason: str) -> DMError:
    return DMError(Errno.EINVAL, f"the line {str(line)!r} cannot be read here: {reason}")


def _reason(error: Exception) -> str:
    return error.message if isinstance(error, DMError) else repr(error)


@dataclass(frozen=True, slots=True)
class _Named:
    """A physical device of which only the name is known; nothing is opened."""

    identity: str
    dev: int = 1
    size_sectors: int = 0

    def open(self) -> Handle:
        return self

    def close(self) -> None:
        """Nothing was opened."""
