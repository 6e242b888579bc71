"""What both socket clients do without input or output: frame, and cut replies."""

from typing import Final

HEADER_BYTES: Final = 4
RECEIVE_BYTES: Final = 262_144


def framed(text: bytes) -> bytes:
    """A request as it goes over the socket, length first."""
    return len(text).to_bytes(HEADER_BYTES, "big") + text


class ReplyReader:
    """Cuts what is received into replies, each with its length first."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> None:
        """Take what was received."""
        self._buffer += data

    def next_reply(self) -> bytes | None:
        """The text of the next reply, or None until more is fed."""
        buffer = self._buffer
        if len(buffer) < HEADER_BYTES:
            return None
        end = HEADER_BYTES + int.from_bytes(buffer[:HEADER_BYTES], "big")
        if len(buffer) < end:
            return None
        text = bytes(buffer[HEADER_BYTES:end])
        del buffer[:end]
        return text
