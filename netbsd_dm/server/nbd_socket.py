"""The socket of an NBD connection: received from by one task, sent to by many."""

import errno
import os
import socket
from typing import Final

import trio

from .hangup import cancel_on_hangup

SEND_BUFFER_BYTES: Final = 4 * 1024 * 1024
SPINS: Final = 30
"""How often to look for the next request, or for room, before any other task runs.

A client with one request in flight sends the next within 20 microseconds; a look
takes one.  To go to sleep and be woken costs more than that: measured
with 4 KiB reads, one in flight, 21,000 a second without and 42,000 with.  And
who sleeps until the send buffer has emptied leaves the client idle: measured with
1 MiB reads, 3.6 GB/s without and 9.2 with; 100 looks are worse again.
"""
ROUNDS: Final = 3
"""How often to do so, every other task running in between, before sleeping."""


class NbdSocket:
    """A connected stream socket.  Nothing of one reply is sent amidst another."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._descriptor = connection.fileno()
        self._sending = trio.Lock()
        self._waiting = trio.CancelScope()
        self._is_cut = False
        # As much as the system allows: it keeps the client busy meanwhile.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)

    async def receive_into(self, view: memoryview) -> int:
        """Receive at least a byte; 0 at the end of what the peer sends."""
        receive = self._socket.recv_into
        for _ in range(ROUNDS):
            for _ in range(SPINS):
                try:
                    return receive(view)
                except BlockingIOError:
                    pass
            await trio.lowlevel.checkpoint()
        while True:
            await trio.lowlevel.wait_readable(self._socket)
            try:
                return receive(view)
            except BlockingIOError:
                continue

    async def take_turn(self) -> None:
        """Wait for the right to send, which one task has at a time, until `end_turn`."""
        if self._sending.locked():
            await self._sending.acquire()
        else:
            self._sending.acquire_nowait()  # without a turn of the scheduler
        if self._is_cut:
            self._sending.release()
            raise BrokenPipeError(errno.EPIPE, "a reply was cut short")

    def end_turn(self) -> None:
        """Let others send."""
        self._sending.release()

    def cut(self) -> None:
        """A reply was given up half way: nothing can be sent behind it."""
        self._is_cut = True

    async def send(self, data: bytes | bytearray | memoryview) -> None:
        """Send all of `data`, when it is its turn."""
        await self.take_turn()
        try:
            await self.send_on(data)
        except BaseException:
            self.cut()
            raise
        finally:
            self.end_turn()

    async def send_on(self, data: bytes | bytearray | memoryview) -> None:
        """Send all of `data`, as the one whose turn it is."""
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[self._socket.send(rest) :]
            except BlockingIOError:
                await trio.lowlevel.wait_writable(self._socket)

    def send_now(self, data: memoryview) -> int | None:
        """Send what fits of `data`, as the one whose turn it is; None if nothing does."""
        for _ in range(SPINS):
            try:
                return self._socket.send(data)
            except BlockingIOError:
                pass
        return None

    def send_file(self, fd: int, offset_bytes: int, length_bytes: int) -> int | None:
        """Send what fits of a range of a file, as the one whose turn it is.

        Gives how much; 0 where the file has ended, None if nothing fits.
        """
        for _ in range(SPINS):
            try:
                return os.sendfile(self._descriptor, fd, offset_bytes, length_bytes)
            except BlockingIOError:
                pass
        return None

    async def cancel_on_hangup(self, scope: trio.CancelScope) -> None:
        """Cancel `scope` once the peer is gone; runs until then."""
        await cancel_on_hangup(self._socket, scope)

    async def wait_writable(self) -> None:
        """Wait until something fits, or for an `interrupt`."""
        with trio.CancelScope() as self._waiting:
            await trio.lowlevel.wait_writable(self._socket)

    def interrupt(self) -> None:
        """End `wait_writable` early."""
        self._waiting.cancel()
