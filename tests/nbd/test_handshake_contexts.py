"""The negotiation of metadata contexts, and what the choice of an export makes of it."""

import struct

import pytest

from netbsd_dm.nbd.handshake import OPTION_BYTES_MAX

from .conftest import (
    DISK,
    EXPORT_NAME,
    FLAGS,
    GO,
    INVALID,
    LIST_META,
    META,
    NOT_UTF_8,
    SET_META,
    STRUCTURED,
    STRUCTURED_FIRST,
    TOO_BIG,
    UNKNOWN,
    Answers,
    Case,
    ack,
    check,
    contexts,
    info,
    negotiate,
    option,
    refused,
    string,
)

CONTEXT = struct.pack(">I", 1) + b"base:allocation"

LISTED_CONTEXT = struct.pack(">I", 0) + b"base:allocation"


def meta(title: str, number: int, data: bytes, answers: Answers) -> Case:
    """A case of the two options that need structured replies."""
    return Case(title, STRUCTURED_FIRST + option(number, data), [ack(STRUCTURED), *answers])


CASES = [
    Case(
        "LIST_META without structured replies", option(LIST_META, contexts()), refused(9, INVALID)
    ),
    Case("SET_META without structured replies", option(SET_META, contexts()), refused(10, INVALID)),
    *(
        meta(f"LIST_META of {queries}", LIST_META, contexts(b"disk", *queries), [*found, ack(9)])
        for queries, found in [
            ((), [(LIST_META, META, LISTED_CONTEXT)]),
            ((b"base:",), [(LIST_META, META, LISTED_CONTEXT)]),
            ((b"base:allocation",), [(LIST_META, META, LISTED_CONTEXT)]),
            ((b"qemu:", b"base:", b"base:allocation"), [(LIST_META, META, LISTED_CONTEXT)]),
            ((b"base:nosuch",), []),
            ((b"qemu:dirty-bitmap:b0", b""), []),
        ]
    ),
    *(
        meta(f"SET_META of {queries}", SET_META, contexts(b"disk", *queries), [*found, ack(10)])
        for queries, found in [
            ((), []),
            ((b"base:",), []),
            ((b"base:allocation",), [(SET_META, META, CONTEXT)]),
            ((b"x:y", b"base:allocation", b"base:allocation"), [(SET_META, META, CONTEXT)]),
            ((b"base:nosuch",), []),
        ]
    ),
    *(
        meta(f"option {number}: {title}", number, data, refused(number, kind))
        for number in (LIST_META, SET_META)
        for title, data, kind in [
            ("no data", b"", INVALID),
            ("no number of queries", string(b"disk"), INVALID),
            ("fewer queries than it says", string(b"disk") + struct.pack(">I", 2**32 - 1), INVALID),
            ("something behind the queries", contexts(b"disk", b"base:") + b"x", INVALID),
            ("a query that is no UTF-8", contexts(b"disk", NOT_UTF_8), INVALID),
            ("a query of 4097 bytes", contexts(b"disk", b"x" * 4097), TOO_BIG),
            ("an unknown export", contexts(b"nosuch", b"base:allocation"), UNKNOWN),
        ]
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[case.title for case in CASES])
def test_queries_are_answered(case: Case) -> None:
    check(case)


SET = option(SET_META, contexts(b"disk", b"base:allocation"))


@pytest.mark.parametrize(
    ("before", "structured", "allocation"),
    [
        (b"", False, False),
        (STRUCTURED_FIRST, True, False),
        (STRUCTURED_FIRST + SET, True, True),
        (STRUCTURED_FIRST + option(LIST_META, contexts(b"disk", b"base:allocation")), True, False),
        (
            STRUCTURED_FIRST + option(SET_META, contexts("größe".encode(), b"base:allocation")),
            True,
            False,
        ),
        # The last SET_META_CONTEXT counts, even if it fails ("Option types").
        (STRUCTURED_FIRST + SET + option(SET_META, contexts(b"disk")), True, False),
        (STRUCTURED_FIRST + SET + option(SET_META, contexts(b"nosuch")), True, False),
        (STRUCTURED_FIRST + SET + option(SET_META, b"x"), True, False),
        (STRUCTURED_FIRST + SET + option(SET_META, bytes(OPTION_BYTES_MAX + 1)), True, False),
        (STRUCTURED_FIRST + option(SET_META, b"x") + SET, True, True),
    ],
)
@pytest.mark.parametrize("choose", [option(GO, info()), option(EXPORT_NAME, b"disk")])
def test_what_was_agreed_on(
    before: bytes, structured: bool, allocation: bool, choose: bytes
) -> None:
    _, handshake = negotiate([FLAGS + before + choose])
    assert handshake.choice is not None
    assert handshake.choice.export is DISK
    assert (handshake.choice.structured, handshake.choice.allocation) == (structured, allocation)
