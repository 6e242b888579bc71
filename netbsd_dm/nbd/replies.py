"""Replies, simple and structured ("Simple reply message", "Structured replies")."""

import struct
from collections.abc import Iterable
from typing import Final

from .constants import (
    BASE_ALLOCATION_ID,
    REPLY_FLAG_DONE,
    SIMPLE_REPLY_MAGIC,
    STRUCTURED_REPLY_MAGIC,
    AllocationState,
    Command,
    Error,
    ReplyType,
)

SIMPLE: Final = struct.Struct(">IIQ")
"""Magic, error, cookie."""
CHUNK: Final = struct.Struct(">IHHQI")
"""Magic, flags, type, cookie, length of what follows."""
DATA_CHUNK: Final = struct.Struct(">IHHQIQ")
"""As `CHUNK`, and the offset of the data."""
_HOLE: Final = struct.Struct(">QI")
_ERROR: Final = struct.Struct(">IH")
_DESCRIPTOR: Final = struct.Struct(">II")
_U32: Final = struct.Struct(">I")

OFFSET_BYTES: Final = 8
"""What a chunk of data has besides the data."""
_MESSAGE_BYTES_MAX: Final = 4096


def simple(cookie: int, error: int = 0) -> bytes:
    """A request is done, or failed; a read's data follows if it did not."""
    return SIMPLE.pack(SIMPLE_REPLY_MAGIC, error, cookie)


def done(cookie: int) -> bytes:
    """The last chunk of a reply that has said everything."""
    return CHUNK.pack(STRUCTURED_REPLY_MAGIC, REPLY_FLAG_DONE, ReplyType.NONE, cookie, 0)


def data_header(cookie: int, offset_bytes: int, length_bytes: int, *, is_last: bool) -> bytes:
    """Before so many bytes of data from that offset."""
    flags = REPLY_FLAG_DONE if is_last else 0
    size = OFFSET_BYTES + length_bytes
    return DATA_CHUNK.pack(
        STRUCTURED_REPLY_MAGIC, flags, ReplyType.OFFSET_DATA, cookie, size, offset_bytes
    )


def hole(cookie: int, offset_bytes: int, length_bytes: int) -> bytes:
    """All that a read asked for is zeroes."""
    return _last(ReplyType.OFFSET_HOLE, cookie, _HOLE.pack(offset_bytes, length_bytes))


def block_status(cookie: int, extents: Iterable[tuple[int, AllocationState]]) -> bytes:
    """base:allocation of the ranges from the request's offset on: length and state."""
    descriptors = b"".join(_DESCRIPTOR.pack(length, state) for length, state in extents)
    return _last(ReplyType.BLOCK_STATUS, cookie, _U32.pack(BASE_ALLOCATION_ID) + descriptors)


def error_chunk(cookie: int, error: Error, message: str) -> bytes:
    """The request failed, and why."""
    # Names in it may hold what is no UTF-8, and a cut may do so to a character.
    text = message.encode(errors="replace")[:_MESSAGE_BYTES_MAX]
    text = text.decode(errors="ignore").encode()
    return _last(ReplyType.ERROR, cookie, _ERROR.pack(error, len(text)) + text)


def failure(command: int, cookie: int, error: Error, message: str, *, structured: bool) -> bytes:
    """A request failed.  A read must be answered in chunks once these are agreed on."""
    if structured and command in (Command.READ, Command.BLOCK_STATUS, Command.WRITE):
        return error_chunk(cookie, error, message)
    return simple(cookie, error)


def _last(kind: ReplyType, cookie: int, content: bytes) -> bytes:
    header = CHUNK.pack(STRUCTURED_REPLY_MAGIC, REPLY_FLAG_DONE, kind, cookie, len(content))
    return header + content
