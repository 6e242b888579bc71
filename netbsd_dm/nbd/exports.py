"""What a client can ask for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from .constants import TransmissionFlag


class BlockSize(NamedTuple):
    """In bytes: what requests must be multiples of, what is fast, the largest payload."""

    minimum: int
    preferred: int
    maximum: int


@dataclass(frozen=True, slots=True)
class Export:
    """One disk, as it is when a client chooses it."""

    identity: int
    """Tells it from all others for as long as it exists, whatever its name becomes."""
    name: str
    description: str
    size_bytes: int
    flags: TransmissionFlag
    block_size: BlockSize


class Listed(NamedTuple):
    """An export in the list of all."""

    name: str
    description: str


class Exports(Protocol):
    """All disks there are; asked anew each time, for they come and go."""

    def all(self) -> Sequence[Listed]:
        """Every export under its first name."""
        ...

    def find(self, name: str) -> Export | None:
        """The export of that name; the empty one may stand for a default."""
        ...
