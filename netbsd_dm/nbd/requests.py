"""Requests, as they lie in what was received ("Request message")."""

import struct
from typing import Final, NamedTuple

from .constants import PAYLOAD_BYTES_MAX, REQUEST_MAGIC, Command

HEADER: Final = struct.Struct(">IHHQQI")
"""Magic, flags, type, cookie, offset, length."""
BUFFER_BYTES: Final = 524_288
_ROOM_BYTES: Final = 131_072
"""So much is free at least, before more is received."""


class Request(NamedTuple):
    """One request; offset and length in bytes.

    `payload` is what a write carries: it belongs to the request if `is_own`, else
    it lies in the receive buffer and is good until more is received.  None, in a
    write, for one that was too long and has been skipped.
    """

    command: int
    flags: int
    cookie: int
    offset_bytes: int
    length_bytes: int
    payload: memoryview | None
    is_own: bool = False


class RequestError(Exception):
    """What was received is no request: nothing after it can be understood."""


class RequestReader:
    """Finds the requests.  Receive into `space`, tell how much with `received`.

    The payload of a large write gets a buffer of its own, which is received into
    directly; one that is larger than may be is skipped.
    """

    def __init__(self, already: bytes = b"") -> None:
        self.buffer = bytearray(BUFFER_BYTES)
        self.view = memoryview(self.buffer)
        self.buffer[: len(already)] = already
        self.start = 0
        """Where the first request begins that was not taken."""
        self.end = len(already)
        """Where what was received ends."""
        self._large: Request | None = None
        self._missing_bytes = 0

    @property
    def space(self) -> memoryview:
        """Where to receive into."""
        if self._missing_bytes and self._large is not None and self._large.payload is not None:
            return self._large.payload[-self._missing_bytes :]
        if self.start == self.end:
            self.start = self.end = 0
        elif BUFFER_BYTES - self.end < _ROOM_BYTES:
            left = self.end - self.start
            self.buffer[:left] = self.buffer[self.start : self.end]
            self.start, self.end = 0, left
        return self.view[self.end :]

    def received(self, count: int) -> None:
        """So many bytes are in `space` now."""
        if self._missing_bytes and self._large is not None and self._large.payload is not None:
            self._missing_bytes -= count
        else:
            self.end += count

    def next_request(self) -> Request | None:
        """The next one, or None if more must be received; raises `RequestError`."""
        if self._large is not None:
            return self._finish_large(self._large)
        if self.end - self.start < HEADER.size:
            return None
        magic, flags, command, cookie, offset, length = HEADER.unpack_from(self.buffer, self.start)
        if magic != REQUEST_MAGIC:
            raise RequestError(f"the client sent {magic:#x} instead of a request")
        body = self.start + HEADER.size
        if command != Command.WRITE:
            self.start = body
            return Request(command, flags, cookie, offset, length, None)
        if length > _ROOM_BYTES - HEADER.size:
            return self._begin_large(Request(command, flags, cookie, offset, length, None, True))
        if self.end - body < length:
            return None
        self.start = body + length
        return Request(command, flags, cookie, offset, length, self.view[body : body + length])

    def _begin_large(self, request: Request) -> Request | None:
        self.start += HEADER.size
        length = request.length_bytes
        here = min(length, self.end - self.start)
        if length <= PAYLOAD_BYTES_MAX:
            payload = memoryview(bytearray(length))
            payload[:here] = self.view[self.start : self.start + here]
            request = request._replace(payload=payload)
        self.start += here
        self._missing_bytes = length - here
        self._large = request
        return self._finish_large(request)

    def _finish_large(self, request: Request) -> Request | None:
        if request.payload is None:
            here = min(self._missing_bytes, self.end - self.start)
            self.start += here
            self._missing_bytes -= here
        if self._missing_bytes:
            return None
        self._large = None
        return request
