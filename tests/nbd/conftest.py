"""NBD as bytes, packed here from the protocol document and not by the code under test."""

import struct
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pytest

from netbsd_dm import STANDARD, DeviceMapper, Offer, Profile, TableLine
from netbsd_dm.blockio.volume import Volume
from netbsd_dm.nbd.constants import TransmissionFlag
from netbsd_dm.nbd.exports import BlockSize, Export, Listed
from netbsd_dm.nbd.fastlane import FastLane
from netbsd_dm.nbd.handshake import Handshake
from netbsd_dm.nbd.requests import RequestReader

FLAGS = bytes([0, 0, 0, 3])
"""The client's: fixed newstyle, and no zeroes after NBD_OPT_EXPORT_NAME."""
OPTION_REPLY = struct.Struct(">QIII")
READ, WRITE, DISC, FLUSH = range(4)

DISK = Export(
    1,
    "disk",
    "the first",
    4096,
    TransmissionFlag.HAS_FLAGS | TransmissionFlag.SEND_FLUSH,
    BlockSize(1, 4096, 1 << 25),
)
OTHER = Export(
    2,
    "größe",
    "",
    2**40,
    TransmissionFlag.HAS_FLAGS | TransmissionFlag.READ_ONLY,
    BlockSize(512, 4096, 65536),
)


@dataclass
class FixedExports:
    """Exports that neither come nor go; the first is also the default."""

    exports: Sequence[Export] = (DISK, OTHER)

    def all(self) -> Sequence[Listed]:
        return [Listed(each.name, each.description) for each in self.exports]

    def find(self, name: str) -> Export | None:
        wanted = name or "disk"
        return next((each for each in self.exports if each.name == wanted), None)


def option(number: int, data: bytes = b"") -> bytes:
    """An option as the client sends it."""
    return b"IHAVEOPT" + struct.pack(">II", number, len(data)) + data


def string(text: bytes) -> bytes:
    """A string with its length."""
    return struct.pack(">I", len(text)) + text


def info(name: bytes = b"disk", *wanted: int) -> bytes:
    """The data of NBD_OPT_INFO and NBD_OPT_GO."""
    return string(name) + struct.pack(f">H{len(wanted)}H", len(wanted), *wanted)


def contexts(name: bytes = b"disk", *queries: bytes) -> bytes:
    """The data of NBD_OPT_LIST_META_CONTEXT and NBD_OPT_SET_META_CONTEXT."""
    return string(name) + struct.pack(">I", len(queries)) + b"".join(map(string, queries))


def option_replies(raw: bytes) -> Iterator[tuple[int, int, bytes | None]]:
    """Option, kind and data of each reply; an error's text is only seen to be one."""
    at = 0
    while at < len(raw):
        magic, number, kind, length = OPTION_REPLY.unpack_from(raw, at)
        at += OPTION_REPLY.size
        data: bytes | None = raw[at : at + length]
        at += length
        assert magic == 0x3E889045565A9, f"{magic:#x} before {raw[at:]!r}"
        assert at <= len(raw), "the last reply is cut"
        if kind >= 2**31:
            assert (data or b"").decode(), f"error {kind:#x} says nothing"
            data = None
        yield number, kind, data


def request(
    command: int,
    offset: int = 0,
    length: int = 0,
    *,
    payload: bytes = b"",
    cookie: int = 7,
    flags: int = 0,
    magic: int = 0x25609513,
) -> bytes:
    """A request as the client sends it."""
    return struct.pack(">IHHQQI", magic, flags, command, cookie, offset, length) + payload


def write(offset: int, payload: bytes, *, cookie: int = 7, flags: int = 0) -> bytes:
    """A request to write `payload`."""
    return request(WRITE, offset, len(payload), payload=payload, cookie=cookie, flags=flags)


def receive(reader: RequestReader, data: bytes) -> int:
    """Let `reader` receive as much of `data` as it has room for; gives how much."""
    space = reader.space
    count = min(len(space), len(data))
    space[:count] = data[:count]
    reader.received(count)
    return count


def one_by_one(data: bytes) -> Iterable[bytes]:
    """`data` in pieces of one byte."""
    return (data[at : at + 1] for at in range(len(data)))


def read_reply(cookie: int, offset: int, data: bytes, *, structured: bool = True) -> bytes:
    """The answer to a read, in one piece."""
    if not structured:
        return struct.pack(">IIQ", 0x67446698, 0, cookie) + data
    return struct.pack(">IHHQIQ", 0x668E33EF, 1, 1, cookie, len(data) + 8, offset) + data


def write_reply(cookie: int) -> bytes:
    """The answer to a write."""
    return struct.pack(">IIQ", 0x67446698, 0, cookie)


DISK_BYTES = 262_144
SECTORS = DISK_BYTES // 512
PATTERN = bytes(range(256)) * (DISK_BYTES // 256)
WHOLE = [TableLine(0, SECTORS, "linear", "/dev/wd0a 0")]
STRIPES = [TableLine(0, 512, "striped", "2 8 /dev/wd0a 0 /dev/wd1a 0")]


@contextmanager
def mapper(directory: Path, profile: Profile = STANDARD) -> Iterator[DeviceMapper]:
    """A mapper with two disks, the second of which is the first one backwards; a third is ro."""
    for name, content in (("wd0a", PATTERN), ("wd1a", PATTERN[::-1]), ("ro", PATTERN)):
        (directory / name).write_bytes(content)
    offers = [
        Offer("/dev/wd0a", directory / "wd0a"),
        Offer("/dev/wd1a", directory / "wd1a"),
        Offer("/dev/ro", directory / "ro", read_only=True),
    ]
    with DeviceMapper(profile, devices=offers) as dm:
        yield dm


@pytest.fixture
def dm(tmp_path: Path) -> Iterator[DeviceMapper]:
    with mapper(tmp_path) as made:
        yield made


def opened(
    dm: DeviceMapper, lines: list[TableLine], name: str = "vol", *, read_only: bool = False
) -> Volume:
    """A new device with that table, open."""
    dm.create(name, read_only=read_only)
    dm.reload(name, lines)
    dm.resume(name)
    return dm.open(name)


def run(volume: Volume, sent: bytes, *, structured: bool = True) -> tuple[bytes, bytes]:
    """What the lane answers, until it gives up, and what it leaves."""
    lane = FastLane(volume, structured=structured)
    reader = RequestReader(sent)
    out = b""
    while count := lane.run(reader):
        out += bytes(lane.view[:count])
    return out, bytes(reader.buffer[reader.start : reader.end])


GOOD = request(READ, 512, 100, cookie=1)
GOOD_REPLY = read_reply(1, 512, PATTERN[512:612])


EXPORT_NAME, ABORT, LIST, STARTTLS, INFO, GO = 1, 2, 3, 5, 6, 7
STRUCTURED, LIST_META, SET_META = 8, 9, 10
ACK, SERVER, REP_INFO, META = 1, 2, 3, 4
UNSUP, INVALID, UNKNOWN, TOO_BIG = 2**31 + 1, 2**31 + 3, 2**31 + 6, 2**31 + 9

Answers = list[tuple[int, int, bytes | None]]
"""Option, kind, data; None for an error's text."""
NOT_UTF_8 = b"\xff"
STRUCTURED_FIRST = option(STRUCTURED)


class Case(NamedTuple):
    """What a client sends after its flags, and what it is answered."""

    title: str
    sent: bytes
    answers: Answers


def ack(number: int) -> tuple[int, int, bytes]:
    """The last reply to an option that was taken."""
    return number, ACK, b""


def refused(number: int, kind: int) -> Answers:
    """The only reply to one that was not."""
    return [(number, kind, None)]


def negotiate(pieces: Iterable[bytes]) -> tuple[bytes, Handshake]:
    """All answers to what arrives in `pieces`."""
    handshake = Handshake(FixedExports())
    return b"".join(handshake.feed(piece) for piece in pieces), handshake


def check(case: Case) -> None:
    """The answers are those of the case, however the bytes arrive."""
    whole, handshake = negotiate([FLAGS + case.sent])
    assert list(option_replies(whole)) == case.answers
    assert not handshake.rest
    in_bytes, _ = negotiate(one_by_one(FLAGS + case.sent))
    assert in_bytes == whole, "byte by byte the answers differ"
    begun = option(3)[:-1]
    trailed, handshake = negotiate([FLAGS + case.sent + begun])
    assert trailed == whole, "an option that is not complete changed the answers"
    assert handshake.rest == begun
