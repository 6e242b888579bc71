"""Where a reply departs from the recorded one."""

import pytest

from netbsd_dm.capture.diff import CONTEXT_LINES, Side, first_difference


def shown(recorded: bytes, answered: bytes) -> list[str]:
    return [
        f"{line.side.value}{line.number} {line.text}"
        for line in first_difference(recorded, answered)
    ]


@pytest.mark.parametrize(
    ("recorded", "answered", "expected"),
    [
        (b"a\nb\n", b"a\nb\n", []),
        (b"", b"", []),
        (b"a\nb\nc\n", b"a\nx\nc\n", [" 1 a", "-2 b", "+2 x"]),
        (b"x\n", b"y\n", ["-1 x", "+1 y"]),
        (b"1\n2\n3\n4\n5\n6", b"1\n2\n3\n4\n5\n7", [" 3 3", " 4 4", " 5 5", "-6 6", "+6 7"]),
        (b"a\n", b"a", [" 1 a", "-2 "]),
        (b"a", b"a\nb", [" 1 a", "+2 b"]),
        (b"a\xff", b"a\xfe", ["-1 a\udcff", "+1 a\udcfe"]),
        (b"a\r\nb", b"a\nb", ["-1 a\r", "+1 a"]),
    ],
    ids=repr,
)
def test_it_shows_the_first_line_that_differs_after_some_context(
    recorded: bytes, answered: bytes, expected: list[str]
) -> None:
    assert shown(recorded, answered) == expected


def test_the_context_is_bounded_and_all_of_one_side() -> None:
    lines = list(first_difference(b"same\n" * 100 + b"old", b"same\n" * 100 + b"new"))
    assert [line.side for line in lines] == [Side.BOTH] * CONTEXT_LINES + [
        Side.RECORDED,
        Side.ANSWERED,
    ]
