"""What the name of a physical device stands for, and what it is once it is open."""

from typing import Final, Protocol

SECTOR_BYTES: Final = 512
"""The unit of every table (DEV_BSIZE)."""


class Handle(Protocol):
    """What a physical device is once it is open."""

    @property
    def size_sectors(self) -> int:
        """The size now, in whole sectors."""
        ...

    def close(self) -> None:
        """Give it back; nothing is done with it afterwards."""
        ...


class Source(Protocol):
    """What a name stands for, before it is opened."""

    @property
    def dev(self) -> int:
        """Its NetBSD dev_t, as `deps` reports it; never 0."""
        ...

    @property
    def identity(self) -> object:
        """Equal for two names exactly when they may share one handle."""
        ...

    def open(self) -> Handle:
        """Open it; raises `DMError` (ENOENT, as the driver makes of every failure)."""
        ...
