"""What a target is, and what it gets to work with."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from enum import Enum
from typing import ClassVar, Final, NamedTuple

from ..clock.timers import Clock, WallClock
from ..pdev.registry import Pdev, PdevRegistry
from ..wire.errors import DMError, Errno
from .arguments import Arguments


class Filler(Enum):
    """Where a sector lies that lies on no device."""

    ZERO = "zero"
    """Reads give zero bytes, writes vanish."""
    ERROR = "error"
    """Every access fails with EIO."""


class Place(NamedTuple):
    """Where a sector lies: on a physical device, at that sector of it."""

    device: Pdev | Filler
    sector: int


class Run(NamedTuple):
    """Sectors of an entry that lie in one piece: from `first_sector` below `end_sector`.

    Sector s of them is sector s + `shift_sectors` of `device`.
    """

    first_sector: int
    end_sector: int
    device: Pdev | Filler
    shift_sectors: int


ENDLESS: Final = 2**64
"""The end of a run that goes on to the end of the entry."""


class Extent(NamedTuple):
    """Sectors of a physical device that an entry uses: all below `end_sector`."""

    device: Pdev
    end_sector: int


class Devices:
    """Opens physical devices for one target, and remembers them for its end.

    It is also how a target tells that something happened, `raise_event`, and what
    time it is, `clock`.
    """

    __slots__ = ("_on_event", "_registry", "clock", "opened")

    def __init__(
        self,
        registry: PdevRegistry,
        on_event: Callable[[], None] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._registry = registry
        self._on_event = on_event
        self.clock = WallClock() if clock is None else clock
        self.opened: list[Pdev] = []

    def raise_event(self) -> None:
        """Count an event of the mapped device, for those who wait for one."""
        if self._on_event is not None:
            self._on_event()

    def open(self, name: str) -> Pdev:
        """The device a table calls `name`; raises `DMError` (ENOENT)."""
        pdev = self._registry.acquire(name)
        self.opened.append(pdev)
        return pdev

    def retain(self) -> None:
        """Take every device once more, after a `release` that is undone."""
        for pdev in self.opened:
            self._registry.retain(pdev)

    def release(self) -> None:
        """Give every device back."""
        for pdev in self.opened:
            self._registry.release(pdev)


class Target(ABC):
    """One entry of a table.  The constructor parses `arguments`; it raises `DMError`.

    What it opened through `devices` is given back for it, should it fail and
    when its entry goes.  Sectors are relative to the start of the entry.
    """

    name: ClassVar[str]
    """The type in a table; at most 15 bytes, for clients cut it there."""
    version: ClassVar[tuple[int, int, int]]
    form: ClassVar[str] = ""
    """Its arguments, for people: `DEVICE OFFSET`."""

    @abstractmethod
    def __init__(self, arguments: Arguments, devices: Devices) -> None: ...

    @abstractmethod
    def map(self, sector: int) -> Place:
        """Where `sector` lies."""

    def run(self, sector: int) -> Run:
        """The longest run around `sector` that the target can tell; I/O goes by runs.

        It holds as long as the entry does, for it is remembered.  A target that does
        not say is mapped sector by sector, anew each time.
        """
        place = self.map(sector)
        return Run(sector, sector + 1, place.device, place.sector - sector)

    def destroy(self) -> None:
        """The entry is going away; its devices are released after this."""

    def table(self) -> str | None:
        """The params that would make this target again; None for no string."""
        return None

    def deps(self) -> tuple[Pdev, ...]:
        """The devices it uses, one for each use, in order."""
        return ()

    def extents(self, length_sectors: int) -> Iterator[Extent]:
        """What an entry of that length uses of each device, to check its end."""
        return iter(())

    def message(self, text: str) -> str | None:
        """Do what `text` asks; the answer, if there is one.  Raises `DMError`."""
        raise DMError(Errno.EINVAL, f"target {self.name} takes no messages", "cmd_data[0].message")
