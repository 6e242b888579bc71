"""A mapped device: its names, its flags and its two table slots."""

from collections.abc import Callable
from dataclasses import dataclass, field

from ..wire import flags
from .statistics import Statistics
from .table import EMPTY, Table


@dataclass(frozen=True, slots=True)
class Geometry:
    """What setgeometry said of a device, for programs that still ask."""

    cylinders: int
    heads: int
    sectors: int
    start: int


@dataclass(eq=False, slots=True)
class Device:
    """One device of the mapper (dm_dev, driver spec section 4.1)."""

    minor: int
    name: str
    uuid: str
    flags: int = 0
    """READONLY, SUSPEND, ACTIVE_PRESENT and INACTIVE_PRESENT, as suspend reports them."""
    live_slot: int = 0
    """The index of the live slot; `status` and `table` report it."""
    event_nr: int = 0
    """Counts table swaps, what targets report, and the removal."""
    geometry: Geometry | None = None
    mapped_sectors: int | None = None
    """The size at the last resume with entries, which disk information tells; None before."""
    is_removed: bool = False
    open_count: int = 0
    """The NBD connections and Python handles that have it open."""
    started_io: int = 0
    """Requests that work on its sectors now, elsewhere: a drain waits for them."""
    stops_io: bool = False
    """New I/O waits: the device is suspended, or about to swap its tables."""
    is_dirty: bool = False
    """Written to since the last flush."""
    statistics: Statistics = field(default_factory=Statistics)
    watchers: set[Callable[[], None]] = field(default_factory=set)
    """Called after every event, when I/O may go on or has drained, and on removal."""
    slots: list[Table] = field(default_factory=lambda: [EMPTY, EMPTY])

    @property
    def live(self) -> Table:
        """The table that maps the device's sectors."""
        return self.slots[self.live_slot]

    @property
    def inactive(self) -> Table:
        """The table that the next resume makes live."""
        return self.slots[1 - self.live_slot]

    @inactive.setter
    def inactive(self, table: Table) -> None:
        self.slots[1 - self.live_slot] = table

    def state_flags(self, sent: int) -> int:
        """`sent` with the bits that tell of both tables, and SUSPEND added if it is so."""
        bits = sent & ~(flags.ACTIVE_PRESENT | flags.INACTIVE_PRESENT)
        if self.flags & flags.SUSPEND:
            bits |= flags.SUSPEND
        if self.live.entries:
            bits |= flags.ACTIVE_PRESENT
        if self.inactive.entries:
            bits |= flags.INACTIVE_PRESENT
        return bits

    @property
    def title(self) -> str:
        """How messages call it."""
        return self.name or f"minor {self.minor}"

    @property
    def is_suspended(self) -> bool:
        return bool(self.flags & flags.SUSPEND)

    def destroy_inactive(self) -> None:
        """Empty the inactive slot; the flag that tells of it is the caller's."""
        table, self.inactive = self.inactive, EMPTY
        table.destroy()

    def swap_slots(self) -> None:
        """Make the inactive table live."""
        self.live_slot = 1 - self.live_slot

    @property
    def is_read_only(self) -> bool:
        return bool(self.flags & flags.READONLY)

    def start_io(self) -> None:
        """A request begins to work on the device's sectors."""
        self.started_io += 1

    def finish_io(self) -> None:
        """It is done; the last one ends a drain."""
        self.started_io -= 1
        if not self.started_io:
            self._notify()

    def hold_io(self) -> None:
        """Let new I/O wait, and tell what has started to hurry."""
        self.stops_io = True
        self._notify()

    def allow_io(self) -> None:
        """Let the I/O run that has been waiting."""
        self.stops_io = False
        self._notify()

    def raise_event(self) -> None:
        """Count an event, and tell who waits for one."""
        self.event_nr += 1
        self._notify()

    def destroy(self) -> None:
        """Empty both slots: the device is off the list and gone."""
        for index, table in enumerate(self.slots):
            self.slots[index] = EMPTY
            table.destroy()
        self.is_removed = True
        self.stops_io = False
        self.raise_event()

    def _notify(self) -> None:
        for watcher in tuple(self.watchers):
            watcher()
