"""The data of an option and the replies to it, field by field ("Option negotiation")."""

import struct
from typing import Final

from .constants import OPTION_REPLY_MAGIC, STRING_BYTES_MAX, OptionReply

_OPTION_REPLY: Final = struct.Struct(">QIII")
_U16: Final = struct.Struct(">H")
_U32: Final = struct.Struct(">I")


class RefusedError(Exception):
    """An option is answered with an error, and the negotiation goes on."""

    def __init__(self, reply: OptionReply, message: str) -> None:
        super().__init__(message)
        self.reply = reply


class OptionFields:
    """The data of an option, field by field; what does not fit is refused."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    def u16(self) -> int:
        """The next 2 bytes."""
        return int(_U16.unpack(self._take(2))[0])

    def u32(self) -> int:
        """The next 4 bytes."""
        return int(_U32.unpack(self._take(4))[0])

    def string(self) -> str:
        """A length in 4 bytes, and so many of UTF-8."""
        length = self.u32()
        if length > STRING_BYTES_MAX:
            raise RefusedError(OptionReply.ERR_TOO_BIG, "a name is longer than 4096 bytes")
        try:
            return self._take(length).decode()
        except UnicodeDecodeError:
            raise RefusedError(OptionReply.ERR_INVALID, "a name is no UTF-8") from None

    def end(self) -> None:
        """Insist that nothing follows."""
        if self._position != len(self._data):
            raise RefusedError(OptionReply.ERR_INVALID, "the option has too much data")

    def _take(self, count: int) -> bytes:
        taken = self._data[self._position : self._position + count]
        if len(taken) < count:
            raise RefusedError(OptionReply.ERR_INVALID, "the option has too little data")
        self._position += count
        return taken


def option_reply(option: int, reply: OptionReply, data: bytes) -> bytes:
    """One reply to an option, as it is sent."""
    return _OPTION_REPLY.pack(OPTION_REPLY_MAGIC, option, reply, len(data)) + data
