"""A table: entries that map ranges of a device's sectors onto targets."""

import logging
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ..pdev.registry import Pdev
from ..targets.interface import Devices, Place, Target

_log = logging.getLogger(__name__)

_UINT64 = 2**64


class Entry(NamedTuple):
    """One line of a table: `length` sectors from sector `start`, mapped by `target`.

    None for a number that the request did not give: the driver then reads
    uninitialised memory wherever it needs the number.
    """

    start: int | None
    length: int | None
    target: Target
    devices: Devices

    @property
    def start_sector(self) -> int:
        return self.start or 0

    @property
    def length_sectors(self) -> int:
        return self.length or 0

    def destroy(self) -> None:
        """End the target, and give its devices back."""
        self.end_target()
        self.devices.release()

    def end_target(self) -> None:
        """Tell the target that its entry is going away; what it raises is logged."""
        try:
            self.target.destroy()
        except Exception:  # noqa: BLE001 (a target of a package may raise anything)
            _log.exception("target %s failed in its end", self.target.name)


class Span(NamedTuple):
    """Sectors of a device, from one looked up to `end_sector`, with the entry they have."""

    entry: Entry | None
    end_sector: int
    """Where the entry ends, or where the hole does that is there instead."""


class Table:
    """The entries of one slot, in the order in which they were loaded.

    A lookup is a binary search over the starts, kept apart as 8 bytes each.  The
    driver takes tables whose entries overlap or stand in any order; in these
    the first entry that covers a sector has it.
    """

    __slots__ = ("__weakref__", "_pdevs", "_starts", "entries", "layout", "size_sectors")

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self.entries = tuple(entries)
        self.size_sectors = sum(entry.length_sectors for entry in self.entries) % _UINT64
        """The size of a device with this table: the sum of the lengths (spec 4.3)."""
        self._starts: array[int] | None = None
        self._pdevs: frozenset[Pdev] | None = None
        self.layout: object = None
        """What `blockio` has found out of it."""

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    @property
    def starts(self) -> "array[int]":
        """Where the entries start; empty where they are in no order to search."""
        if self._starts is None:
            self._starts = self._search_array()
        return self._starts

    @property
    def pdevs(self) -> frozenset[Pdev]:
        """The physical devices that its entries opened."""
        if self._pdevs is None:
            self._pdevs = frozenset(pdev for entry in self for pdev in entry.devices.opened)
        return self._pdevs

    def find(self, sector: int) -> Entry | None:
        """The entry that covers `sector` of the device, or None."""
        starts = self.starts
        if len(starts) != len(self.entries):
            return next((entry for entry in self.entries if _covers(entry, sector)), None)
        index = bisect_right(starts, sector) - 1
        if index < 0:
            return None
        entry = self.entries[index]
        return entry if _covers(entry, sector) else None

    def span(self, sector: int) -> Span:
        """The entry that covers `sector`, or the hole there, and how far it goes."""
        starts = self.starts
        if starts:
            # In order, nothing else begins before an entry ends.
            index = bisect_right(starts, sector)
            if index:
                entry = self.entries[index - 1]
                end = entry.start_sector + entry.length_sectors
                if sector < end:
                    return Span(entry, end)
            return Span(None, starts[index] if index < len(starts) else _UINT64)
        found = self.find(sector)
        end = _UINT64 if found is None else found.start_sector + found.length_sectors
        for other in self.entries:
            if other is found:
                break
            if sector < other.start_sector < end and other.length:
                end = other.start_sector  # an earlier line has its sectors
        return Span(found, end)

    def map(self, sector: int) -> Place | None:
        """Where `sector` of the device lies; None in a hole."""
        entry = self.find(sector)
        return entry.target.map(sector - entry.start_sector) if entry else None

    def destroy(self) -> None:
        """End every target; the table is not used afterwards."""
        for entry in self.entries:
            entry.destroy()

    def _search_array(self) -> "array[int]":
        starts = array("Q", (entry.start_sector for entry in self.entries))
        end = 0
        for start, entry in zip(starts, self.entries, strict=True):
            if start < end:
                return array("Q")
            end = start + entry.length_sectors
        return starts


def _covers(entry: Entry, sector: int) -> bool:
    return 0 <= sector - entry.start_sector < entry.length_sectors


EMPTY = Table()
"""What a slot holds when nothing is loaded."""
