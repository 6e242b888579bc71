"""Requests, found however they arrive."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netbsd_dm.nbd.constants import PAYLOAD_BYTES_MAX
from netbsd_dm.nbd.requests import BUFFER_BYTES, RequestError, RequestReader

from .conftest import DISC, FLUSH, READ, one_by_one, receive, request, write


class Seen(NamedTuple):
    """A request, with its payload as it was before more was received."""

    command: int
    cookie: int
    offset: int
    length: int
    flags: int = 0
    payload: bytes | None = None
    is_own: bool = False


def take(reader: RequestReader) -> list[Seen]:
    found = []
    while (each := reader.next_request()) is not None:
        payload = None if each.payload is None else bytes(each.payload)
        found.append(
            Seen(
                each.command,
                each.cookie,
                each.offset_bytes,
                each.length_bytes,
                each.flags,
                payload,
                each.is_own,
            )
        )
    return found


def requests_in(pieces: Iterable[bytes], already: bytes = b"") -> list[Seen]:
    reader = RequestReader(already)
    found = take(reader)
    for piece in pieces:
        rest = piece
        while rest:
            rest = rest[receive(reader, rest) :]
            found += take(reader)
    return found


IN_PLACE = 131_072 - 28
"""The largest payload that lies in the receive buffer."""
SMALL = bytes(range(256))
LARGE = bytes(range(251)) * 600
assert len(LARGE) > IN_PLACE

CASES: list[tuple[str, bytes, list[Seen]]] = [
    ("nothing", b"", []),
    ("a read", request(READ, 512, 1024), [Seen(0, 7, 512, 1024)]),
    ("a flush", request(FLUSH), [Seen(3, 7, 0, 0)]),
    ("a disconnect", request(DISC), [Seen(2, 7, 0, 0)]),
    (
        "the largest of every number, an unknown command",
        request(65535, 2**64 - 1, 2**32 - 1, cookie=2**64 - 1, flags=65535),
        [Seen(65535, 2**64 - 1, 2**64 - 1, 2**32 - 1, 65535)],
    ),
    ("a write", write(1, SMALL, flags=1), [Seen(1, 7, 1, 256, 1, SMALL)]),
    ("an empty write", write(1, b""), [Seen(1, 7, 1, 0, 0, b"")]),
    (
        "writes between reads",
        request(READ, 1, 2, cookie=1)
        + write(3, b"ab", cookie=2)
        + write(5, b"c", cookie=3)
        + request(READ, 4, 4, cookie=4),
        [
            Seen(0, 1, 1, 2),
            Seen(1, 2, 3, 2, 0, b"ab"),
            Seen(1, 3, 5, 1, 0, b"c"),
            Seen(0, 4, 4, 4),
        ],
    ),
    (
        "a payload that looks like a request",
        write(0, request(READ)),
        [Seen(1, 7, 0, 28, 0, request(READ))],
    ),
    ("a large write", write(9, LARGE), [Seen(1, 7, 9, len(LARGE), 0, LARGE, True)]),
    (
        "large writes and small ones",
        write(0, LARGE, cookie=1) + write(9, SMALL, cookie=2) + write(9, LARGE, cookie=3),
        [
            Seen(1, 1, 0, len(LARGE), 0, LARGE, True),
            Seen(1, 2, 9, 256, 0, SMALL),
            Seen(1, 3, 9, len(LARGE), 0, LARGE, True),
        ],
    ),
]


@pytest.mark.parametrize(("sent", "found"), [case[1:] for case in CASES], ids=[c[0] for c in CASES])
def test_requests_are_found(sent: bytes, found: list[Seen]) -> None:
    assert requests_in([sent]) == found
    assert requests_in(one_by_one(sent)) == found, "byte by byte"
    assert requests_in([], sent[:BUFFER_BYTES])[: len(found)] == found, "received before"
    for begun in (request(READ)[:27], write(0, SMALL)[:-1], write(0, LARGE)[:-1]):
        assert requests_in([sent + begun]) == found, "with one that is not complete behind it"


@pytest.mark.parametrize(
    ("length", "is_own"), [(IN_PLACE, False), (IN_PLACE + 1, True), (1_000_000, True)]
)
@pytest.mark.parametrize("before", [0, 1, 300_000, BUFFER_BYTES - 28, BUFFER_BYTES - 1])
def test_payloads_lie_in_the_receive_buffer_or_in_their_own(
    length: int, is_own: bool, before: int
) -> None:
    filling = request(READ) * (before // 28)
    payload = (SMALL * 4000)[:length]
    last = requests_in([filling + write(5, payload) + request(FLUSH)])[-2:]
    assert last == [Seen(1, 7, 5, length, 0, payload, is_own), Seen(3, 7, 0, 0)]


@pytest.mark.parametrize("length", [PAYLOAD_BYTES_MAX + 1, PAYLOAD_BYTES_MAX + 600_000])
def test_a_payload_larger_than_may_be_is_skipped_and_not_kept(length: int) -> None:
    reader = RequestReader()
    header = request(1, 3, length, cookie=8)
    sent = memoryview(header + bytes(length) + request(FLUSH, cookie=9))
    found = []
    while sent:
        space = reader.space
        assert len(space) <= BUFFER_BYTES, "room was made for what is to be skipped"
        count = min(len(space), len(sent))
        space[:count] = sent[:count]
        reader.received(count)
        sent = sent[count:]
        found += take(reader)
    assert found == [Seen(1, 8, 3, length, 0, None, True), Seen(3, 9, 0, 0)]


def test_the_largest_payload_is_taken() -> None:
    payload = LARGE * (PAYLOAD_BYTES_MAX // len(LARGE)) + bytes(PAYLOAD_BYTES_MAX % len(LARGE))
    found = requests_in([write(0, payload), request(FLUSH)])
    assert [each.command for each in found] == [1, 3]
    assert found[0].payload == payload


@pytest.mark.parametrize("before", [b"", request(READ), write(0, LARGE), write(0, SMALL)])
def test_what_is_no_request_is_an_error(before: bytes) -> None:
    with pytest.raises(RequestError, match="0x25609514 instead of a request"):
        requests_in([before + request(READ, magic=0x25609514)])


def test_thousands_of_requests_go_round_the_buffer() -> None:
    sent = []
    expected = []
    for number in range(9000):
        payload = SMALL[: number % 256] * (number % 7)
        if number % 3:
            sent.append(write(number, payload, cookie=number))
            expected.append(Seen(1, number, number, len(payload), 0, payload))
        else:
            sent.append(request(READ, number, 5, cookie=number))
            expected.append(Seen(0, number, number, 5))
    stream = b"".join(sent)
    assert len(stream) > 4 * BUFFER_BYTES
    pieces = (stream[at : at + 99_991] for at in range(0, len(stream), 99_991))
    assert requests_in(pieces) == expected


def cut(data: bytes, places: Sequence[int]) -> list[bytes]:
    ends = [*sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in zip([0, *ends], ends, strict=False)]


MIXED = b"".join(sent for _, sent, _ in CASES)
MIXED_REQUESTS = [seen for *_, found in CASES for seen in found]


@given(st.lists(st.integers(0, len(MIXED)), max_size=20), st.integers(0, 60_000))
def test_requests_are_found_however_they_are_cut(places: list[int], before: int) -> None:
    already, rest = MIXED[:before], MIXED[before:]
    assert requests_in(cut(rest, places), already) == MIXED_REQUESTS
