"""A byte stream cut into requests (socket contract, "Transport").

The first byte of a request tells its framing: a length in four bytes, or text
up to `</plist>`.  The buffer never holds more than one request of the allowed
size and what was last fed; a longer one is skipped, not kept.
"""

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

END_TAG = b"</plist>"
_BLANKS = b" \t\n\r\v\f"
LENGTH_BYTES = 4
MAX_FRAME_BYTES = 0x07FF_FFFF
"""The longest length whose first byte still says that it is a length."""


class Framing(Enum):
    """How a request came, and so how its reply goes."""

    LENGTH = "length"
    TEXT = "text"


class Frame(NamedTuple):
    """One request, complete."""

    text: bytes
    framing: Framing


@dataclass(frozen=True, slots=True)
class Oversized:
    """A request longer than allowed; its bytes are being skipped."""

    framing: Framing


@dataclass(frozen=True, slots=True)
class Unframed:
    """A byte that starts no request: nothing after it can be understood."""

    first_byte: int


Event = Frame | Oversized | Unframed


def frame(text: bytes, framing: Framing) -> bytes:
    """`text` as it goes over the socket."""
    if framing is Framing.TEXT:
        return text
    return len(text).to_bytes(LENGTH_BYTES, "big") + text


class FrameReader:
    """Bytes in, requests out."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._buffer = bytearray()
        self._searched = 0  # no end tag starts before this place of the buffer
        self._skip_bytes = 0  # of an over-long frame still to come
        self._skip_text = False  # an over-long text is still to end
        self._after_text = False  # so blanks and one NUL may follow
        self._is_between = False  # one of the three above
        self._ended = False

    def feed(self, data: bytes) -> None:
        """Take what was received."""
        self._buffer += data

    def next_event(self) -> Event | None:
        """The next request, or None until more is fed."""
        buffer = self._buffer
        if self._is_between and not self._skip():
            return None
        if not buffer:
            return None
        first = buffer[0]
        if first <= MAX_FRAME_BYTES >> 24:
            return self._next_length()
        if first == 0x3C or first in _BLANKS:
            return self._next_text()
        return Unframed(first)

    def end(self) -> None:
        """The peer sends nothing more: what is left of a text is a request, too."""
        self._ended = True

    def _skip(self) -> bool:
        """Skip what belongs to no request; False while more of it may come."""
        buffer = self._buffer
        if self._skip_bytes:
            skipped = min(self._skip_bytes, len(buffer))
            del buffer[:skipped]
            self._skip_bytes -= skipped
        if self._skip_bytes or (self._skip_text and not self._skip_to_end_tag()):
            return False
        if self._after_text and not self._skip_trailer():
            return False
        self._is_between = False
        return True

    def _next_length(self) -> Event | None:
        buffer = self._buffer
        size = len(buffer)
        if size < LENGTH_BYTES:
            return None
        length = int.from_bytes(buffer[:LENGTH_BYTES], "big")
        end = LENGTH_BYTES + length
        if length > self._max_bytes + 1:
            return self._skip_frame(end)
        if size < end:
            return None
        text = bytes(buffer[LENGTH_BYTES:end])
        # The one byte more that is allowed is C's terminating NUL.
        if length > self._max_bytes and text[-1]:
            return self._skip_frame(end)
        del buffer[:end]
        return Frame(text, Framing.LENGTH)

    def _skip_frame(self, end: int) -> Oversized:
        self._skip_bytes = end
        self._is_between = True
        return Oversized(Framing.LENGTH)

    def _next_text(self) -> Event | None:
        buffer = self._buffer
        found = buffer.find(END_TAG, self._searched)
        end = found + len(END_TAG)
        if (len(buffer) if found < 0 else end) > self._max_bytes:
            self._skip_text = self._is_between = True
            return Oversized(Framing.TEXT)
        if found < 0:
            self._searched = max(0, len(buffer) - len(END_TAG) + 1)
            if not self._ended or not buffer.strip(_BLANKS):
                return None
            end = len(buffer)
        text = bytes(buffer[:end])
        del buffer[:end]
        self._searched = 0
        self._after_text = self._is_between = True
        return Frame(text, Framing.TEXT)

    def _skip_to_end_tag(self) -> bool:
        buffer = self._buffer
        found = buffer.find(END_TAG)
        self._searched = 0
        if found < 0:
            del buffer[: max(0, len(buffer) - len(END_TAG) + 1)]
            return False
        del buffer[: found + len(END_TAG)]
        self._skip_text = False
        self._after_text = True
        return True

    def _skip_trailer(self) -> bool:
        """Skip what may follow a text; False while that cannot be told.

        A NUL may be the text's own (a client that sent strlen + 1 bytes) or the
        start of a length: only the byte after it says.
        """
        buffer = self._buffer
        blanks = len(buffer) - len(buffer.lstrip(_BLANKS))
        del buffer[:blanks]
        if not buffer:
            return False
        if buffer[0] == 0:
            if len(buffer) == 1:
                return False
            if buffer[1] == 0x3C:
                del buffer[0]
                return self._skip_trailer()
        self._after_text = False
        return True
