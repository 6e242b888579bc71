"""The server: every task it has lives here."""

import errno
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import ExitStack, contextmanager

import trio

from ..driver.mapper import Mapper
from .connection import serve_connection
from .conversation import Conversation
from .listener import listening_socket
from .peer import is_privileged, peer_of
from .processes import pid_file, run_command
from .settings import Settings

_log = logging.getLogger(__name__)

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""What ends a server that is a process of its own, in good order."""


async def serve(
    settings: Settings,
    *,
    mapper: Mapper | None = None,
    stop_signals: Collection[signal.Signals] = (),
    task_status: trio.TaskStatus[Mapper] = trio.TASK_STATUS_IGNORED,
) -> int:
    """Serve until cancelled, or until the command of `settings` ends; give its status.

    `mapper` is a device mapper of the caller's, who closes it; else one is made
    for this server.  `stop_signals` end the server as cancelling does; a command
    that is cut short by one counts as ended by it.
    `task_status` reports the mapper once the socket listens.  Raises `ServeError`
    where the server cannot start.
    """
    with ExitStack() as stack:
        signals = stack.enter_context(_received(stop_signals))
        listener = stack.enter_context(listening_socket(settings.socket_path, settings.socket_mode))
        if mapper is None:
            mapper = Mapper(settings.profile, settings.catalog)
            stack.callback(mapper.close)
        if settings.pid_file is not None:
            stack.enter_context(pid_file(settings.pid_file))
        _log.info("listening on %s, profile %s", settings.socket_path, mapper.profile.name)
        status = 0

        async def stop_on_signal(scope: trio.CancelScope) -> None:
            nonlocal status
            if signals is not None:
                number = await anext(signals)
                status = 128 + number if settings.command is not None else 0
                scope.cancel()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(stop_on_signal, nursery.cancel_scope)
            nursery.start_soon(_accept, listener, settings, mapper)
            task_status.started(mapper)
            if settings.command is not None:
                status = await run_command(settings.command, settings.socket_path)
                nursery.cancel_scope.cancel()
        return status


@contextmanager
def _received(signals: Collection[signal.Signals]) -> Iterator[AsyncIterator[int] | None]:
    if not signals:
        yield None
    else:
        with trio.open_signal_receiver(*signals) as received:
            yield received


async def _accept(listener: socket.socket, settings: Settings, mapper: Mapper) -> None:
    places = trio.Semaphore(settings.max_connections)
    async with trio.open_nursery() as nursery:
        while True:
            await places.acquire()
            connection = await _accept_one(listener)
            nursery.start_soon(_serve_one, connection, settings, mapper, places)


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


_PASSING = {errno.ECONNABORTED, errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
_BACKOFF_SECONDS = 0.1
"""Other processes may hold the descriptors: only trying again tells."""


async def _serve_one(
    connection: socket.socket, settings: Settings, mapper: Mapper, places: trio.Semaphore
) -> None:
    try:
        peer = peer_of(connection)
        _log.debug("a connection from process %d of user %d", peer.pid, peer.uid)
        privileged = is_privileged(peer, settings.superusers)
        conversation = Conversation(mapper, privileged, settings.request_limit_bytes)
        await serve_connection(connection, conversation)
    except Exception:  # noqa: BLE001 (one client's trouble must not end the others)
        _log.exception("a connection was dropped")
        connection.close()
    finally:
        places.release()
