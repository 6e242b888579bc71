"""Noticing that a peer is gone while nothing is received from it."""

import logging
import select
import socket

import trio

_log = logging.getLogger(__name__)


async def cancel_on_hangup(connection: socket.socket, scope: trio.CancelScope) -> None:
    """Cancel `scope` once the peer has closed its socket; runs until then.

    An end of file tells nothing: a peer may close its sending side and wait.  An
    epoll without events reports only that both sides are closed.
    """
    try:
        poll = select.epoll(1)
    except OSError as error:  # no descriptor left: the wait goes on without
        _log.warning("cannot watch a waiting client: %s", error.strerror)
        return
    with poll:
        poll.register(connection, 0)
        await trio.lowlevel.wait_readable(poll.fileno())
    scope.cancel()
