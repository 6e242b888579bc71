"""NetBSD's device nodes: how physio and the buffer cache cut a transfer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netbsd_dm.blockio.nodes import block_read, block_write, raw_read, raw_write
from netbsd_dm.wire.errors import Errno

from .conftest import FILLED_SECTORS, IoRig, held, linear, refused

SIZE = 150 * 512
"""Of the device: more than a piece of 64 KiB."""


@pytest.fixture
def v(old: IoRig) -> IoRig:
    """A device v: 150 sectors of d0, from 10."""
    old.make("v", linear(0, 150, "/dev/d0", 10))
    return old


class Recorder:
    """Takes the place of an open device, and gives so many bytes of each piece."""

    def __init__(self, *given: int) -> None:
        self.given = list(given)
        self.pieces: list[tuple[int, int]] = []

    def read(self, offset_bytes: int, length_bytes: int) -> bytes:
        self.pieces.append((offset_bytes, length_bytes))
        return bytes(min(length_bytes, self.given.pop(0)))

    def write(self, offset_bytes: int, data: bytes) -> int:
        self.pieces.append((offset_bytes, len(data)))
        return min(len(data), self.given.pop(0))


@pytest.mark.parametrize(
    ("length", "given", "pieces", "moved"),
    [
        (65_536, [10**9], [(512, 65_536)], 65_536),
        (66_048, [10**9, 10**9], [(512, 65_536), (66_048, 512)], 66_048),
        (200_000, [10**9, 0], [(512, 65_536), (66_048, 65_536)], 65_536),
        (200_000, [1024], [(512, 65_536)], 1024),
        (200_000, [0], [(512, 65_536)], 0),
    ],
)
def test_a_raw_transfer_goes_by_64_kib_until_a_piece_comes_short(
    length: int, given: list[int], pieces: list[tuple[int, int]], moved: int
) -> None:
    reading, writing = Recorder(*given), Recorder(*given)
    assert len(raw_read(reading, 512, length)) == moved  # type: ignore[arg-type]
    assert raw_write(writing, 512, bytes(length)) == moved  # type: ignore[arg-type]
    assert reading.pieces == writing.pieces == pieces


def test_a_raw_transfer_of_nothing_does_nothing() -> None:
    recorder = Recorder()
    assert raw_read(recorder, 512, 0) == b""  # type: ignore[arg-type]
    assert raw_write(recorder, 512, b"") == 0  # type: ignore[arg-type]


def test_a_raw_read_gives_what_there_is(v: IoRig) -> None:
    volume = v.open("v")
    assert raw_read(volume, 0, SIZE) == held("d0", 10, 150)
    assert raw_read(volume, SIZE, 512) == b""
    assert refused(lambda: raw_read(volume, 1, 512)).errno == Errno.EINVAL
    assert refused(lambda: raw_read(volume, 0, 100)).errno == Errno.EINVAL


def test_a_raw_transfer_across_the_end_has_done_the_pieces_before_it(v: IoRig) -> None:
    volume = v.open("v")
    assert refused(lambda: raw_write(volume, 0, b"x" * (SIZE + 512))).errno == Errno.EINVAL
    assert v.disk("d0", 10, 128) == b"x" * 65_536
    assert v.disk("d0", 138, 30) == held("d0", 138, 30)


@given(offset=st.integers(0, SIZE + 2000), length=st.integers(0, 3000))
def test_the_block_node_gives_any_bytes_up_to_the_end(offset: int, length: int) -> None:
    asked: list[tuple[int, int]] = []

    class Device:
        size_bytes = SIZE

        def read(self, offset_bytes: int, length_bytes: int) -> bytes:
            asked.append((offset_bytes, length_bytes))
            return CONTENTS[offset_bytes : offset_bytes + length_bytes]

    assert block_read(Device(), offset, length) == CONTENTS[offset : offset + length]  # type: ignore[arg-type]
    assert all(number % 512 == 0 for number in asked[0]), "the cache holds whole sectors"


CONTENTS = held("d0", 0, 150)


@pytest.mark.parametrize(
    ("offset", "length", "written"),
    [
        (0, 512, 512),
        (5, 3, 3),
        (500, 600, 600),
        (SIZE - 5, 50, 5),
        (SIZE, 512, 0),
        (SIZE + 9, 9, 0),
    ],
)
def test_the_block_node_takes_any_bytes_up_to_the_end(
    v: IoRig, offset: int, length: int, written: int
) -> None:
    volume = v.open("v")
    assert block_write(volume, offset, b"x" * length) == written
    expected = bytearray(held("d0", 0, FILLED_SECTORS))
    at = 10 * 512 + offset
    expected[at : at + written] = b"x" * written
    assert v.disk("d0") == expected
