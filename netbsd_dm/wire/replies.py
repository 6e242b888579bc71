"""What the commands reply, as values."""

from typing import NamedTuple

from . import flags


class Version(NamedTuple):
    """A version of the driver or of a target."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


class TargetVersion(NamedTuple):
    """A target and its version."""

    name: str
    version: Version


class NamedDevice(NamedTuple):
    """A device in the list of all."""

    name: str
    minor: int


class Info(NamedTuple):
    """The state of a device; `event_nr` is None where the server has no events."""

    minor: int
    uuid: str
    flags: int
    open_count: int
    target_count: int
    event_nr: int | None

    @property
    def is_suspended(self) -> bool:
        """Whether new I/O waits."""
        return bool(self.flags & flags.SUSPEND)

    @property
    def has_live_table(self) -> bool:
        """Whether the live slot has entries."""
        return bool(self.flags & flags.ACTIVE_PRESENT)

    @property
    def has_inactive_table(self) -> bool:
        """Whether the inactive slot has entries."""
        return bool(self.flags & flags.INACTIVE_PRESENT)


class IoStatistics(NamedTuple):
    """What became of a device's I/O since it was created, or within some time.

    Requests that are done, failed ones included; bytes of those that did not fail.
    """

    name: str
    minor: int
    reads: int
    read_bytes: int
    writes: int
    written_bytes: int
    flushes: int
    discards: int
    """Discarded and zeroed ranges."""
    errors: int
    latency_ns: int
    """The sum over all requests."""
    slowest_ns: int

    @property
    def requests(self) -> int:
        """All of them."""
        return self.reads + self.writes + self.flushes + self.discards

    @property
    def average_latency_us(self) -> float:
        """How long a request took, in microseconds; 0 if there was none."""
        return self.latency_ns / 1000 / self.requests if self.requests else 0.0

    @property
    def slowest_us(self) -> float:
        """How long the slowest took, in microseconds."""
        return self.slowest_ns / 1000

    def since(self, earlier: "IoStatistics") -> "IoStatistics":
        """What has been added since `earlier`, of the same device.

        The slowest request stays that of all time, for nobody knows when it was.
        """
        return self._replace(
            reads=self.reads - earlier.reads,
            read_bytes=self.read_bytes - earlier.read_bytes,
            writes=self.writes - earlier.writes,
            written_bytes=self.written_bytes - earlier.written_bytes,
            flushes=self.flushes - earlier.flushes,
            discards=self.discards - earlier.discards,
            errors=self.errors - earlier.errors,
            latency_ns=self.latency_ns - earlier.latency_ns,
        )


class TableLine(NamedTuple):
    """One line of a table: where it starts and ends in sectors, and what maps it.

    `params` is None where the reply gives none.
    """

    start: int
    length: int
    type: str
    params: str | None = ""

    def __str__(self) -> str:
        return f"{self.start} {self.length} {self.type} {self.params or ''}".rstrip()
