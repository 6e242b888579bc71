"""The lenient grammar: what plistlib and people write, and what is refused all the same."""

import plistlib
from pathlib import Path

import pytest

from netbsd_dm.plist import Grammar, PlistDict, PlistError, PlistValue, UInt, loads
from netbsd_dm.plist import lenient as xml

from .conftest import CLOSE, DOCTYPE, OPEN, XML_DECLARATION, holding, lenient, plist, typed

COMMENT = b"<!-- a comment -->"


@pytest.mark.parametrize(
    ("element", "value"),
    [
        pytest.param(b"<true></true>", True, id="true in two tags"),
        pytest.param(b"<false ></false >", False, id="false in two tags, with spaces"),
        pytest.param(b"<true> \n</true>", True, id="true around blanks"),
        pytest.param(b"<dict />", {}, id="dict with a space"),
        pytest.param(b"<array\n/>", [], id="array with a line feed"),
        pytest.param(b"<string />", "", id="string with a space"),
        pytest.param(b"<data/>", b"", id="data/"),
        pytest.param(b"<string a='b'>s</string>", "s", id="attribute of a string"),
        pytest.param(b'<dict ID="id"><key>k</key><true/></dict>', {"k": True}, id="dict ID"),
        pytest.param(b"<dict><key ID='1'>k</key><true/></dict>", {"k": True}, id="key ID"),
        pytest.param(b"<string><![CDATA[a < b & c]]></string>", "a < b & c", id="CDATA"),
        pytest.param(b"<string>&#65;&#x42;&#xe9;</string>", "ABé", id="numeric entities"),
        pytest.param(b"<string>a%sb</string>" % COMMENT, "ab", id="comment in a string"),
        pytest.param(b"<string>a<?pi?>b</string>", "ab", id="instruction in a string"),
        pytest.param(b"<integer>4%s2</integer>" % COMMENT, 42, id="comment in a number"),
        pytest.param(b"<?pi?><true/>", True, id="processing instruction"),
        pytest.param(b"<integer>9223372036854775808</integer>", UInt(2**63), id="2**63"),
        pytest.param(b"<integer>18446744073709551615</integer>", UInt(2**64 - 1), id="2**64-1"),
        pytest.param(b"<data >AA==</data >", b"\0", id="data with spaces"),
    ],
)
def test_what_proplib_refuses_is_read(element: bytes, value: PlistValue) -> None:
    text = holding(element)
    assert typed(lenient(text)) == typed({"v": value})
    with pytest.raises(PlistError):
        loads(text, grammar=Grammar.PROPLIB)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"<dict ><key>k</key><true/></dict>", id="no plist around it"),
        pytest.param(b"\xef\xbb\xbf" + plist(b"<dict><key>k</key><true/></dict>"), id="with a BOM"),
        pytest.param(
            plist(b"<dict><key>k</key><true/></dict>").decode().encode("utf-16"), id="in UTF-16"
        ),
        pytest.param(
            b" \n" + XML_DECLARATION + DOCTYPE + plist(b"<dict ><key>k</key><true/></dict>"),
            id="white space first",
        ),
        pytest.param(plist(b"<dict ><key>k</key><true/></dict>") + b"\0", id="a NUL last"),
        pytest.param(
            COMMENT + plist(b"<dict><key>k</key><true/></dict>") + COMMENT, id="comments around it"
        ),
        pytest.param(
            plist(b"<dict><key>k</key><true/></dict>" + COMMENT), id="a comment before the end"
        ),
        pytest.param(
            b"<plist version='1.0' more='x'><dict><key>k</key><true/></dict></plist>",
            id="attributes of plist",
        ),
        pytest.param(
            b"<!DOCTYPE plist SYSTEM 'file://localhost/System/DTDs/PropertyList.dtd'>"
            + plist(b"<dict ><key>k</key><true/></dict>"),
            id="a system document type, which is not loaded",
        ),
        pytest.param(
            b"<!DOCTYPE plist []>" + plist(b"<dict ><key>k</key><true/></dict>"),
            id="an empty internal subset",
        ),
    ],
)
def test_an_envelope_is_read(text: bytes) -> None:
    assert lenient(text) == {"k": True}


SAMPLES: list[PlistDict] = [
    {},
    {"s": "text <&> \"'", "e": "", "u": "é €\U0001f4be"},
    {"t": True, "f": False, "n": [0, 1, -1, 2**63 - 1, -(2**63)], "big": 2**63, "max": 2**64 - 1},
    {"d": b"", "e": b"\x00\xff" * 200},
    {"nested": {"a": [{}, [], {"b": [[]]}]}},
    {"lines": "one\ntwo\tthree"},
    {"": "empty key", "a b": "key with a blank", "<&>": "key to escape"},
]


@pytest.mark.parametrize("value", SAMPLES, ids=lambda value: ",".join(value) or "empty")
def test_what_plistlib_writes_is_read(value: PlistDict) -> None:
    text = plistlib.dumps(value, sort_keys=False)
    assert lenient(text) == value
    assert xml.parse(text) == value


def test_a_decimal_above_the_signed_range_is_unsigned() -> None:
    read = lenient(plistlib.dumps({"n": [2**63 - 1, 2**63]}))
    assert typed(read) == {"n": [("int", 2**63 - 1), ("UInt", 2**63)]}


@pytest.mark.parametrize("value", [2**64, -(2**63) - 1], ids=["2**64", "-2**63-1"])
def test_a_number_beyond_64_bits_is_refused(value: int) -> None:
    with pytest.raises(PlistError, match="does not fit"):
        lenient(holding(b"<integer a=''>%d</integer>" % value))


XML_CASES = [
    b"<dict/>",
    b"<dict><key>a</key><string>x</string></dict>",
    b"<dict><key>a</key><string>x</string><key>a</key><string>y</string></dict>",
    b"<dict><key></key><string/></dict>",
    b"<dict>%s<key>a</key>%s<integer>0x1F</integer></dict>" % (COMMENT, COMMENT),
    b"<dict><key>a</key><array><integer>1</integer><integer> 0x1 </integer></array></dict>",
    b"<dict><key>a</key><integer>-0x10</integer></dict>",
    b"<dict><key>a</key><integer></integer></dict>",
    b"<dict><key>a</key><integer>+5</integer></dict>",
    b'<dict><key>a</key><data size="2">AAE=</data></dict>',
    b"<dict><key>a</key><data> A A E = </data></dict>",
    b"<dict><key>a</key><string>&lt;&gt;&amp;&quot;&apos;</string></dict>",
    b"<dict><key>a</key><string> \t\n </string></dict>",
    b"<dict><key>\xc3\xa9</key><string>\xe2\x82\xac</string></dict>",
    b"<dict><key>a</key><dict><key>b</key><array><true/><false/></array></dict></dict>",
]


@pytest.mark.parametrize("inner", XML_CASES, ids=bytes.decode)
def test_what_both_grammars_take_means_the_same(inner: bytes) -> None:
    text = plist(inner)
    assert typed(xml.parse(text)) == typed(loads(text, grammar=Grammar.PROPLIB))


REFUSED = [
    (
        b"<!DOCTYPE plist [<!ENTITY e 'x'>]>" + holding(b"<string>&e;</string>"),
        "declarations",
        "an internal entity",
    ),
    (
        b"<!DOCTYPE plist [<!ENTITY e 'x'>]>" + holding(b"<string a=''>unused</string>"),
        "declarations",
        "an internal entity that is not used",
    ),
    (
        b"<!DOCTYPE plist [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>"
        + holding(b"<string>&e;</string>"),
        "declarations",
        "an external entity",
    ),
    (
        b"<!DOCTYPE plist [<!ENTITY % p SYSTEM 'file:///etc/passwd'> %p;]>"
        + holding(b"<string a=''>s</string>"),
        "declarations",
        "a parameter entity",
    ),
    (
        b"<!DOCTYPE plist [<!ENTITY % p '<!ENTITY e \"x\">'> %p;]>"
        + holding(b"<string>&e;</string>"),
        "declarations",
        "a parameter entity that declares one",
    ),
    (
        b"<!DOCTYPE plist [<!ELEMENT plist ANY>]>" + holding(b"<true ></true >"),
        "declarations",
        "an element declaration",
    ),
    (
        b"<!DOCTYPE plist [<!ATTLIST string a CDATA 'x'>]>" + holding(b"<string >s</string>"),
        "declarations",
        "an attribute declaration",
    ),
    (
        DOCTYPE + holding(b"<string>&nbsp;</string>"),
        "",
        "an entity that the document type might declare",
    ),
    (holding(b"<string>&e;</string>"), "", "an entity that nobody declares"),
    (holding(b"<array>&e;</array>"), "", "an entity in an array"),
    (DOCTYPE + holding(b"<array>&e;</array>"), "", "an entity for an element"),
    (DOCTYPE + plist(b"<dict>&e;</dict>"), "", "an entity for a key"),
    (holding(b"<real>1.5</real>"), "<real>", "a real"),
    (holding(b"<date>2009-11-24T00:00:00Z</date>"), "<date>", "a date"),
    (holding(b"<UID>1</UID>"), "<UID>", "an unknown element"),
    (holding(b"<plist/>"), "<plist>", "a plist in a plist"),
    (holding(b"stray<true ></true>"), "text between", "text in a dict"),
    (holding(b"<array >stray</array>"), "text between", "text in an array"),
    (holding(b"<array><true/>stray</array >"), "text between", "text after an item"),
    (plist(b"<dict ></dict>stray"), "nothing else", "text in plist"),
    (plist(b"<dict ></dict><dict/>"), "nothing else", "two roots"),
    (plist(b""), "nothing else", "no root"),
    (plist(b"<array ></array>"), "root", "root an array"),
    (b"<string >s</string>", "root", "root a string"),
    (b"<html/>", "html", "root something else"),
    (plist(b"<dict ><key>k</key></dict>"), "'k'", "a key without a value"),
    (plist(b"<dict ><true/></dict>"), "<true>", "a value without a key"),
    (plist(b"<dict ><key>k</key><key>l</key><true/></dict>"), "", "two keys in a row"),
    (holding(b"<array ><key>k</key></array>"), "<key>", "a key in an array"),
    (plist(b"<dict ><key>" + b"k" * 129 + b"</key><true/></dict>"), "128 bytes", "a long key"),
    (plist(b"<dict ><key>" + "é".encode() * 65 + b"</key><true/></dict>"), "128", "a long key, é"),
    (holding(b"<string >a<b/>c</string>"), "text only", "an element in a string"),
    (holding(b"<integer >x</integer>"), "no integer", "no number"),
    (holding(b"<data >?</data>"), "base64", "no base64"),
    (holding(b"<true>x</true>"), "<true>", "a boolean with text"),
    (holding(b"<array ><true/>"), "", "not well-formed"),
    (b"", "", "nothing"),
    (b"\0", "", "a NUL"),
    (b"{}", "", "JSON"),
    (holding(b"<string >\x01</string>"), "", "control bytes in XML"),
    (holding(b"<string >\xff</string>"), "", "no UTF-8 in XML"),
    (
        b'<?xml version="1.0" encoding="nonsense"?>' + holding(b"<string >s</string>"),
        "",
        "encoding",
    ),
]


@pytest.mark.parametrize(
    ("text", "reason"),
    [pytest.param(text, reason, id=name) for text, reason, name in REFUSED],
)
def test_it_is_refused_with_a_clear_message(text: bytes, reason: str) -> None:
    with pytest.raises(PlistError) as caught:
        lenient(text)
    message = str(caught.value)
    assert reason in message
    assert len(message) < 300, "a message is read by people"
    assert "root:" not in message, "it leaks a file"


def test_a_billion_laughs_are_refused_before_they_grow() -> None:
    entities = b"".join(
        b"<!ENTITY l%d '%s'>" % (level, b"&l%d;" % (level - 1) * 10) for level in range(1, 30)
    )
    text = b"<!DOCTYPE plist [<!ENTITY l0 'lol'>" + entities + b"]>"
    with pytest.raises(PlistError):
        lenient(text + holding(b"<string>&l29;</string>"))


def test_an_external_entity_leaks_nothing_of_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the secret")
    text = b"<!DOCTYPE plist [<!ENTITY e SYSTEM '%s'>]>" % secret.as_uri().encode()
    with pytest.raises(PlistError) as caught:
        lenient(text + holding(b"<string>&e;</string>"))
    assert "the secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (OPEN + b"<dict>\n<key>k</key>\n<real>1</real>\n</dict>\n" + CLOSE, 4),
        (OPEN + b"<dict>\n<key>k</key>\n<integer >x</integer></dict>" + CLOSE, 4),
        (OPEN + b"<dict>\n<string>\n</dict>\n" + CLOSE, 4),
        (b"\n\n" + OPEN + b"<dict a=''>\n<true/>\n</dict>\n" + CLOSE, 5),
    ],
)
def test_a_refusal_names_the_line(text: bytes, line: int) -> None:
    with pytest.raises(PlistError) as caught:
        lenient(text)
    assert caught.value.line == line, str(caught.value)


def test_a_refusal_tells_what_proplib_objected_to_as_its_cause() -> None:
    with pytest.raises(PlistError) as caught:
        lenient(holding(b"<real>1</real>"))
    assert isinstance(caught.value.__cause__, PlistError)


def test_a_deep_nesting_is_refused_and_no_stack_overflows() -> None:
    depth = 100_000
    text = holding(b"<array >" + b"<array>" * depth + b"</array>" * depth + b"</array>")
    with pytest.raises(PlistError):
        lenient(text)


@pytest.mark.parametrize("levels", [8, 9])
def test_max_depth_counts_the_root_as_one_here_too(levels: int) -> None:
    text = holding(b"<array >" * levels + b"</array>" * levels)
    if levels == 8:
        assert loads(text, max_depth=9)
    else:
        with pytest.raises(PlistError, match="deeper than 9 levels"):
            loads(text, max_depth=9)


@pytest.mark.usefixtures("linear_time")
@pytest.mark.parametrize(
    "text",
    [
        pytest.param(plist(b"<dict >" + b"<key>k</key>" * 80_000 + b"</dict>"), id="keys"),
        pytest.param(holding(b"<array >" + b"<true/>x" * 80_000 + b"</array>"), id="stray texts"),
        pytest.param(
            holding(b"<string >" + b"<!---->" * 140_000 + b"<b/></string>"), id="comments"
        ),
        pytest.param(holding(b"<integer >" + b" " * 999_000 + b"x</integer>"), id="blanks"),
        pytest.param(b"<!DOCTYPE plist [" + b"<!ENTITY a ''>" * 70_000 + b"]>", id="entities"),
        pytest.param(b"<a " + b"".join(b"a%d='' " % n for n in range(90_000)), id="attributes"),
    ],
)
def test_a_megabyte_of_malice_is_refused_in_linear_time(text: bytes) -> None:
    with pytest.raises(PlistError):
        lenient(text)


@pytest.mark.usefixtures("linear_time")
def test_a_megabyte_of_elements_is_read() -> None:
    count = 50_000
    text = holding(b"<array >" + b"<!-- --><true></true>" * count + b"</array>")
    assert lenient(text) == {"v": [True] * count}
