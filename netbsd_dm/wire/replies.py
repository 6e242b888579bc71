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
