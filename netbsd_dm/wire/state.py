"""What there is to see in a server, as values: sectors are of 512 bytes."""

from dataclasses import dataclass
from typing import NamedTuple


class DevNumber(NamedTuple):
    """A NetBSD device number, in its two parts."""

    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.major}:{self.minor}"


class PdevId(NamedTuple):
    """What tells a physical device among all that are open."""

    name: str
    """As tables have it."""
    dev: DevNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class UseState:
    """That a line lies on a physical device: within its sectors from the start below the end."""

    pdev: PdevId
    start_sector: int | None
    """None, like the end, where the target does not tell."""
    end_sector: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineState:
    """A line of a table."""

    start_sector: int
    length_sectors: int
    type: str
    params: str | None
    """None where the target describes itself with no string."""
    uses: tuple[UseState, ...]
    """One for each physical device, in the order in which the line names them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableState:
    """A table, or as much of it as was asked for."""

    lines: tuple[LineState, ...]
    line_count: int
    """How many there are, seen or not."""
    size_sectors: int
    """The size of a device with this table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceState:
    """A mapped device with both slots."""

    name: str
    uuid: str
    minor: int
    suspended: bool
    read_only: bool
    open_count: int
    """How often it is open, in every profile: the driver of NetBSD 9 replies 0."""
    event_nr: int
    live: TableState
    inactive: TableState
    uses: tuple[PdevId, ...]
    """All that its tables stand on, the lines that were not asked for, too."""

    @property
    def title(self) -> str:
        """How messages call it."""
        return self.name or f"minor {self.minor}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PdevState:
    """A physical device that is open."""

    id: PdevId
    size_sectors: int
    references: int
    """The lines of tables, and the requests under way, that use it."""
    path: str | None
    """The file; None for a mapped device."""
    read_only: bool
    minor: int | None
    """That of the mapped device it is, if it is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferState:
    """A file that tables may use under a name."""

    name: str
    path: str
    dev: DevNumber
    read_only: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientState:
    """A connection to the control socket."""

    number: int
    requests: int
    """Those to the device mapper; looking is not counted."""
    pid: int | None
    uid: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultState:
    """A rule in force: what it is about has come `matches` times, and failed `hits` times."""

    rule: str
    matches: int
    hits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockState:
    """The clock of a server; `time_ns` counts from its start."""

    manual: bool
    time_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerState:
    """Everything, at one moment."""

    version: str
    profile: str
    pid: int
    clock: ClockState
    devices: tuple[DeviceState, ...]
    """Oldest first, renamed ones last."""
    pdevs: tuple[PdevState, ...]
    offers: tuple[OfferState, ...]
    directories: tuple[str, ...]
    """Those whose files are offered."""
    clients: tuple[ClientState, ...]
    """All but the one that asks."""
    faults: tuple[FaultState, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """An exchange, or where `request` is None a fault that hit something else."""

    time_ns: int
    """When the reply was ready, by the server's clock."""
    client: int | None
    """The number of the connection."""
    request: bytes | None
    reply: bytes | None
    """None where none came, and of a hit."""
    sent_bytes: int | None
    """How much of the framed reply was sent, where a fault cut it off; None for all of it."""
    faults: tuple[str, ...]
    """The rules that hit."""
    what: str | None
    """What a fault hit: `read of vol1, sectors 100-107`."""
    lost: int
    """How many entries went by just before, because nobody asked for them in time."""
