"""One list of (value, text) drives writer and reader: driver spec section 1.1."""

import io
from pathlib import Path

import pytest

from netbsd_dm.plist import Grammar, PlistDict, PlistError, UInt, dump, dumps, load, loads

from .conftest import CLOSE, DOCTYPE, OPEN, XML_DECLARATION, proplib, typed

CASES: list[tuple[str, PlistDict, str]] = [
    ("an empty root", {}, "<dict/>\n"),
    (
        "every scalar",
        {
            "b": b"\x00\x01\xff",
            "f": False,
            "i": -5,
            "s": "text",
            "t": True,
            "u": UInt(255),
        },
        (
            "<dict>\n"
            "\t<key>b</key>\n\t<data>AAH/</data>\n"
            "\t<key>f</key>\n\t<false/>\n"
            "\t<key>i</key>\n\t<integer>-5</integer>\n"
            "\t<key>s</key>\n\t<string>text</string>\n"
            "\t<key>t</key>\n\t<true/>\n"
            "\t<key>u</key>\n\t<integer>0xff</integer>\n"
            "</dict>\n"
        ),
    ),
    (
        "empty dictionaries, arrays and strings",
        {"a": [], "d": {}, "s": ""},
        (
            "<dict>\n"
            "\t<key>a</key>\n\t<array/>\n"
            "\t<key>d</key>\n\t<dict/>\n"
            "\t<key>s</key>\n\t<string/>\n"
            "</dict>\n"
        ),
    ),
    (
        "one tab a level",
        {"a": [{"k": ["deep"]}, "last"]},
        (
            "<dict>\n"
            "\t<key>a</key>\n"
            "\t<array>\n"
            "\t\t<dict>\n"
            "\t\t\t<key>k</key>\n"
            "\t\t\t<array>\n"
            "\t\t\t\t<string>deep</string>\n"
            "\t\t\t</array>\n"
            "\t\t</dict>\n"
            "\t\t<string>last</string>\n"
            "\t</array>\n"
            "</dict>\n"
        ),
    ),
    (
        "keys in the order of their bytes",
        dict.fromkeys(("Z", "_", "a", "a-", "aa", "z", "é", "\uffff", "𐀀"), True),
        "<dict>\n"
        + "".join(
            f"\t<key>{key}</key>\n\t<true/>\n"
            for key in ("Z", "_", "a", "a-", "aa", "z", "é", "\uffff", "\U00010000")
        )
        + "</dict>\n",
    ),
    (
        "an empty key before all others",
        {"": 1, "\x01": 2, " ": 3},
        (
            "<dict>\n"
            "\t<key></key>\n\t<integer>1</integer>\n"
            "\t<key>\x01</key>\n\t<integer>2</integer>\n"
            "\t<key> </key>\n\t<integer>3</integer>\n"
            "</dict>\n"
        ),
    ),
    (
        "three escapes, in keys as in strings",
        {"<&>": "a < b && c > d"},
        (
            "<dict>\n"
            "\t<key>&lt;&amp;&gt;</key>\n\t<string>a &lt; b &amp;&amp; c &gt; d</string>\n"
            "</dict>\n"
        ),
    ),
    (
        "quotes, blanks, line feeds, control bytes and UTF-8 raw",
        {"k": '"it\'s"\t\n \r\x01\x7f é €'},
        '<dict>\n\t<key>k</key>\n\t<string>"it\'s"\t\n \r\x01\x7f é €</string>\n</dict>\n',
    ),
    (
        "an escape that is text",
        {"k": "&lt;"},
        "<dict>\n\t<key>k</key>\n\t<string>&amp;lt;</string>\n</dict>\n",
    ),
    (
        "the ends of both ranges",
        {"max": 2**63 - 1, "min": -(2**63), "uint": UInt(2**64 - 1), "uzero": UInt(0), "zero": 0},
        (
            "<dict>\n"
            "\t<key>max</key>\n\t<integer>9223372036854775807</integer>\n"
            "\t<key>min</key>\n\t<integer>-9223372036854775808</integer>\n"
            "\t<key>uint</key>\n\t<integer>0xffffffffffffffff</integer>\n"
            "\t<key>uzero</key>\n\t<integer>0x0</integer>\n"
            "\t<key>zero</key>\n\t<integer>0</integer>\n"
            "</dict>\n"
        ),
    ),
    (
        "long data on one line",
        {"d": b"\xff" * 100},
        "<dict>\n\t<key>d</key>\n\t<data>" + "////" * 33 + "/w==</data>\n</dict>\n",
    ),
    (
        "a key of 128 bytes",
        {"k" * 128: "v", "é" * 64: "w"},
        (
            "<dict>\n"
            f"\t<key>{'k' * 128}</key>\n\t<string>v</string>\n"
            f"\t<key>{'é' * 64}</key>\n\t<string>w</string>\n"
            "</dict>\n"
        ),
    ),
]
by_name = pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param(value, (XML_DECLARATION + DOCTYPE + OPEN).decode() + text + CLOSE.decode())
        for _, value, text in CASES
    ],
    ids=[name for name, _, _ in CASES],
)
grammars = pytest.mark.parametrize("grammar", Grammar, ids=lambda grammar: grammar.value)


@by_name
def test_the_writer_writes_exactly_this(value: PlistDict, text: str) -> None:
    assert dumps(value).decode() == text


@by_name
@grammars
def test_the_reader_reads_it_back_with_its_types(
    value: PlistDict, text: str, grammar: Grammar
) -> None:
    assert typed(loads(text.encode(), grammar=grammar)) == typed(value)


@by_name
@pytest.mark.parametrize("trailing", [b"\0", b"\0<junk", b"junk", b"<plist>", b"\xff\xfe"])
def test_what_follows_the_end_tag_is_ignored(value: PlistDict, text: str, trailing: bytes) -> None:
    assert typed(loads(text.encode() + trailing, grammar=Grammar.PROPLIB)) == typed(value)


@by_name
def test_every_beginning_of_it_is_refused(value: PlistDict, text: str) -> None:
    data = text.encode()
    for length in range(len(data) - len(b">\n") + 1):
        with pytest.raises(PlistError):
            assert proplib(data[:length]) is None, f"{length} bytes of it are read"


@by_name
def test_files_hold_the_same_text(value: PlistDict, text: str, tmp_path: Path) -> None:
    path = tmp_path / "value.plist"
    with path.open("wb") as file:
        dump(value, file)
    assert path.read_bytes() == text.encode()
    with path.open("rb") as file:
        assert typed(load(file, grammar=Grammar.PROPLIB)) == typed(value)


def test_the_order_in_which_keys_were_set_does_not_show() -> None:
    assert dumps({"b": 1, "a": 2}) == dumps({"a": 2, "b": 1})


def test_load_without_a_grammar_is_lenient() -> None:
    text = b"<plist><dict><key>k</key><true></true></dict></plist>"
    assert load(io.BytesIO(text)) == loads(text) == {"k": True}
