"""Texts and values as people see them: short, on one line, harmless to a terminal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netbsd_dm.plist import PlistValue, UInt
from netbsd_dm.plist.display import LENGTH_MAX, printable, quoted, shortened, value_text

VALUES = st.recursive(
    st.text() | st.binary() | st.booleans() | st.integers() | st.integers(0).map(UInt),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def test_what_can_be_seen_stays_as_it_is() -> None:
    assert printable("a name é 日本") == "a name é 日本"


def test_what_a_terminal_obeys_is_escaped() -> None:
    assert printable("\x1b[2J\n\udcff\u2028") == r"\x1b[2J\n\udcff\u2028"


def test_a_long_text_ends_in_dots() -> None:
    assert shortened("abcdef", 6) == "abcdef"
    assert shortened("abcdefg", 6) == "abc..."


def test_quotation_marks_and_backslashes_within_quotes_are_escaped() -> None:
    assert quoted('a "b" \\n') == r'"a \"b\" \\n"'


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("vol1", '"vol1"'),
        ("", '""'),
        (UInt(255), "0xff"),
        (-5, "-5"),
        (True, "true"),
        (False, "false"),
        (b"abc", "3 bytes of data"),
        ([4, UInt(0)], "[4, 0x0]"),
        ([], "[]"),
        ({}, "{}"),
        ({"name": "b", "dev": UInt(1)}, '{dev: 0x1, name: "b"}'),
        ([[[[5]]]], "[[[[...]]]]"),
        ({"\n": [{}]}, r"{\n: [{}]}"),
    ],
    ids=repr,
)
def test_a_value_looks_like(value: PlistValue, expected: str) -> None:
    assert value_text(value) == expected


@given(VALUES)
def test_every_value_is_short_and_printable(value: PlistValue) -> None:
    text = value_text(value)
    assert text.isprintable()
    assert 0 < len(text) <= LENGTH_MAX


@pytest.mark.usefixtures("linear_time")
def test_a_value_without_end_is_shown_in_no_time() -> None:
    deep: PlistValue = []
    for _ in range(100_000):
        deep = [deep]
    assert value_text(deep) == "[[[[...]]]]"
    assert value_text(["x"] * 1_000_000).endswith("...")
