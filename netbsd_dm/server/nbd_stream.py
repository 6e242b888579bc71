"""Large reads: from the page cache to the socket, without a buffer for the whole."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from ..blockio import operations
from ..blockio.access import Access
from ..blockio.extents import Extent
from ..nbd import replies
from ..nbd.requests import Request
from ..pdev.file import FileHandle
from ..targets.interface import Filler
from ..wire.errors import DMError, Errno
from .nbd_errors import error_of
from .nbd_socket import NbdSocket
from .threads import in_thread

PIECE_BYTES: Final = 131_072
"""What is copied at once, into a buffer that stays in the processor's cache.

Measured with 1 MiB reads and the system's default send buffer of 208 KiB: pieces
of 128 KiB 5.7 GB/s, sendfile 3.6, one buffer for the whole request 2.7."""
SENDFILE_BUFFER_BYTES: Final = 1_048_576
"""From this size of the send buffer on, sendfile wins: measured with 4 MiB, 9.8 GB/s
against 5.8 for copying."""
SENDFILE_LEAST_BYTES: Final = 131_072
"""Less is copied together with what comes before and after it, as stripes are."""


_CHUNKS_BYTES: Final = 8192
"""Room for the end of one reply, if need be with an error, and the beginning of the next."""


class Stream:
    """Sends large reads on one connection, one after the other."""

    def __init__(self, connection: NbdSocket) -> None:
        self._connection = connection
        self._buffer = bytearray(PIECE_BYTES + _CHUNKS_BYTES)
        self._view = memoryview(self._buffer)
        self._filled = 0
        """So much of the buffer is to be sent before anything else,"""
        self._sent = 0
        """of which this much is."""
        big_enough = connection.send_buffer_bytes >= SENDFILE_BUFFER_BYTES
        self._by_itself_bytes = SENDFILE_LEAST_BYTES if big_enough else 2**63

    def can_send(self, access: Access) -> bool:
        """Whether every byte can be had, as far as can be told without waiting.

        If not, the request is read in a thread as a whole, besides others.
        """
        return all(
            _is_cached(each.place, each.offset_bytes, each.length_bytes)
            if isinstance(each.place, FileHandle)
            else each.place is Filler.ZERO
            for each in access.extents
        )

    async def send(self, request: Request, access: Access) -> bool:
        """Answer a read that `can_send`, in chunks, and end it; gives whether it went well.

        A failure on the way is told by an error chunk behind the data, which is
        then worth nothing.  The last chunk may stay behind until `flush`.
        """
        header = replies.data_header(
            request.cookie, request.offset_bytes, request.length_bytes, is_last=False
        )
        transfer = _Transfer(access)
        await self._connection.take_turn()
        try:
            self._put(header)
            with transfer.hurried(self._connection):
                while transfer.missing_bytes:
                    await self._send_some(transfer)
            transfer.end()
            has_data = self._filled > 0
            self._put(_last_chunk(request, transfer.problem))
            if has_data:  # which nothing may be sent amidst
                await self._connection.send_on(self._take_filled())
        except BaseException:
            self._connection.cut()
            raise
        finally:
            transfer.end()
            self._connection.end_turn()
        return transfer.problem is None

    async def flush(self) -> None:
        """Send what stayed behind."""
        if self._filled:
            await self._connection.send(self._take_filled())

    def _take_filled(self) -> memoryview:
        filled = self._view[self._sent : self._filled]
        self._sent = self._filled = 0
        return filled

    def _put(self, data: bytes) -> None:
        self._buffer[self._filled : self._filled + len(data)] = data
        self._filled += len(data)

    async def _send_filled(self) -> None:
        """Send what fits of the buffer."""
        sent = self._connection.send_now(self._view[self._sent : self._filled])
        if sent is None:
            await self._connection.wait_writable()
            return
        self._sent += sent
        if self._sent == self._filled:
            self._sent = self._filled = 0

    async def _send_some(self, transfer: "_Transfer") -> None:
        """Send a part of what is missing, or put it into the buffer, or wait for the client."""
        if transfer.wants_memory:
            data = await transfer.absorb()
            await self._connection.send_on(self._take_filled())
            await self._connection.send_on(data)
            return
        extent = transfer.next_extent
        file = extent.place
        by_itself = extent.length_bytes >= self._by_itself_bytes
        if by_itself and isinstance(file, FileHandle) and transfer.problem is None:
            if self._filled:
                await self._send_filled()
            elif sent := self._connection.send_file(
                file.fd, extent.offset_bytes, extent.length_bytes
            ):
                transfer.advance(sent)
            elif sent is None:
                await self._connection.wait_writable()
            else:
                transfer.problem = DMError(
                    Errno.EIO, f"{file.path} became shorter while it was read"
                )
            return
        room = PIECE_BYTES - self._filled
        if room <= 0 or self._sent:
            await self._send_filled()
            return
        view = self._view[self._filled : self._filled + min(room, extent.length_bytes)]
        await transfer.fill(view)
        self._filled += len(view)


def _last_chunk(request: Request, problem: DMError | None) -> bytes:
    if problem is None:
        return replies.done(request.cookie)
    return replies.error_chunk(request.cookie, error_of(problem), problem.message)


class _Transfer:
    """What is still to be sent of one read, and where it lies."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._rest = iter(access.extents)
        self.next_extent = next(self._rest)
        self.missing_bytes = access.length_bytes
        self.problem: DMError | None = None
        """From then on zeroes are sent."""
        self._has_ended = False

    @property
    def wants_memory(self) -> bool:
        """Whether a device waits for us, and we may be waiting for the client."""
        return not self._has_ended and any(each.stops_io for each in self._access.devices)

    def advance(self, count: int) -> None:
        """So many bytes are sent, or in the buffer."""
        self.missing_bytes -= count
        place, offset, length, pdev = self.next_extent
        if count < length:
            self.next_extent = Extent(place, offset + count, length - count, pdev)
        elif self.missing_bytes:
            self.next_extent = next(self._rest)

    async def fill(self, view: memoryview) -> None:
        """Put what comes next into `view`, which ends within the next extent."""
        extent = self.next_extent
        file = extent.place
        if self.problem is not None or not isinstance(file, FileHandle):
            view[:] = bytes(len(view))
        elif not _read_cached(file, view, extent.offset_bytes):
            try:
                await in_thread(lambda: file.read_into(view, extent.offset_bytes))
            except DMError as error:
                self.problem = error
                view[:] = bytes(len(view))
        self.advance(len(view))

    async def absorb(self) -> bytearray:
        """All that is missing, read into memory; the device need not wait for the client."""
        data = bytearray(self.missing_bytes)
        rest = [self.next_extent, *self._rest]
        if self.problem is None:
            try:
                await in_thread(lambda: operations.read(rest, memoryview(data)))
            except DMError as error:
                self.problem = error
        self.missing_bytes = 0
        self.end()
        return data

    def end(self) -> None:
        """End the access, unless it has."""
        if not self._has_ended:
            self._has_ended = True
            failed = self.problem is not None or bool(self.missing_bytes)
            self._access.end(failed=failed)

    @contextmanager
    def hurried(self, connection: NbdSocket) -> Iterator[None]:
        """Meanwhile, a device that wants its I/O to end interrupts our wait for the client."""
        for device in self._access.devices:
            device.watchers.add(connection.interrupt)
        try:
            yield
        finally:
            for device in self._access.devices:
                device.watchers.discard(connection.interrupt)


def _is_cached(file: FileHandle, offset_bytes: int, length_bytes: int) -> bool:
    """Whether the first and the last byte are in the page cache, and so in the file.

    What lies between them was read together with them, as a rule; if not, the
    disk is waited for.
    """
    return _read_cached(file, _BYTE, offset_bytes) and _read_cached(
        file, _BYTE, offset_bytes + length_bytes - 1
    )


_BYTE: Final = memoryview(bytearray(1))
"""Where bytes go that nobody looks at."""


def _read_cached(file: FileHandle, view: memoryview, offset_bytes: int) -> bool:
    """Fill `view` if that needs no waiting."""
    flags = file.cached_flags
    if flags is None:
        return False
    try:
        return os.preadv(file.fd, (view,), offset_bytes, flags) == len(view)
    except OSError:
        return False  # not cached, or failing: whoever waits for it finds out
