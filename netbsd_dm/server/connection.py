"""One connection: bytes between a socket and a conversation."""

import logging
import socket
from contextlib import suppress

import trio

from ..wire.errors import DMError
from .conversation import Conversation
from .hangup import cancel_on_hangup
from .responding import Waiting
from .threads import in_thread

_log = logging.getLogger(__name__)

RECEIVE_BYTES = 65_536
LOOKS = 8
"""How often to look for the next request before sleeping until it comes.

A client that sends one request at a time answers a reply within microseconds;
going to sleep and being woken takes longer.  Each look lets every other task
run.  Measured with `info` against an echo server, one client: 0.52 without, 0.85
with 8, and no more with 16; with 64 clients at once: 1.65 and 1.93.
"""
FAREWELL_SECONDS = 5
"""How long a server that stops waits for a client to take a reply."""


async def serve_connection(connection: socket.socket, conversation: Conversation) -> None:
    """Answer until the peer goes; nothing the peer does leaves this as an exception."""
    try:
        await _converse(connection, conversation)
    except OSError as error:
        _log.debug("a connection ended: %s", error.strerror)
    finally:
        conversation.close()
        connection.close()


async def _converse(connection: socket.socket, conversation: Conversation) -> None:
    while True:
        data = await _receive(connection)
        if data:
            conversation.feed(data)
        else:
            conversation.end()
        if not await _answer(connection, conversation):
            return
        if conversation.is_closing:
            _discard_rest(connection)
            return
        if not data:
            return


async def _answer(connection: socket.socket, conversation: Conversation) -> bool:
    """Send every reply there is, waiting for those that wait; False if the peer left."""
    while True:
        reply = conversation.answer()
        if reply:
            await _send(connection, reply)
        elif conversation.waiting is None:
            return True
        elif not await _wait(connection, conversation.waiting):
            return False


async def _receive(connection: socket.socket) -> bytes:
    """What the peer sent next; empty at its end of file."""
    for _ in range(LOOKS):
        await trio.lowlevel.checkpoint()
        try:
            return connection.recv(RECEIVE_BYTES)
        except BlockingIOError:
            continue
    while True:
        await trio.lowlevel.wait_readable(connection)
        try:
            return connection.recv(RECEIVE_BYTES)
        except BlockingIOError:
            continue


async def _send(connection: socket.socket, data: bytes) -> None:
    try:
        sent = connection.send(data)
    except BlockingIOError:
        sent = 0
    if sent == len(data):
        return
    rest = memoryview(data)[sent:]

    async def drain() -> None:
        nonlocal rest
        while rest:
            await trio.lowlevel.wait_writable(connection)
            with suppress(BlockingIOError):
                rest = rest[connection.send(rest) :]

    try:
        await drain()
    except trio.Cancelled:
        # A server that stops still hands over the replies it has begun.
        with trio.move_on_after(FAREWELL_SECONDS, shield=True):
            await drain()
        raise


async def _wait(connection: socket.socket, waiting: Waiting) -> bool:
    """Wait for `waiting` to have a reply; False if the peer leaves meanwhile."""
    ready = trio.Event()
    waiting.when_ready(ready.set)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(cancel_on_hangup, connection, nursery.cancel_scope)
        await ready.wait()
        nursery.cancel_scope.cancel()
    if waiting.work is not None:
        try:
            await in_thread(waiting.work)
        except DMError as error:
            waiting.worked(error)
        else:
            waiting.worked()
    return ready.is_set()


def _discard_rest(connection: socket.socket) -> None:
    """Read what is there, so that closing does not reset the peer before it reads."""
    connection.shutdown(socket.SHUT_WR)
    for _ in range(16):
        try:
            if not connection.recv(RECEIVE_BYTES):
                return
        except BlockingIOError:
            return
