"""What holds for every property list, by hypothesis."""

import plistlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from netbsd_dm.plist import Grammar, PlistDict, PlistError, UInt, dumps, loads
from netbsd_dm.plist import lenient as xml

from .conftest import XML_DECLARATION, dictionaries, holding, lenient, proplib, typed


@given(dictionaries())
def test_what_is_written_is_read_back_with_its_types(value: PlistDict) -> None:
    text = dumps(value)
    assert typed(proplib(text)) == typed(value)
    assert typed(lenient(text)) == typed(value)


@given(dictionaries())
def test_writing_what_was_read_changes_nothing(value: PlistDict) -> None:
    text = dumps(value)
    assert dumps(proplib(text)) == text


@given(dictionaries(xml=True))
def test_an_xml_parser_reads_the_same_as_proplib(value: PlistDict) -> None:
    text = dumps(value)
    assert typed(xml.parse(text)) == typed(value)


def signed(value: object) -> object:
    """`value` as plistlib holds it, which knows no unsigned numbers."""
    if isinstance(value, dict):
        return {key: signed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [signed(item) for item in value]
    return int(value) if isinstance(value, UInt) else value


@given(dictionaries(xml=True))
def test_plistlib_reads_what_is_written(value: PlistDict) -> None:
    assert plistlib.loads(dumps(value)) == signed(value)


@given(dictionaries(xml=True))
def test_what_plistlib_writes_is_read(value: PlistDict) -> None:
    text = plistlib.dumps(value, skipkeys=False)
    assert signed(lenient(text)) == signed(value)


PIECES = [
    b"<dict>",
    b"</dict>",
    b"<dict/>",
    b"<array>",
    b"</array>",
    b"<key>k</key>",
    b"<key>",
    b"</key>",
    b"<string>",
    b"</string>",
    b"<integer>0x1f</integer>",
    b"<integer> -9",
    b"</integer>",
    b'<data size="1">',
    b"AA==",
    b"</data>",
    b"<true/>",
    b"<!--",
    b"-->",
    b"&amp;",
    b"&",
    b"<![CDATA[",
    b"]]>",
    b"<!DOCTYPE plist",
    b"[<!ENTITY a 'b'>]>",
    b"&a;",
    b"<plist>",
    b"</plist>",
    b"<",
    b">",
    b"\0",
    b"\xff",
    b" \n",
    XML_DECLARATION,
]
REQUEST = dumps(
    {
        "command": "reload",
        "version": [4, UInt(0), UInt(0)],
        "cmd_data": [{"start": UInt(0), "params": "/dev/wd0a <&> é", "data": b"123"}, [], {}],
        "flags": UInt(4),
    }
)


@st.composite
def mutations(draw: st.DrawFn) -> bytes:
    """A valid request with a few pieces cut, doubled, put in or changed."""
    text = REQUEST
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 40)))
        middle = draw(st.sampled_from([*PIECES, b"", text[start:end] * 2]) | st.binary(max_size=3))
        text = text[:start] + middle + text[end:]
    return text


texts = st.one_of(
    st.binary(), st.lists(st.sampled_from(PIECES)).map(b"".join), mutations(), mutations()
)


@pytest.mark.parametrize("grammar", Grammar, ids=lambda grammar: grammar.value)
@given(text=texts)
@example(text=holding(b"<integer>" + b"9" * 5000 + b"</integer>"))  # Python's own limit: 4300
@example(text=b'<?xml version="1.0" encoding="UTF-16"?>' + holding(b"<true/>"))
@example(text=b"<dict>&#xd800;</dict>")
def test_no_text_makes_a_reader_raise_anything_else(grammar: Grammar, text: bytes) -> None:
    try:
        value = loads(text, grammar=grammar, max_depth=50)
    except PlistError as refusal:
        error = refusal
    else:
        assert typed(lenient(dumps(value))) == typed(value)
        return
    assert str(error)
    assert error.line is None or error.line >= 1


@given(texts)
def test_the_lenient_grammar_takes_all_that_proplib_takes(text: bytes) -> None:
    try:
        value = proplib(text)
    except PlistError:
        return
    assert typed(lenient(text)) == typed(value)
