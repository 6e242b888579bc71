"""NBD: the listener, its connections from greeting to farewell, and their end."""

import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import trio

from ..nbd.handshake import GREETING, Choice, Handshake, HandshakeError
from ..nbd.requests import RequestError
from ..wire.errors import DMError
from .accepting import accept_all
from .exports import MappedExports
from .nbd_session import Session
from .nbd_socket import NbdSocket

_log = logging.getLogger(__name__)

HANDSHAKE_SECONDS: Final = 30
"""So long a client may take to choose an export."""
FAREWELL_SECONDS: Final = 2
"""So long the requests under way may take to end when the server stops."""
_RECEIVE_BYTES: Final = 65_536


async def serve_exports(
    listener: socket.socket,
    exports: MappedExports,
    may_connect: Callable[[socket.socket], bool],
    max_connections: int,
) -> None:
    """Serve every client of `listener` that `may_connect`, until cancelled.

    Then no more requests are taken, those under way are done and answered, and
    the connections closed; only a large read that is being sent is cut short.
    """
    stop = _Stop()

    async def serve_one(connection: socket.socket) -> None:
        if may_connect(connection):
            await _serve_one(connection, exports, stop)
        else:
            _log.warning("an NBD client was refused: name its user with --superuser")
            connection.close()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(stop.when_cancelled)
        # Shielded, so that what cancels us does not cut requests short.
        with trio.CancelScope(shield=True):
            async with trio.open_nursery() as clients:
                with stop.at_once():
                    await accept_all(listener, serve_one, clients, max_connections)


class _Stop:
    """Tells every connection that the server stops."""

    def __init__(self) -> None:
        self._has_come = False
        self._at_once: set[trio.CancelScope] = set()
        self._soon: set[trio.CancelScope] = set()

    async def when_cancelled(self) -> None:
        """Wait to be cancelled, and pass it on."""
        try:
            await trio.sleep_forever()
        finally:
            self._has_come = True  # for who was accepted just now, and has not begun
            for scope in self._at_once:
                scope.cancel()
            for scope in self._soon:
                scope.deadline = trio.current_time() + FAREWELL_SECONDS

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """What ends when the server stops."""
        with trio.CancelScope() as scope:
            self._at_once.add(scope)
            if self._has_come:
                scope.cancel()
            try:
                yield
            finally:
                self._at_once.discard(scope)

    @contextmanager
    def soon(self) -> Iterator[None]:
        """What then has a little time left."""
        with trio.CancelScope() as scope:
            self._soon.add(scope)
            if self._has_come:
                scope.deadline = trio.current_time() + FAREWELL_SECONDS
            try:
                yield
            finally:
                self._soon.discard(scope)


async def _serve_one(connection: socket.socket, exports: MappedExports, stop: _Stop) -> None:
    """One client; nothing that it does leaves this as an exception."""
    with connection, stop.soon():
        try:
            await _converse(NbdSocket(connection), exports, stop)
        except* (HandshakeError, RequestError, DMError) as errors:
            _log.warning("an NBD client was dropped: %s", _first(errors))
        except* OSError as errors:
            _log.debug("an NBD connection ended: %s", _first(errors))


def _first(errors: BaseExceptionGroup[Exception]) -> Exception:
    """The exception itself, out of the groups that nurseries make."""
    error: Exception | BaseExceptionGroup[Exception] = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def _converse(connection: NbdSocket, exports: MappedExports, stop: _Stop) -> None:
    agreed = None
    with stop.at_once(), trio.move_on_after(HANDSHAKE_SECONDS):
        agreed = await _shake_hands(connection, exports)
    if agreed is None:
        return
    choice, rest = agreed
    with exports.open(choice.export) as volume:
        session = Session(connection, volume, choice, rest)
        async with trio.open_nursery() as requests:
            is_gone = False
            with stop.at_once():
                is_gone = not await session.run(requests)
            if is_gone:  # nobody wants what still waits; what has started is done
                requests.cancel_scope.cancel()


async def _shake_hands(
    connection: NbdSocket, exports: MappedExports
) -> tuple[Choice, bytes] | None:
    """Negotiate: what was agreed on, and what was received beyond; None without a choice."""
    handshake = Handshake(exports)
    buffer = memoryview(bytearray(_RECEIVE_BYTES))
    answer = GREETING
    while True:
        await connection.send(answer)
        if handshake.choice is not None:
            return handshake.choice, handshake.rest
        if handshake.is_over:
            return None
        count = await connection.receive_into(buffer)
        if not count:
            return None
        answer = handshake.feed(bytes(buffer[:count]))
