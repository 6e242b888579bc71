"""The client: one request at a time, or 32 in flight on each of 8 connections."""

import select
import socket
import time
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path

CONNECTIONS = 8
IN_FLIGHT = 32
_RECEIVE_BYTES = 1 << 20


def connect(path: Path) -> socket.socket:
    """A connection to the server at `path`."""
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(str(path))
    return connection


def one_at_a_time(path: Path, frames: list[bytes], count: int) -> float:
    """Exchanges a second, each reply awaited before the next request."""
    with connect(path) as connection:
        start = time.perf_counter()
        for frame in islice(cycle(frames), count):
            exchange(connection, frame)
        return count / (time.perf_counter() - start)


def in_flight(path: Path, frames: list[bytes], count: int) -> float:
    """Exchanges a second with 32 requests in flight on each of 8 connections."""
    rounds = count // (CONNECTIONS * IN_FLIGHT)
    flights = [_Flight(connect(path), part, rounds) for part in _parts(frames)]
    with select.epoll() as poll:
        for flight in flights:
            poll.register(flight.connection, select.EPOLLIN)
        by_descriptor = {flight.connection.fileno(): flight for flight in flights}
        start = time.perf_counter()
        for flight in flights:
            flight.send()
        while any(flight.is_flying for flight in flights):
            for descriptor, _ in poll.poll():
                by_descriptor[descriptor].receive()
        seconds = time.perf_counter() - start
    for flight in flights:
        flight.connection.close()
    return rounds * CONNECTIONS * IN_FLIGHT / seconds


def exchange(connection: socket.socket, frame: bytes) -> int:
    """Send one frame and read the whole reply; gives the size of its text."""
    connection.sendall(frame)
    data = connection.recv(_RECEIVE_BYTES)
    size = int.from_bytes(data[:4], "big")
    have = len(data) - 4
    while have < size:
        have += len(connection.recv(_RECEIVE_BYTES))
    return size


def _parts(frames: list[bytes]) -> Iterator[list[bytes]]:
    """For each connection its own share of the devices, in whole flights."""
    share = len(frames) // CONNECTIONS // IN_FLIGHT * IN_FLIGHT
    for number in range(CONNECTIONS):
        yield frames[number * share : (number + 1) * share]


class _Flight:
    """One connection whose requests go out 32 together, the next once all are answered."""

    def __init__(self, connection: socket.socket, frames: list[bytes], rounds: int) -> None:
        self.connection = connection
        self._rounds = rounds
        flights = (frames[at : at + IN_FLIGHT] for at in range(0, len(frames), IN_FLIGHT))
        self._flights = cycle([b"".join(flight) for flight in flights])
        self._missing = 0
        self._rest = b""

    @property
    def is_flying(self) -> bool:
        """Whether replies are still to come."""
        return self._missing > 0

    def send(self) -> None:
        """Send the next 32, if there is a round left."""
        if self._rounds > 0:
            self._rounds -= 1
            self.connection.sendall(next(self._flights))
            self._missing = IN_FLIGHT

    def receive(self) -> None:
        """Take what came; after the last of 32 replies, send again."""
        data = self._rest + self.connection.recv(_RECEIVE_BYTES)
        at = 0
        while len(data) - at >= 4:
            end = at + 4 + int.from_bytes(data[at : at + 4], "big")
            if len(data) < end:
                break
            at = end
            self._missing -= 1
        self._rest = data[at:]
        if self._missing == 0:
            self.send()
