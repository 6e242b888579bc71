"""Taking connections, as long as there is room for them."""

import errno
import logging
import os
import socket
from collections.abc import Awaitable, Callable

import trio

_log = logging.getLogger(__name__)

_PASSING = {errno.ECONNABORTED, errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
_BACKOFF_SECONDS = 0.1
"""Other processes may hold the descriptors: only trying again tells."""


async def accept_all(
    listener: socket.socket,
    serve_one: Callable[[socket.socket], Awaitable[None]],
    nursery: trio.Nursery,
    max_connections: int,
) -> None:
    """Serve each connection to `listener` in a task of `nursery`; runs until cancelled.

    `serve_one` closes the connection.  What it raises is logged, for one client's
    trouble must not end the others.
    """
    places = trio.Semaphore(max_connections)

    async def serve(connection: socket.socket) -> None:
        try:
            await serve_one(connection)
        except Exception:  # noqa: BLE001 (see above)
            _log.exception("a connection was dropped")
            connection.close()
        finally:
            places.release()

    while True:
        await places.acquire()
        nursery.start_soon(serve, await _accept_one(listener))


async def _accept_one(listener: socket.socket) -> socket.socket:
    while True:
        await trio.lowlevel.wait_readable(listener)
        try:
            connection, _ = listener.accept()
        except BlockingIOError:
            continue
        except OSError as error:
            if error.errno not in _PASSING:
                raise
            _log.warning("cannot take a connection: %s", os.strerror(error.errno or 0))
            await trio.sleep(_BACKOFF_SECONDS)
        else:
            connection.setblocking(False)
            return connection
