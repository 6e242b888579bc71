"""What a server tells of each exchange, to whoever keeps a journal."""

from dataclasses import dataclass
from typing import Protocol

from ..faults.plan import Hit


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request and what became of it."""

    client: int
    """The number of the connection, from 1."""
    at_seconds: float
    """When the reply was ready, by the server's clock."""
    request: bytes
    reply: bytes | None
    """None if there was none to give: the client went away, or a fault cut it off before."""
    faults: tuple[str, ...] = ()
    """The rules that hit it."""
    sent_bytes: int | None = None
    """How much of the framed reply was sent, where a fault cut it off; None for all of it."""


class Journal(Protocol):
    """Is told of everything, in the order in which it happened."""

    def exchange(self, exchange: Exchange) -> None:
        """A reply is on its way, or will never be."""
        ...

    def hit(self, hit: Hit, at_seconds: float) -> None:
        """A fault hit something else than a command: an access, or an open."""
        ...


class Journals:
    """Tells several journals, which may come and go."""

    def __init__(self) -> None:
        self._journals: list[Journal] = []

    def __bool__(self) -> bool:
        return bool(self._journals)

    def add(self, journal: Journal) -> None:
        """Tell `journal` from now on."""
        self._journals.append(journal)

    def discard(self, journal: Journal) -> None:
        """Tell it no more."""
        if journal in self._journals:
            self._journals.remove(journal)

    def exchange(self, exchange: Exchange) -> None:
        for journal in tuple(self._journals):
            journal.exchange(exchange)

    def hit(self, hit: Hit, at_seconds: float) -> None:
        for journal in tuple(self._journals):
            journal.hit(hit, at_seconds)
