"""A proxy between clients and a server that records what they say."""

import itertools
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import trio

from ..server.accepting import accept_all
from ..server.listener import listening_socket
from .recorder import Recorder, RecordError
from .relay import Relay
from .writing import CaptureFile

_log = logging.getLogger(__name__)

SOCKET_MODE: Final = 0o600
"""The server takes every client for us, so others must not get in."""
MAX_CONNECTIONS: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """What is recorded, and where to."""

    listen: Path
    """Where clients connect."""
    upstream: Path
    """The socket of the server."""
    out: Path
    """The capture; there must be none yet."""
    head_line: bytes
    """Its first line (`writing.head`)."""


async def record(
    recording: Recording,
    *,
    stop_signals: Collection[signal.Signals] = (),
    task_status: trio.TaskStatus[Recorder] = trio.TASK_STATUS_IGNORED,
) -> int:
    """Record until cancelled, or until one of the signals; give the number of exchanges.

    `task_status` reports the recorder once clients may connect.  Raises `ServeError` where
    it cannot listen, `FileExistsError` or another `OSError` where it cannot make the
    capture, and `RecordError` when it cannot go on writing it.
    """
    with ExitStack() as stack:
        # First, so that no signal finds us with a socket that nobody would unlink.
        signals = stack.enter_context(_received(stop_signals))
        listener = stack.enter_context(listening_socket(recording.listen, SOCKET_MODE, "--listen"))
        file = stack.enter_context(CaptureFile(recording.out, recording.head_line))
        recorder = Recorder(file, trio.current_time)
        async with trio.open_nursery() as nursery:
            proxy = _Proxy(recording.upstream, recorder, nursery.cancel_scope)
            nursery.start_soon(_cancel_on_signal, signals, nursery.cancel_scope)
            _log.info("recording on %s to %s", recording.listen, recording.out)
            task_status.started(recorder)
            await accept_all(listener, proxy.serve, nursery, MAX_CONNECTIONS)
    if proxy.failure is not None:
        raise proxy.failure
    return recorder.count


class _Proxy:
    """Serves clients as the server at `upstream` does; each has a connection of its own."""

    def __init__(self, upstream: Path, recorder: Recorder, scope: trio.CancelScope) -> None:
        self._upstream = upstream
        self._recorder = recorder
        self._scope = scope
        self._numbers = itertools.count(1)
        self.failure: RecordError | None = None
        """Why `scope` was cancelled: what would not be recorded is not passed on."""

    async def serve(self, client: socket.socket) -> None:
        """Serve one client, and close its connection."""
        with closing(client), closing(_unix_socket()) as upstream:
            try:
                await trio.socket.from_stdlib_socket(upstream).connect(os.fspath(self._upstream))
            except OSError as error:
                reason = error.strerror or str(error)
                _log.warning("no server on %s (%s): a client was sent away", self._upstream, reason)
                return
            try:
                await Relay(client, upstream, self._recorder, next(self._numbers)).run()
            except RecordError as error:
                self.failure = error
                self._scope.cancel()


def _unix_socket() -> socket.socket:
    return socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)


@contextmanager
def _received(signals: Collection[signal.Signals]) -> Iterator[AsyncIterator[int] | None]:
    if not signals:
        yield None
    else:
        with trio.open_signal_receiver(*signals) as received:
            yield received


async def _cancel_on_signal(signals: AsyncIterator[int] | None, scope: trio.CancelScope) -> None:
    if signals is not None:
        await anext(signals)
        scope.cancel()
