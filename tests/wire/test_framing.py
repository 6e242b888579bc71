"""A byte stream cut into requests: both framings, however the bytes arrive."""

from collections.abc import Iterable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from netbsd_dm.wire.framing import Event, Frame, FrameReader, Framing, Oversized, Unframed, frame

MAX = 100
SHORT = b"<plist><dict/></plist>"
EXACT = b"<plist>" + b"x" * (MAX - 15) + b"</plist>"
LONG = b"<plist>" + b"x" * (MAX - 14) + b"</plist>"
assert (len(EXACT), len(LONG)) == (MAX, MAX + 1)


def length(text: bytes) -> bytes:
    return frame(text, Framing.LENGTH)


def events(pieces: Iterable[bytes], *, ended: bool = False) -> list[Event]:
    """What a reader makes of `pieces`, asked after each until it wants more."""
    reader = FrameReader(MAX)
    found: list[Event] = []

    def take() -> None:
        while (event := reader.next_event()) is not None:
            found.append(event)
            if isinstance(event, Unframed):
                return

    for piece in pieces:
        reader.feed(piece)
        take()
        if found and isinstance(found[-1], Unframed):
            return found
    if ended:
        reader.end()
        take()
    return found


def text_frame(text: bytes) -> Frame:
    return Frame(text, Framing.TEXT)


def length_frame(text: bytes) -> Frame:
    return Frame(text, Framing.LENGTH)


TOO_LONG = Oversized(Framing.LENGTH)
TOO_LONG_TEXT = Oversized(Framing.TEXT)

CASES: list[tuple[str, bytes, list[Event]]] = [
    ("nothing", b"", []),
    ("a length and its text", length(SHORT), [length_frame(SHORT)]),
    ("a length of 0", length(b""), [length_frame(b"")]),
    ("a length and anything", length(b"\xff\0</plist>"), [length_frame(b"\xff\0</plist>")]),
    ("a text", SHORT, [text_frame(SHORT)]),
    ("a text with a line feed", SHORT + b"\n", [text_frame(SHORT)]),
    ("a text with a NUL", SHORT + b"\0", [text_frame(SHORT)]),
    ("a text with a line feed and a NUL", SHORT + b"\n\0", [text_frame(SHORT)]),
    ("white space before a text", b" \t\r\n" + SHORT, [text_frame(b" \t\r\n" + SHORT)]),
    ("white space only", b" \n\n", []),
    ("two lengths", length(b"a") + length(SHORT), [length_frame(b"a"), length_frame(SHORT)]),
    ("two texts", SHORT + EXACT, [text_frame(SHORT), text_frame(EXACT)]),
    ("two texts in lines", SHORT + b"\n" + SHORT + b"\n", [text_frame(SHORT)] * 2),
    ("two texts with NULs", SHORT + b"\n\0" + SHORT + b"\n\0", [text_frame(SHORT)] * 2),
    ("a text, then a length", SHORT + length(b"a"), [text_frame(SHORT), length_frame(b"a")]),
    (
        "a text with a line feed, then a length",
        SHORT + b"\n" + length(b"a"),
        [text_frame(SHORT), length_frame(b"a")],
    ),
    (
        "a length, then a text, then a length",
        length(SHORT) + SHORT + b"\n" + length(SHORT),
        [length_frame(SHORT), text_frame(SHORT), length_frame(SHORT)],
    ),
    (
        "a length of 0 after a text",
        SHORT + b"\n" + length(b"") + SHORT,
        [text_frame(SHORT), length_frame(b""), text_frame(SHORT)],
    ),
    ("exactly the limit", length(EXACT), [length_frame(EXACT)]),
    ("the limit and a NUL", length(EXACT + b"\0"), [length_frame(EXACT + b"\0")]),
    ("one byte more", length(LONG), [TOO_LONG]),
    ("one byte more and a NUL", length(LONG + b"\0"), [TOO_LONG]),
    ("exactly the limit, text", EXACT, [text_frame(EXACT)]),
    ("exactly the limit, and a line feed and a NUL", EXACT + b"\n\0", [text_frame(EXACT)]),
    ("one byte more, text", LONG, [TOO_LONG_TEXT]),
    (
        "going on after a long length",
        length(LONG) + length(SHORT) + SHORT,
        [TOO_LONG, length_frame(SHORT), text_frame(SHORT)],
    ),
    (
        "going on after a very long length",
        length(b"<plist>" * 1000) + length(SHORT),
        [TOO_LONG, length_frame(SHORT)],
    ),
    (
        "going on after a long text",
        LONG + b"\n" + SHORT + length(SHORT),
        [TOO_LONG_TEXT, text_frame(SHORT), length_frame(SHORT)],
    ),
    (
        "going on after a very long text with a NUL",
        b"<plist>" + b"<" * 9 * MAX + b"</plist>\n\0" + SHORT,
        [TOO_LONG_TEXT, text_frame(SHORT)],
    ),
    (
        "endless white space is a long text",
        b" " * (MAX + 1) + SHORT + SHORT,
        [TOO_LONG_TEXT, text_frame(SHORT)],
    ),
    ("an end tag in two", b"<plist></plis</plist>", [text_frame(b"<plist></plis</plist>")]),
    ("an unknown first byte", b"{}", [Unframed(0x7B)]),
    ("a length over 2**27", b"\x08\0\0\0", [Unframed(8)]),
    ("the longest length", b"\x07\xff\xff\xff" + b"x" * 500, [TOO_LONG]),
    ("a binary property list", b"bplist00", [Unframed(0x62)]),
    (
        "an unknown byte after a request",
        length(SHORT) + b"\xff",
        [length_frame(SHORT), Unframed(255)],
    ),
    ("an unknown byte after a text", SHORT + b"\nx", [text_frame(SHORT), Unframed(0x78)]),
    ("half a length", length(SHORT)[:3], []),
    ("half a text after its length", length(SHORT)[:-1], []),
    ("half a text", SHORT[:-1], []),
    ("a NUL after a text, and no more", SHORT + b"\0", [text_frame(SHORT)]),
]
INCOMPLETE = {
    "white space only",
    "the longest length",
    "half a length",
    "half a text after its length",
    "half a text",
}
every_case = pytest.mark.parametrize(
    ("data", "expected"),
    [pytest.param(data, expected, id=name) for name, data, expected in CASES],
)


@every_case
def test_fed_whole(data: bytes, expected: list[Event]) -> None:
    assert events([data]) == expected


@every_case
def test_fed_byte_by_byte(data: bytes, expected: list[Event]) -> None:
    assert events(data[n : n + 1] for n in range(len(data))) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(data, expected, id=name)
        for name, data, expected in CASES
        if name not in INCOMPLETE
    ],
)
def test_fed_with_another_request_trailing(data: bytes, expected: list[Event]) -> None:
    unframed = expected and isinstance(expected[-1], Unframed)
    assert events([data + SHORT]) == (expected if unframed else [*expected, text_frame(SHORT)])


@every_case
@given(draw=st.data())
def test_fed_in_random_pieces(data: bytes, expected: list[Event], draw: st.DataObject) -> None:
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(data)), max_size=8)))
    pieces = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    assert events(pieces) == expected


requests = st.one_of(
    st.binary(max_size=MAX).map(lambda text: (length(text), length_frame(text))),
    st.binary(min_size=MAX + 2, max_size=3 * MAX).map(lambda text: (length(text), TOO_LONG)),
    st.sampled_from(
        [
            (SHORT, text_frame(SHORT)),
            (SHORT + b"\n", text_frame(SHORT)),
            (EXACT + b"\n", text_frame(EXACT)),
            (LONG + b"\n", TOO_LONG_TEXT),
        ]
    ),
)


@given(st.lists(requests, max_size=8), st.lists(st.integers(0, 500), max_size=10))
def test_framings_mix_in_any_order_and_in_any_pieces(
    sent: list[tuple[bytes, Event]], cuts: list[int]
) -> None:
    data = b"".join(text for text, _ in sent)
    ends = sorted(min(cut, len(data)) for cut in cuts)
    pieces = [data[a:b] for a, b in zip([0, *ends], [*ends, len(data)], strict=True)]
    assert events(pieces) == [event for _, event in sent]


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=10))
@example(SHORT + b"\0\0\0\0\1x", [23])
@example(b"\0\0\0\x66" + b"x" * 102 + SHORT, [5, 50])
def test_any_bytes_mean_the_same_however_they_are_cut(data: bytes, cuts: list[int]) -> None:
    ends = sorted(min(cut, len(data)) for cut in cuts)
    pieces = [data[a:b] for a, b in zip([0, *ends], [*ends, len(data)], strict=True)]
    assert events(pieces, ended=True) == events([data], ended=True)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(b"<plist>", [text_frame(b"<plist>")], id="half a text is a request"),
        pytest.param(SHORT + b"\n<", [text_frame(SHORT), text_frame(b"<")], id="and the second"),
        pytest.param(b" <plist>\n", [text_frame(b" <plist>\n")], id="with its blanks"),
        pytest.param(b" \n", [], id="blanks are none"),
        pytest.param(SHORT + b"\n", [text_frame(SHORT)], id="nor is what follows a text"),
        pytest.param(SHORT + b"\n\0", [text_frame(SHORT)], id="nor is a NUL"),
        pytest.param(length(SHORT)[:-1], [], id="half a length is none"),
        pytest.param(b"<plist>" + b"x" * MAX, [TOO_LONG_TEXT], id="half a long text is too long"),
        pytest.param(length(LONG)[:-1], [], id="nor half a text that may end in NUL"),
        pytest.param(b"", [], id="nothing is nothing"),
    ],
)
def test_the_end_of_the_stream_ends_a_text(data: bytes, expected: list[Event]) -> None:
    assert events([data], ended=True) == expected


def test_a_long_request_is_reported_before_it_is_there_and_never_kept() -> None:
    reader = FrameReader(MAX)
    reader.feed(b"\x07\0\0\0")
    assert reader.next_event() == TOO_LONG
    for _ in range(7 * 64):
        reader.feed(b"x" * 2**18)
        assert reader.next_event() is None
        assert len(reader._buffer) == 0
    reader.feed(length(SHORT))
    assert reader.next_event() == length_frame(SHORT)


def test_a_long_text_is_reported_before_it_ends_and_never_kept() -> None:
    reader = FrameReader(MAX)
    reader.feed(b"<plist>" + b"x" * MAX)
    assert reader.next_event() == TOO_LONG_TEXT
    for _ in range(100):
        reader.feed(b"</plis" * 10_000)
        assert reader.next_event() is None
        assert len(reader._buffer) < len(b"</plist>")
    reader.feed(b"</plist>\n" + SHORT)
    assert reader.next_event() == text_frame(SHORT)


@pytest.mark.usefixtures("linear_time")
def test_a_megabyte_byte_by_byte_is_read_in_linear_time() -> None:
    reader = FrameReader(2**20)
    text = b"<" * (2**20 - 8) + b"</plist>"
    for n in range(len(text)):
        assert reader.next_event() is None
        reader.feed(text[n : n + 1])
    assert reader.next_event() == text_frame(text)


@pytest.mark.usefixtures("linear_time")
def test_many_requests_at_once_are_cut_in_linear_time() -> None:
    count = 100_000
    reader = FrameReader(MAX)
    reader.feed(length(b"") * count)
    assert sum(reader.next_event() is not None for _ in range(count + 1)) == count


@pytest.mark.parametrize(
    ("framing", "expected"),
    [(Framing.TEXT, b"<plist/>"), (Framing.LENGTH, b"\0\0\0\x08<plist/>")],
)
def test_a_reply_goes_in_the_framing_of_its_request(framing: Framing, expected: bytes) -> None:
    assert frame(b"<plist/>", framing) == expected
