"""The fixed newstyle negotiation: from the greeting to an export ("Handshake phase")."""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from .constants import (
    BASE_ALLOCATION,
    BASE_ALLOCATION_ID,
    IHAVEOPT,
    NBDMAGIC,
    HandshakeFlag,
    Info,
    Option,
    OptionReply,
    TransmissionFlag,
)
from .exports import Export, Exports
from .options import OptionFields, RefusedError, option_reply

_GREETING: Final = struct.Struct(">QQH")
_CLIENT_FLAGS: Final = struct.Struct(">I")
_OPTION: Final = struct.Struct(">QII")
_U16: Final = struct.Struct(">H")
_U32: Final = struct.Struct(">I")
_EXPORT_INFO: Final = struct.Struct(">HQH")
_BLOCK_SIZE_INFO: Final = struct.Struct(">HIII")
_OLD_EXPORT: Final = struct.Struct(">QH")

OPTION_BYTES_MAX: Final = 65_536
"""The data of an option; more is skipped and refused."""
OPTIONS_MAX: Final = 1024
"""So many options a client may send before it chooses an export."""

OURS: Final = HandshakeFlag.FIXED_NEWSTYLE | HandshakeFlag.NO_ZEROES
GREETING: Final = _GREETING.pack(NBDMAGIC, IHAVEOPT, OURS)
"""What the server says first."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What was agreed on; transmission follows."""

    export: Export
    structured: bool
    """Structured replies."""
    allocation: bool
    """The client may ask for the context base:allocation."""


class HandshakeError(Exception):
    """The client broke the protocol where only closing the connection is left."""


_Replies = Iterator[tuple[OptionReply, bytes]]
_Handler = Callable[[bytes], _Replies]


class Handshake:
    """Feed it what was received; it gives what to send, and at the end a `choice`.

    `is_over` is set when the client aborts.  After the choice, `rest` holds what
    was received beyond it.
    """

    def __init__(self, exports: Exports) -> None:
        self._exports = exports
        self._buffer = bytearray()
        self._skip_bytes = 0
        self._options = 0
        self._flags: HandshakeFlag | None = None
        self._structured = False
        self._allocation_of: str | None = None
        self.choice: Choice | None = None
        self.is_over = False
        self._handlers: dict[int, _Handler] = {
            Option.ABORT: self._abort,
            Option.LIST: self._list,
            Option.INFO: self._info,
            Option.GO: self._go,
            Option.STRUCTURED_REPLY: self._structured_reply,
            Option.LIST_META_CONTEXT: self._list_meta_context,
            Option.SET_META_CONTEXT: self._set_meta_context,
        }

    @property
    def rest(self) -> bytes:
        """Received, and not yet looked at."""
        return bytes(self._buffer)

    def feed(self, data: bytes) -> bytes:
        """Take what was received, and give the answer; raises `HandshakeError`."""
        self._buffer += data
        out = bytearray()
        if self._flags is None and not self._take_flags():
            return b""
        while self.choice is None and not self.is_over:
            option = self._take_option()
            if option is None:
                break
            out += self._answer(*option)
        return bytes(out)

    def _take_flags(self) -> bool:
        if len(self._buffer) < _CLIENT_FLAGS.size:
            return False
        (flags,) = _CLIENT_FLAGS.unpack(self._take(_CLIENT_FLAGS.size))
        if flags & ~int(OURS):  # an IntFlag's complement has only the bits it knows
            raise HandshakeError(f"the client asks for unknown handshake flags, {flags:#x}")
        self._flags = HandshakeFlag(flags)
        return True

    def _take_option(self) -> tuple[int, bytes | None] | None:
        """The next option; its data is None if there was too much of it."""
        if self._skip_bytes:
            skipped = min(self._skip_bytes, len(self._buffer))
            self._take(skipped)
            self._skip_bytes -= skipped
        if self._skip_bytes or len(self._buffer) < _OPTION.size:
            return None
        magic, option, length = _OPTION.unpack_from(self._buffer)
        if magic != IHAVEOPT:
            raise HandshakeError(f"the client sent {magic:#x} instead of an option")
        is_too_long = length > OPTION_BYTES_MAX
        if not is_too_long and len(self._buffer) < _OPTION.size + length:
            return None
        self._options += 1
        if self._options > OPTIONS_MAX:
            raise HandshakeError(f"the client sent more than {OPTIONS_MAX} options")
        self._take(_OPTION.size)
        if is_too_long:
            self._skip_bytes = length
            return option, None
        return option, self._take(length)

    def _take(self, count: int) -> bytes:
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    def _answer(self, option: int, data: bytes | None) -> bytes:
        if option == Option.EXPORT_NAME:
            return self._export_name(data)
        if option == Option.SET_META_CONTEXT:
            self._allocation_of = None  # it replaces what was set, even if it fails
        try:
            if data is None:
                raise RefusedError(OptionReply.ERR_TOO_BIG, "the option has too much data")
            handler = self._handlers.get(option)
            if handler is None:
                raise RefusedError(OptionReply.ERR_UNSUP, f"option {option} is not known here")
            return b"".join(option_reply(option, *each) for each in handler(data))
        except RefusedError as error:
            return option_reply(option, error.reply, str(error).encode())

    def _export_name(self, data: bytes | None) -> bytes:
        """The old way to choose; there is no way to refuse but to close."""
        try:
            name = (data or b"").decode()
        except UnicodeDecodeError:
            raise HandshakeError("the client asks for an export whose name is no UTF-8") from None
        export = self._exports.find(name) if data is not None else None
        if export is None:
            raise HandshakeError(f"the client asks for an unknown export, {name[:80]!r}")
        self._choose(name, export)
        zeroes = b"" if self._flags and self._flags & HandshakeFlag.NO_ZEROES else bytes(124)
        return _OLD_EXPORT.pack(export.size_bytes, self._flags_of(export)) + zeroes

    def _abort(self, data: bytes) -> _Replies:
        self.is_over = True
        yield OptionReply.ACK, b""

    def _list(self, data: bytes) -> _Replies:
        OptionFields(data).end()
        for name, description in self._exports.all():
            raw = name.encode()
            yield OptionReply.SERVER, _U32.pack(len(raw)) + raw + description.encode()
        yield OptionReply.ACK, b""

    def _structured_reply(self, data: bytes) -> _Replies:
        OptionFields(data).end()
        self._structured = True
        yield OptionReply.ACK, b""

    def _info(self, data: bytes) -> _Replies:
        yield from self._describe(data)[1]

    def _go(self, data: bytes) -> _Replies:
        (name, export), replies = self._describe(data)
        self._choose(name, export)
        yield from replies

    def _describe(self, data: bytes) -> tuple[tuple[str, Export], list[tuple[OptionReply, bytes]]]:
        fields = OptionFields(data)
        name = fields.string()
        wanted = {fields.u16() for _ in range(fields.u16())}
        fields.end()
        export = self._find(name)
        infos = [_EXPORT_INFO.pack(Info.EXPORT, export.size_bytes, self._flags_of(export))]
        if Info.NAME in wanted:
            infos.append(_U16.pack(Info.NAME) + export.name.encode())
        if Info.DESCRIPTION in wanted:
            infos.append(_U16.pack(Info.DESCRIPTION) + export.description.encode())
        infos.append(_BLOCK_SIZE_INFO.pack(Info.BLOCK_SIZE, *export.block_size))
        replies = [(OptionReply.INFO, info) for info in infos]
        return (name, export), [*replies, (OptionReply.ACK, b"")]

    def _meta_context(self, data: bytes, *, choose: bool) -> _Replies:
        if not self._structured:
            raise RefusedError(OptionReply.ERR_INVALID, "negotiate structured replies first")
        fields = OptionFields(data)
        name = fields.string()
        queries = [fields.string() for _ in range(fields.u32())]
        fields.end()
        self._find(name)
        matching = {BASE_ALLOCATION} if choose else {BASE_ALLOCATION, "base:"}
        is_asked = not matching.isdisjoint(queries) or (not choose and not queries)
        if choose:
            self._allocation_of = name if is_asked else None
        if is_asked:
            number = BASE_ALLOCATION_ID if choose else 0
            yield OptionReply.META_CONTEXT, _U32.pack(number) + BASE_ALLOCATION.encode()
        yield OptionReply.ACK, b""

    def _list_meta_context(self, data: bytes) -> _Replies:
        return self._meta_context(data, choose=False)

    def _set_meta_context(self, data: bytes) -> _Replies:
        return self._meta_context(data, choose=True)

    def _find(self, name: str) -> Export:
        export = self._exports.find(name)
        if export is None:
            raise RefusedError(OptionReply.ERR_UNKNOWN, f"there is no export named {name[:80]!r}")
        return export

    def _choose(self, name: str, export: Export) -> None:
        self.choice = Choice(export, self._structured, self._allocation_of == name)

    def _flags_of(self, export: Export) -> TransmissionFlag:
        return export.flags | (TransmissionFlag.SEND_DF if self._structured else 0)
