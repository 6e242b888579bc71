"""The server: every task it has lives here."""

import logging
import signal
import socket
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import ExitStack, contextmanager

import trio

from ..clock.timers import WallClock
from ..driver.drain import flush_of
from ..driver.mapper import Mapper
from ..wire.errors import DMError
from .control_socket import ControlServer
from .listener import listening_socket
from .peer import is_privileged, peer_of
from .processes import pid_file
from .running import run_command
from .settings import Settings
from .ticking import keep_time

_log = logging.getLogger(__name__)

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""What ends a server that is a process of its own, in good order."""
FLUSH_SECONDS = 2
"""So long a server that stops waits for its flushes."""
NBD_SOCKET_MODE = 0o600
"""Whatever the control socket's: who may look at commands may not read disks."""


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
        exported = _nbd_listener(stack, settings)
        if mapper is None:
            mapper = Mapper(
                settings.profile, settings.catalog, faults=settings.faults, clock=settings.clock
            )
            stack.callback(mapper.close)
        control = ControlServer(mapper, settings)
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

        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(stop_on_signal, nursery.cancel_scope)
                nursery.start_soon(control.run, listener)
                if isinstance(mapper.clock, WallClock):
                    nursery.start_soon(keep_time, mapper.clock)
                if exported is not None:
                    nursery.start_soon(_serve_nbd, exported, settings, mapper)
                task_status.started(mapper)
                if settings.command is not None:
                    status = await run_command(settings.command, settings)
                    nursery.cancel_scope.cancel()
        finally:
            await _flush(mapper)
        return status


def _nbd_listener(stack: ExitStack, settings: Settings) -> socket.socket | None:
    """Where NBD clients connect, if they may: a socket that was handed to us, or our own."""
    if settings.nbd_listener is not None:
        return stack.enter_context(settings.nbd_listener)
    if settings.nbd_path is None:
        return None
    path = settings.nbd_path
    listener = stack.enter_context(listening_socket(path, NBD_SOCKET_MODE, "--nbd"))
    _log.info("exporting over NBD on %s", path)
    return listener


@contextmanager
def _received(signals: Collection[signal.Signals]) -> Iterator[AsyncIterator[int] | None]:
    if not signals:
        yield None
    else:
        with trio.open_signal_receiver(*signals) as received:
            yield received


async def _serve_nbd(listener: socket.socket, settings: Settings, mapper: Mapper) -> None:
    # Here, for who has no NBD clients shall not wait for it.
    from .exports import MappedExports
    from .nbd import serve_exports

    def may_connect(connection: socket.socket) -> bool:
        if connection.family != socket.AF_UNIX:
            return True  # whoever handed us such a listener has decided that
        return is_privileged(peer_of(connection), settings.superusers)

    await serve_exports(listener, MappedExports(mapper), may_connect, settings.max_connections)


async def _flush(mapper: Mapper) -> None:
    """Make durable what was written and not flushed, as far as the time goes."""
    with trio.move_on_after(FLUSH_SECONDS, shield=True):
        for device in mapper.devices:
            flush = flush_of(device)
            if flush is None:
                continue
            try:
                await trio.to_thread.run_sync(flush, abandon_on_cancel=True)
            except DMError as error:
                _log.warning("%s", error.message)
