"""A client for NBD, packed from the protocol document and not with the code under test."""

import struct
from dataclasses import dataclass, field

import trio

READ, WRITE, DISC, FLUSH, TRIM, CACHE, WRITE_ZEROES, BLOCK_STATUS = range(8)
FUA, NO_HOLE, DF, REQ_ONE = 1, 2, 4, 8
GREETING = b"NBDMAGICIHAVEOPT\0\3"


def nbd_option(number: int, data: bytes = b"") -> bytes:
    """An option of the negotiation."""
    return b"IHAVEOPT" + struct.pack(">II", number, len(data)) + data


def nbd_string(text: str) -> bytes:
    """A name with its length."""
    return struct.pack(">I", len(text.encode())) + text.encode()


def nbd_negotiation(
    export: str = "vol1", *, structured: bool = True, allocation: bool = True
) -> bytes:
    """All that a client sends to choose an export."""
    sent = bytes([0, 0, 0, 3])
    if structured:
        sent += nbd_option(8)
    if structured and allocation:
        context = struct.pack(">I", 1) + nbd_string("base:allocation")
        sent += nbd_option(10, nbd_string(export) + context)
    return sent + nbd_option(7, nbd_string(export) + bytes(2))


def nbd_request(
    command: int,
    offset: int = 0,
    length: int = 0,
    payload: bytes = b"",
    *,
    flags: int = 0,
    cookie: int = 0,
) -> bytes:
    """A request; the length of a write is that of its payload."""
    length = length or len(payload)
    return struct.pack(">IHHQQI", 0x25609513, flags, command, cookie, offset, length) + payload


@dataclass
class NbdReply:
    """All that was answered to one request."""

    error: int = 0
    message: str = ""
    data: bytes = b""
    chunks: list[int] = field(default_factory=list)
    """The types of its chunks; empty for a simple reply."""
    ranges: list[tuple[int, int]] = field(default_factory=list)
    """Block status: length and state."""


class NbdClient:
    """A client in transmission, for a single task.  Any number of requests may be under way."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        self.options: list[tuple[int, int, bytes]] = []
        """What was replied to the options: option, kind, data."""
        self._received = bytearray()
        self._cookie = 0
        self._begun: dict[int, tuple[int, int, int]] = {}
        self._answers: dict[int, NbdReply] = {}
        self._done: dict[int, NbdReply] = {}

    @property
    def size_bytes(self) -> int:
        """The size of the chosen export."""
        return int.from_bytes(self._export_info[2:10], "big")

    @property
    def flags(self) -> int:
        """Its transmission flags."""
        return int.from_bytes(self._export_info[10:12], "big")

    @property
    def _export_info(self) -> bytes:
        return next(data for _, kind, data in self.options if kind == 3 and data[:2] == b"\0\0")

    async def negotiate(self, sent: bytes) -> None:
        """Send `sent` after the greeting, and take replies up to that to NBD_OPT_GO or ABORT."""
        assert await self.take(18) == GREETING
        await self.stream.send_all(sent)
        while not self.options or self.options[-1][:2] not in {(7, 1), (2, 1)}:
            magic, option, kind, length = struct.unpack(">QIII", await self.take(20))
            assert magic == 0x3E889045565A9, f"{magic:#x} instead of the reply to an option"
            self.options.append((option, kind, await self.take(length)))
            assert kind < 2**31 or option != 7, f"GO failed: {self.options[-1]}"

    async def begin(
        self,
        command: int,
        offset: int = 0,
        length: int = 0,
        payload: bytes = b"",
        *,
        flags: int = 0,
    ) -> int:
        """Send a request; gives its cookie."""
        self._cookie += 1
        self._begun[self._cookie] = (command, offset, length)
        await self.stream.send_all(
            nbd_request(command, offset, length, payload, flags=flags, cookie=self._cookie)
        )
        return self._cookie

    async def end(self, cookie: int) -> NbdReply:
        """The reply to that request; others that come before it are kept."""
        while cookie not in self._done:
            await self._take_chunk()
        return self._done.pop(cookie)

    async def do(
        self,
        command: int,
        offset: int = 0,
        length: int = 0,
        payload: bytes = b"",
        *,
        flags: int = 0,
    ) -> NbdReply:
        """A request and its reply."""
        return await self.end(await self.begin(command, offset, length, payload, flags=flags))

    async def read(self, offset: int, length: int) -> bytes:
        """What is there; an assertion if that fails."""
        reply = await self.do(READ, offset, length)
        assert not reply.error, reply
        return reply.data

    async def write(self, offset: int, data: bytes, *, flags: int = 0) -> None:
        """Write `data`; an assertion if that fails."""
        reply = await self.do(WRITE, offset, 0, data, flags=flags)
        assert not reply.error, reply

    async def take(self, count: int) -> bytes:
        """So many bytes as they come."""
        while len(self._received) < count:
            part = await self.stream.receive_some(1 << 20)
            assert part, f"the server closed the connection after {bytes(self._received[:80])!r}"
            self._received += part
        taken = bytes(self._received[:count])
        del self._received[:count]
        return taken

    async def _take_chunk(self) -> None:
        magic = int.from_bytes(await self.take(4), "big")
        if magic == 0x67446698:
            error, cookie = struct.unpack(">IQ", await self.take(12))
            command, _, length = self._begun.pop(cookie)
            data = await self.take(length) if command == READ and not error else b""
            self._done[cookie] = NbdReply(error, data=data)
            return
        assert magic == 0x668E33EF, f"{magic:#x} instead of a reply"
        flags, kind, cookie, length = struct.unpack(">HHQI", await self.take(16))
        assert cookie in self._begun, f"a reply to {cookie}, which was never asked"
        answer = self._answers.setdefault(cookie, NbdReply())
        answer.chunks.append(kind)
        self._add(answer, cookie, kind, await self.take(length))
        if flags & 1:
            del self._begun[cookie]
            self._done[cookie] = self._answers.pop(cookie)

    def _add(self, answer: NbdReply, cookie: int, kind: int, content: bytes) -> None:
        _, offset, length = self._begun[cookie]
        if kind in (1, 2):
            at = int.from_bytes(content[:8], "big") - offset
            data = content[8:] if kind == 1 else bytes(int.from_bytes(content[8:], "big"))
            assert data, "a chunk without data"
            assert 0 <= at <= at + len(data) <= length, "a chunk beyond what was asked"
            whole = answer.data or bytes(length)
            answer.data = whole[:at] + data + whole[at + len(data) :]
        elif kind == 5:
            numbers = struct.unpack(f">{len(content) // 4}I", content)
            assert numbers[0] == 1, "an unknown metadata context"
            answer.ranges += zip(numbers[1::2], numbers[2::2], strict=True)
        elif kind == 0x8001:
            answer.error, size = struct.unpack_from(">IH", content)
            answer.message = content[6:].decode()
            assert len(content) == 6 + size
        else:
            assert (kind, content) == (0, b""), f"chunk {kind} with {content!r}"
