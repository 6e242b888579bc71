"""The negotiation: what is answered to which option, however the bytes arrive."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netbsd_dm.nbd.handshake import (
    GREETING,
    OPTION_BYTES_MAX,
    OPTIONS_MAX,
    Handshake,
    HandshakeError,
)

from .conftest import (
    ABORT,
    DISK,
    EXPORT_NAME,
    FLAGS,
    GO,
    INFO,
    INVALID,
    LIST,
    NOT_UTF_8,
    OTHER,
    REP_INFO,
    SERVER,
    STARTTLS,
    STRUCTURED,
    STRUCTURED_FIRST,
    TOO_BIG,
    UNKNOWN,
    UNSUP,
    Answers,
    Case,
    FixedExports,
    ack,
    check,
    info,
    negotiate,
    one_by_one,
    option,
    option_replies,
    refused,
    string,
)

DISK_INFO = struct.pack(">HQH", 0, 4096, 1 | 4)

DISK_INFO_DF = struct.pack(">HQH", 0, 4096, 1 | 4 | 0x80)

DISK_SIZES = struct.pack(">HIII", 3, 1, 4096, 1 << 25)

OTHER_INFO = struct.pack(">HQH", 0, 2**40, 1 | 2)

OTHER_SIZES = struct.pack(">HIII", 3, 512, 4096, 65536)


def described(number: int, *infos: bytes) -> Answers:
    return [*((number, REP_INFO, each) for each in infos), ack(number)]


def malformed(number: int) -> list[Case]:
    """What INFO and GO refuse."""
    cases: list[tuple[str, bytes, int]] = [
        ("no data", b"", INVALID),
        ("a length only", bytes(4), INVALID),
        ("a name shorter than it says", struct.pack(">I", 5) + b"disk", INVALID),
        ("fewer requests than it says", string(b"disk") + struct.pack(">HH", 2, 0), INVALID),
        ("something behind the requests", info(b"disk", 0) + b"x", INVALID),
        ("a name that is no UTF-8", info(NOT_UTF_8), INVALID),
        ("a name of 4097 bytes", info(b"x" * 4097), TOO_BIG),
        ("a name of 4096 bytes", info(b"x" * 4096), UNKNOWN),
        ("an unknown name", info(b"nosuch"), UNKNOWN),
    ]
    return [
        Case(f"option {number}: {title}", option(number, data), refused(number, kind))
        for title, data, kind in cases
    ]


CASES = [
    Case("nothing", b"", []),
    Case(
        "LIST",
        option(LIST),
        [
            (LIST, SERVER, string(b"disk") + b"the first"),
            (LIST, SERVER, string("größe".encode())),
            ack(LIST),
        ],
    ),
    Case("LIST with data", option(LIST, b"x"), refused(LIST, INVALID)),
    Case("STRUCTURED_REPLY", option(STRUCTURED), [ack(STRUCTURED)]),
    Case("STRUCTURED_REPLY with data", option(STRUCTURED, b"x"), refused(STRUCTURED, INVALID)),
    Case("STARTTLS", option(STARTTLS), refused(STARTTLS, UNSUP)),
    Case("EXTENDED_HEADERS", option(11), refused(11, UNSUP)),
    Case("an option nobody knows", option(2**32 - 1, b"x"), refused(2**32 - 1, UNSUP)),
    Case("INFO", option(INFO, info()), described(INFO, DISK_INFO, DISK_SIZES)),
    Case("INFO of the default", option(INFO, info(b"")), described(INFO, DISK_INFO, DISK_SIZES)),
    Case(
        "INFO of another",
        option(INFO, info("größe".encode())),
        described(INFO, OTHER_INFO, OTHER_SIZES),
    ),
    Case(
        "INFO with a request for the name of the default",
        option(INFO, info(b"", 1)),
        described(INFO, DISK_INFO, struct.pack(">H", 1) + b"disk", DISK_SIZES),
    ),
    Case(
        "INFO with every request, twice, and one nobody knows",
        option(INFO, info(b"disk", 3, 2, 1, 0, 3, 2, 1, 0, 999)),
        described(
            INFO,
            DISK_INFO,
            struct.pack(">H", 1) + b"disk",
            struct.pack(">H", 2) + b"the first",
            DISK_SIZES,
        ),
    ),
    Case(
        "INFO after STRUCTURED_REPLY tells of NBD_FLAG_SEND_DF",
        STRUCTURED_FIRST + option(INFO, info()),
        [ack(STRUCTURED), *described(INFO, DISK_INFO_DF, DISK_SIZES)],
    ),
    Case("GO", option(GO, info()), described(GO, DISK_INFO, DISK_SIZES)),
    Case(
        "GO with requests",
        option(GO, info(b"disk", 3, 2)),
        described(GO, DISK_INFO, struct.pack(">H", 2) + b"the first", DISK_SIZES),
    ),
    Case(
        "INFO, then GO of what it knows, after one it does not",
        option(GO, info(b"nosuch")) + option(INFO, info()) + option(GO, info()),
        [
            *refused(GO, UNKNOWN),
            *described(INFO, DISK_INFO, DISK_SIZES),
            *described(GO, DISK_INFO, DISK_SIZES),
        ],
    ),
    *malformed(INFO),
    *malformed(GO),
    Case("ABORT", option(ABORT), [ack(ABORT)]),
    Case("ABORT with data", option(ABORT, b"bye"), [ack(ABORT)]),
    Case(
        "more data than it takes is skipped",
        option(LIST, bytes(OPTION_BYTES_MAX + 1)) + option(STRUCTURED),
        [*refused(LIST, TOO_BIG), ack(STRUCTURED)],
    ),
    Case(
        "as much data as it takes is not",
        option(99, bytes(OPTION_BYTES_MAX)) + option(STRUCTURED),
        [*refused(99, UNSUP), ack(STRUCTURED)],
    ),
]


def test_the_greeting() -> None:
    assert GREETING == b"NBDMAGIC" + b"IHAVEOPT" + b"\0\3"


@pytest.mark.parametrize("case", CASES, ids=[case.title for case in CASES])
def test_options_are_answered(case: Case) -> None:
    check(case)


def test_an_empty_list_is_only_acknowledged() -> None:
    handshake = Handshake(FixedExports(()))
    assert list(option_replies(handshake.feed(FLAGS + option(LIST)))) == [ack(LIST)]


@pytest.mark.parametrize("number", [INFO, GO, EXPORT_NAME, ABORT])
def test_what_ends_the_negotiation(number: int) -> None:
    data = b"disk" if number == EXPORT_NAME else info() if number in (INFO, GO) else b""
    _, handshake = negotiate([FLAGS + option(number, data) + b"a request"])
    if number == INFO:  # the rest may become an option
        assert (handshake.choice, handshake.is_over) == (None, False)
    else:
        assert (handshake.choice is None) == handshake.is_over == (number == ABORT)
        assert handshake.rest == b"a request"


@pytest.mark.parametrize("flags", [0, 1, 2, 3])
@pytest.mark.parametrize("name", ["", "disk", "größe"])
def test_an_export_chosen_the_old_way(flags: int, name: str) -> None:
    sent = struct.pack(">I", flags) + option(EXPORT_NAME, name.encode())
    expected = (OTHER_INFO if name == "größe" else DISK_INFO)[2:]
    expected += b"" if flags & 2 else bytes(124)
    for pieces in ([sent], one_by_one(sent), [sent + b"rest"]):
        answer, handshake = negotiate(pieces)
        assert answer == expected
        assert handshake.choice is not None
        assert handshake.choice.export is (OTHER if name == "größe" else DISK)


@pytest.mark.parametrize(
    ("sent", "what"),
    [
        (bytes([0, 0, 0, 4]), "flags, 0x4"),
        (bytes([128, 0, 0, 3]), "flags, 0x80000003"),
        (FLAGS + b"IHAVEOPS" + bytes(8), "0x49484156454f5053"),
        (FLAGS + option(LIST) * (OPTIONS_MAX + 1), "more than 1024 options"),
        (FLAGS + option(EXPORT_NAME, b"nosuch"), "unknown export, 'nosuch'"),
        (FLAGS + option(EXPORT_NAME, NOT_UTF_8), "no UTF-8"),
        (FLAGS + option(EXPORT_NAME, bytes(OPTION_BYTES_MAX + 1)), "unknown export"),
    ],
)
def test_where_only_closing_is_left(sent: bytes, what: str) -> None:
    for pieces in ([sent], one_by_one(sent), [sent + bytes(100)]):
        with pytest.raises(HandshakeError, match=what):
            negotiate(pieces)


def test_as_many_options_as_may_be() -> None:
    answer, handshake = negotiate(
        [FLAGS + option(STRUCTURED) * (OPTIONS_MAX - 1) + option(GO, info())]
    )
    assert len(list(option_replies(answer))) == OPTIONS_MAX + 2
    assert handshake.choice is not None


pieces_of_options = st.one_of(
    st.binary(max_size=20),
    st.sampled_from([case.sent for case in CASES if len(case.sent) < 200]),
    st.builds(option, st.integers(0, 12), st.binary(max_size=20)),
)


@given(st.lists(pieces_of_options, max_size=5), st.data())
def test_any_input_is_answered_or_refused_however_it_is_cut(
    sent: list[bytes], data: st.DataObject
) -> None:
    whole = FLAGS + b"".join(sent)
    cut = data.draw(st.integers(0, len(whole)))

    def outcome(*pieces: bytes) -> bytes | str:
        try:
            return negotiate(pieces)[0]
        except HandshakeError as error:
            return str(error)

    assert outcome(whole) == outcome(whole[:cut], whole[cut:])
