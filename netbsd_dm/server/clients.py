"""Who is connected to the control socket."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from .peer import Peer


@dataclass(eq=False, slots=True)
class Client:
    """A connection, and what it has asked so far."""

    number: int
    """From 1, in the order of connecting; 0 without a server."""
    peer: Peer | None = None
    requests: int = 0
    """Those to the device mapper; looking at the server is not counted."""


class Clients:
    """The connections there are."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._clients: dict[int, Client] = {}

    def __iter__(self) -> Iterator[Client]:
        return iter(tuple(self._clients.values()))

    @contextmanager
    def connected(self, peer: Peer) -> Iterator[Client]:
        """A client, for as long as it is connected."""
        client = Client(next(self._numbers), peer)
        self._clients[client.number] = client
        try:
            yield client
        finally:
            del self._clients[client.number]
