"""What both socket clients do without input or output: frame, cut replies, complain."""

from pathlib import Path
from typing import Final

from ..wire.errors import NoServerError
from ..wire.framing import LENGTH_BYTES, Framing, frame

RECEIVE_BYTES: Final = 262_144


def framed(text: bytes) -> bytes:
    """A request as it goes over the socket, length first."""
    return frame(text, Framing.LENGTH)


def no_server(path: Path, error: OSError) -> NoServerError:
    """Nobody takes a connection to `path`."""
    return NoServerError(
        f"no server on {path} ({error.strerror or error}): start one with"
        f" netbsd-dm serve --socket {path}, or name another with --socket"
    )


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
        if len(buffer) < LENGTH_BYTES:
            return None
        end = LENGTH_BYTES + int.from_bytes(buffer[:LENGTH_BYTES], "big")
        if len(buffer) < end:
            return None
        text = bytes(buffer[LENGTH_BYTES:end])
        del buffer[:end]
        return text
