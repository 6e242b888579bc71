"""The quick reader of small texts says what the scanner says, or nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netbsd_dm.plist import PlistError, dumps, lines, proplib
from netbsd_dm.plist.values import HEADER
from netbsd_dm.wire import calls
from netbsd_dm.wire.calls import Selector

TEXT = dumps(calls.create("vol1", "uuid-1", read_only=False).request).decode()
PIECES = [
    "<dict>",
    "</dict>",
    "<dict/>",
    "<array>",
    "</array>",
    "<array/>",
    "<key>a</key>",
    "<key></key>",
    "<key>a&amp;b</key>",
    f"<key>{'é' * 65}</key>",
    "<string>x</string>",
    "<string/>",
    "<string>a&lt;</string>",
    "<string>two",
    "lines</string>",
    "<integer>0x10</integer>",
    "<integer>010</integer>",
    "<integer>9x</integer>",
    "<true/>",
    "<false/>",
    "<data>AQ==</data>",
    "<!-- comment -->",
    "</plist>",
    "",
    "junk",
]


def scanned(text: str, max_depth: int | None = None) -> object:
    """What the scanner makes of `text`; None for a refusal."""
    try:
        return proplib.parse(text, max_depth)
    except PlistError:
        return None


def typed(value: object) -> object:
    """`value` with the types of its leaves, so that 4 and 0x4 differ."""
    if isinstance(value, dict):
        return {key: typed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [typed(item) for item in value]
    return type(value), value


def test_a_usual_request_is_read() -> None:
    quick = lines.parse(TEXT, None)
    assert quick is not None
    assert typed(quick) == typed(scanned(TEXT))


@given(st.lists(st.sampled_from(PIECES), max_size=12), st.sampled_from([None, 1, 2, 3]))
def test_it_agrees_with_the_scanner_wherever_it_says_anything(
    pieces: list[str], max_depth: int | None
) -> None:
    text = HEADER + "<dict>\n" + "\n".join(pieces) + "\n</dict>\n</plist>\n"
    quick = lines.parse(text, max_depth)
    if quick is not None:
        assert typed(quick) == typed(scanned(text, max_depth))


@given(st.data())
def test_it_agrees_on_a_request_with_a_piece_changed(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(TEXT)))
    end = data.draw(st.integers(start, min(len(TEXT), start + 20)))
    text = (
        TEXT[:start] + data.draw(st.sampled_from([*PIECES, "\t", "\n", " ", "<", ">"])) + TEXT[end:]
    )
    quick = lines.parse(text, None)
    if quick is not None:
        assert typed(quick) == typed(scanned(text))


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace(HEADER, HEADER.replace("\n", "\r\n")),
        TEXT + " " * lines.TEXT_MAX,
        TEXT.replace("vol1", "a&amp;b"),
        TEXT.replace("\t", "    "),
    ],
    ids=["another header", "a long text", "an entity", "blanks for tabs"],
)
def test_what_is_unusual_is_left_to_the_scanner(text: str) -> None:
    assert lines.parse(text, None) is None
    assert scanned(text) is not None


def test_what_it_gives_may_be_changed() -> None:
    first = lines.parse(TEXT, None)
    assert first is not None
    first["version"] = []
    first["cmd_data"] = ["x"]
    again = lines.parse(TEXT, None)
    assert typed(again) == typed(scanned(TEXT))


def test_a_long_table_is_not_remembered() -> None:
    before = lines._meaning.cache_info().currsize
    request = calls.info(Selector("n" * lines.TEXT_MAX)).request
    assert lines.parse(dumps(request).decode(), None) is None
    assert lines._meaning.cache_info().currsize == before
