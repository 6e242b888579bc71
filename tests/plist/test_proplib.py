"""What the driver's scanner takes and refuses: every row of driver spec section 1.2."""

import pytest

from netbsd_dm.plist import Grammar, PlistError, PlistValue, UInt, dumps, loads

from .conftest import CLOSE, DOCTYPE, OPEN, XML_DECLARATION, holding, plist, proplib, typed

BODY = b"<dict><key>k</key><string>s</string></dict>"
WHOLE = XML_DECLARATION + DOCTYPE + OPEN + BODY + CLOSE
COMMENT = b"<!-- a comment -->"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(OPEN + BODY + CLOSE, id="no declaration and no document type"),
        pytest.param(XML_DECLARATION + OPEN + BODY + CLOSE, id="no document type"),
        pytest.param(DOCTYPE + OPEN + BODY + CLOSE, id="no declaration"),
        pytest.param(b" \t\n\r\v\f" + WHOLE, id="every white space before the declaration"),
        pytest.param(b" \t\n\r\v\f" + OPEN + BODY + CLOSE, id="white space before plist"),
        pytest.param(b"<plist>" + BODY + CLOSE, id="plist without an attribute"),
        pytest.param(b'<plist version="9">' + BODY + CLOSE, id="another version"),
        pytest.param(b'<plist version="so what">' + BODY + CLOSE, id="a version of words"),
        pytest.param(b'<plist    version="1.0">' + BODY + CLOSE, id="spaces before version"),
        pytest.param(COMMENT + OPEN + BODY + CLOSE, id="comment before plist"),
        pytest.param(
            XML_DECLARATION + COMMENT + OPEN + BODY + CLOSE, id="comment after the declaration"
        ),
        pytest.param(WHOLE + b"junk <dict>", id="anything after the end"),
        pytest.param(WHOLE + b"\xff\0\xfe", id="bytes after the end"),
        pytest.param(WHOLE + b"\0", id="a NUL after the end"),
        pytest.param(OPEN + BODY + b"</plist>", id="no line feed after the end"),
    ],
)
def test_a_preamble_or_trailer_is_accepted(text: bytes) -> None:
    assert proplib(text) == {"k": "s"}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b" \n", id="blanks"),
        pytest.param(b"\0" + WHOLE, id="a NUL first"),
        pytest.param(b"\xef\xbb\xbf" + WHOLE, id="a byte order mark"),
        pytest.param(b"<?xml?>" + OPEN + BODY + CLOSE, id="declaration without a space"),
        pytest.param(b"<?other thing?>" + OPEN + BODY + CLOSE, id="processing instruction"),
        pytest.param(b"<!DOCTYPE html>" + OPEN + BODY + CLOSE, id="another document type"),
        pytest.param(COMMENT + WHOLE, id="comment before the declaration"),
        pytest.param(b'<plist other="1.0">' + BODY + CLOSE, id="another attribute"),
        pytest.param(b'<plist version="1.0" a="b">' + BODY + CLOSE, id="two attributes"),
        pytest.param(b"<plist version='1.0'>" + BODY + CLOSE, id="single quotes"),
        pytest.param(b'<plist version="1.0" >' + BODY + CLOSE, id="space at the end of plist"),
        pytest.param(b'<plist version="1.0"/>', id="an empty plist"),
        pytest.param(b'<PLIST version="1.0">' + BODY + b"</PLIST>", id="plist in capitals"),
        pytest.param(BODY, id="no plist"),
        pytest.param(OPEN + BODY, id="no end tag"),
        pytest.param(OPEN + BODY + BODY + CLOSE, id="two roots"),
        pytest.param(OPEN + CLOSE, id="no root"),
        pytest.param(plist(b"<array/>"), id="root an array"),
        pytest.param(plist(b"<array><dict/></array>"), id="root an array of one dictionary"),
        pytest.param(plist(b"<string>s</string>"), id="root a string"),
        pytest.param(plist(b"<integer>1</integer>"), id="root a number"),
        pytest.param(plist(b"<true/>"), id="root a boolean"),
        pytest.param(plist(b"<data>AA==</data>"), id="root data"),
        pytest.param(plist(b"<key>k</key><dict/>"), id="a key before the root"),
        pytest.param(OPEN + BODY + COMMENT + CLOSE, id="comment before the end tag"),
        pytest.param(OPEN + BODY + b"junk" + CLOSE, id="text before the end tag"),
        pytest.param(WHOLE.replace(b"<plist", b"\0<plist"), id="a NUL before plist"),
        pytest.param(WHOLE.replace(b"</dict>", b"\0</dict>"), id="a NUL within"),
        pytest.param(OPEN + BODY + b"\0" + CLOSE, id="a NUL before the end tag"),
        pytest.param(b"bplist00", id="a binary property list"),
        pytest.param(b'{"k": "s"}', id="JSON"),
    ],
)
def test_a_preamble_or_trailer_is_refused(text: bytes) -> None:
    with pytest.raises(PlistError):
        proplib(text)


@pytest.mark.parametrize(
    "inner",
    [
        pytest.param(b"<dict>%s<key>k</key><string>s</string></dict>", id="before a key"),
        pytest.param(b"<dict><key>k</key>%s<string>s</string></dict>", id="before a value"),
        pytest.param(b"<dict><key>k</key><string>s</string>%s</dict>", id="before the end of dict"),
        pytest.param(b"%s<dict><key>k</key><string>s</string></dict>", id="before the root"),
    ],
)
@pytest.mark.parametrize(
    "gap",
    [
        b" \t\n\r\v\f",
        COMMENT,
        b"<!---->",
        b"<!-- -- > -->",
        b"\n<!-- 1 -->\n<!-- <dict> -->\n",
        b"<!-- \xff\x01 -->",
    ],
)
def test_white_space_and_comments_are_taken_between_elements(inner: bytes, gap: bytes) -> None:
    assert proplib(plist(inner % gap)) == {"k": "s"}


def test_white_space_and_comments_are_taken_in_an_array() -> None:
    array = b"<array>%s<true/>%s<false/>%s</array>" % (COMMENT, b" \v\f\r\n\t", COMMENT)
    assert proplib(holding(array)) == {"v": [True, False]}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(plist(b"<dict><key>k%s</key><true/></dict>" % COMMENT), id="in a key"),
        pytest.param(holding(b"<string>a%sb</string>" % COMMENT), id="within a string"),
        pytest.param(holding(b"<string>%s</string>" % COMMENT), id="as a string"),
        pytest.param(holding(b"<integer>1%s</integer>" % COMMENT), id="in an integer"),
        pytest.param(holding(b"<data>AA==%s</data>" % COMMENT), id="in data"),
        pytest.param(holding(b"<true/><!-- never ends"), id="a comment without an end"),
        pytest.param(holding(b"<!--><true/>"), id="a comment that ends where it begins"),
        pytest.param(plist(b"<dict><!- - --></dict>"), id="no comment at all"),
    ],
)
def test_comments_are_refused_within_text(text: bytes) -> None:
    with pytest.raises(PlistError):
        proplib(text)


@pytest.mark.parametrize(
    ("element", "value"),
    [
        pytest.param(b"<dict/>", {}, id="dict/"),
        pytest.param(b"<array/>", [], id="array/"),
        pytest.param(b"<string/>", "", id="string/"),
        pytest.param(b"<true/>", True, id="true/"),
        pytest.param(b"<false/>", False, id="false/"),
        pytest.param(b"<dict></dict>", {}, id="dict of nothing"),
        pytest.param(b"<array></array>", [], id="array of nothing"),
        pytest.param(b"<string></string>", "", id="string of nothing"),
        pytest.param(b"<dict><key></key><true/></dict>", {"": True}, id="the empty key"),
        pytest.param(
            b"<dict><key>a</key><true/><key>a</key><false/></dict>", {"a": False}, id="last wins"
        ),
        pytest.param(b"<string>&lt;&gt;&amp;&quot;&apos;</string>", "<>&\"'", id="five entities"),
        pytest.param(b"<string>&amp;lt;</string>", "&lt;", id="an entity is read once"),
        pytest.param(b"<string>a > b</string>", "a > b", id="a bare >"),
        pytest.param(b"<string> \t\n s \r\n</string>", " \t\n s \r\n", id="blanks are text"),
        pytest.param(b"<string>]]></string>", "]]>", id="an end of CDATA is text"),
        pytest.param(b"<string>\x01\x1f\x7f</string>", "\x01\x1f\x7f", id="control bytes"),
        pytest.param(b"<string>\xff\xc3</string>", "\udcff\udcc3", id="no UTF-8"),
        pytest.param(b"<string>\xed\xa0\x80</string>", "\udced\udca0\udc80", id="a surrogate"),
        pytest.param(b"<string>\xc3\xa9</string>", "é", id="UTF-8"),
    ],
)
def test_an_element_is_accepted(element: bytes, value: PlistValue) -> None:
    assert typed(proplib(holding(element))["v"]) == typed(value)


@pytest.mark.parametrize(
    "element",
    [
        b"<dict />",
        b"<array />",
        b"<string />",
        b"<true />",
        b"<false />",
        b"<true></true>",
        b"<false></false>",
        b"<dict></dict >",
        b"<array></array >",
        b"<string></string >",
        b"< dict/>",
        b'<dict a="b"></dict>',
        b'<array a="b"></array>',
        b'<string a="b">s</string>',
        b'<integer a="b">1</integer>',
        b'<true a="b"/>',
        b"<DICT/>",
        b"<String>s</String>",
        b"<real>1.5</real>",
        b"<date>2009-11-24T00:00:00Z</date>",
        b"<string><![CDATA[s]]></string>",
        b"<![CDATA[s]]>",
        b"<?pi?><true/>",
        b"stray<true/>",
        b"<string>a&#65;</string>",
        b"<string>a&#x41;</string>",
        b"<string>&nbsp;</string>",
        b"<string>a & b</string>",
        b"<string>&lt</string>",
        b"<string>&LT;</string>",
        b"<string>a < b</string>",
        b"<string>a</integer>",
        b"<integer/>",
        b"<data/>",
        b"<key>k</key>",
        b"<array><key>k</key><true/></array>",
        b"<array></dict>",
        b"<dict></array>",
        b"<array><true/>",
        b"</array>",
        b"</dict></dict>",
        b"",
    ],
    ids=bytes.decode,
)
def test_an_element_is_refused(element: bytes) -> None:
    with pytest.raises(PlistError):
        proplib(holding(element))


@pytest.mark.parametrize(
    "inner",
    [
        b"<dict><key>k</key></dict>",
        b"<dict><true/></dict>",
        b"<dict><string>k</string><true/></dict>",
        b"<dict><key>k</key><true/><true/></dict>",
        b"<dict><key>a</key><key>b</key><true/></dict>",
        b'<dict><key a="b">k</key><true/></dict>',
        b"<dict><key/><true/></dict>",
        b"<dict><key>k</key><true/>",
        b"<dict>text<key>k</key><true/></dict>",
        b"<dict><key>a&b</key><true/></dict>",
    ],
    ids=bytes.decode,
)
def test_a_dictionary_is_refused(inner: bytes) -> None:
    with pytest.raises(PlistError):
        proplib(plist(inner))


@pytest.mark.parametrize(
    ("key", "accepted"),
    [
        pytest.param(b"k" * 128, True, id="128 letters"),
        pytest.param(b"k" * 129, False, id="129 letters"),
        pytest.param("é".encode() * 64, True, id="64 characters of 2 bytes"),
        pytest.param("é".encode() * 64 + b"k", False, id="64 characters of 2 bytes and 1"),
        pytest.param("\U0001f4be".encode() * 32, True, id="32 characters of 4 bytes"),
        pytest.param("\U0001f4be".encode() * 32 + b"k", False, id="32 characters of 4, and 1"),
        pytest.param(b"\xff" * 128, True, id="128 bytes that are no UTF-8"),
        pytest.param(b"\xff" * 129, False, id="129 bytes that are no UTF-8"),
        pytest.param(b"&amp;" * 128, True, id="128 entities"),
        pytest.param(b"&amp;" * 129, False, id="129 entities"),
    ],
)
def test_a_key_has_at_most_128_bytes_once_decoded(key: bytes, accepted: bool) -> None:
    text = plist(b"<dict><key>" + key + b"</key><true/></dict>")
    if accepted:
        assert list(proplib(text).values()) == [True]
    else:
        with pytest.raises(PlistError, match="more than 128 bytes"):
            proplib(text)


@pytest.mark.parametrize(
    ("text", "value", "echo"),
    [
        (b"", 0, "0"),
        (b"  \t\n", 0, "0"),
        (b"0", 0, "0"),
        (b"42", 42, "42"),
        (b"-1", -1, "-1"),
        (b"+5", 5, "5"),
        (b"-0", 0, "0"),
        (b" \n7\t\r\v\f", 7, "7"),
        (b"010", 8, "8"),
        (b"-010", -8, "-8"),
        (b"00", 0, "0"),
        (b"0x10", UInt(16), "0x10"),
        (b"0x0A", UInt(10), "0xa"),
        (b"0xfF", UInt(255), "0xff"),
        (b"0x0", UInt(0), "0x0"),
        (b"0x00000000000000000000000001", UInt(1), "0x1"),
        (b"0x1 ", UInt(1), "0x1"),
        (b"0X10", 16, "16"),
        (b"-0x10", -16, "-16"),
        (b"+0x10", 16, "16"),
        (b" 0x10", 16, "16"),
        (b"9223372036854775807", 2**63 - 1, "9223372036854775807"),
        (b"-9223372036854775808", -(2**63), "-9223372036854775808"),
        (b"0777777777777777777777", 2**63 - 1, "9223372036854775807"),
        (b"-0x8000000000000000", -(2**63), "-9223372036854775808"),
        (b"0xffffffffffffffff", UInt(2**64 - 1), "0xffffffffffffffff"),
        (b"0000000000000000000000000000000000000000000001", 1, "1"),
    ],
    ids=repr,
)
def test_an_integer_is_read_and_echoed(text: bytes, value: int, echo: str) -> None:
    read = proplib(holding(b"<integer>" + text + b"</integer>"))
    assert typed(read["v"]) == typed(value)
    assert f"<integer>{echo}</integer>".encode() in dumps(read)


@pytest.mark.parametrize(
    "text",
    [
        b"9223372036854775808",
        b"-9223372036854775809",
        b"18446744073709551615",
        b"0x10000000000000000",
        b"-0x8000000000000001",
        b"01000000000000000000000",
        b"9" * 1000,
        b"0x" + b"f" * 1000,
        b"- 5",
        b"+-5",
        b"--5",
        b"+",
        b"-",
        b"5abc",
        b"1.5",
        b"1e3",
        b"1 2",
        b"089",
        b"0x",
        b"0X",
        b"0xG",
        b"0x 1",
        b"0b11",
        b"0o7",
        b"1_000",
        b"abc",
        "\u0661".encode(),
        "\u00a05".encode(),
        b"1\xff",
    ],
    ids=lambda text: repr(text[:24]),
)
def test_an_integer_is_refused(text: bytes) -> None:
    with pytest.raises(PlistError):
        proplib(holding(b"<integer>" + text + b"</integer>"))


@pytest.mark.parametrize(
    ("element", "value"),
    [
        (b"<data></data>", b""),
        (b"<data> \n\t</data>", b""),
        (b"<data>AAH/</data>", b"\x00\x01\xff"),
        (b"<data> A\nA\tH\r/ </data>", b"\x00\x01\xff"),
        (b"<data>AAE=</data>", b"\x00\x01"),
        (b"<data>AA==</data>", b"\x00"),
        (b'<data size="3">AAH/</data>', b"\x00\x01\xff"),
        (b'<data  size="2">AAE=</data>', b"\x00\x01"),
        (b'<data size="0"></data>', b""),
        (b'<data size="0x3">AAH/</data>', b"\x00\x01\xff"),
    ],
    ids=repr,
)
def test_data_is_read(element: bytes, value: bytes) -> None:
    assert proplib(holding(element)) == {"v": value}


@pytest.mark.parametrize(
    "element",
    [
        b"<data/>",
        b"<data>A</data>",
        b"<data>AA</data>",
        b"<data>AAA</data>",
        b"<data>AA=</data>",
        b"<data>AAAA=</data>",
        b"<data>=AAA</data>",
        b"<data>AA==AAAA</data>",
        b"<data>AB==</data>",
        b"<data>AA-_</data>",
        b"<data>AA!A</data>",
        b"<data>\xc3\xa9==</data>",
        b'<data size="2">AAH/</data>',
        b'<data size="4">AAH/</data>',
        b'<data size="">AAH/</data>',
        b'<data size="three">AAH/</data>',
        b'<data length="3">AAH/</data>',
        b"<data size='3'>AAH/</data>",
        b'<data size="3" size="3">AAH/</data>',
        b'<data size="3" >AAH/</data>',
    ],
    ids=repr,
)
def test_data_is_refused(element: bytes) -> None:
    with pytest.raises(PlistError):
        proplib(holding(element))


@pytest.mark.parametrize(
    "text",
    [b"\x01\x02\x1b", b"\xff\xfe", b"a\xc3", b"\xed\xa0\x80", "é\U0001f4be".encode(), b"\x80key"],
    ids=repr,
)
def test_control_bytes_and_invalid_utf8_survive_an_echo(text: bytes) -> None:
    request = plist(b"<dict><key>%s</key><string>%s</string></dict>" % (text, text))
    echo = dumps(proplib(request))
    assert b"<key>%s</key>\n\t<string>%s</string>" % (text, text) in echo


def test_keys_that_are_no_utf8_are_ordered_by_their_bytes() -> None:
    keys = [b"a", b"\x7f", b"\x80", "é".encode(), b"\xe9", "\ufffd".encode(), b"\xff"]
    items = b"".join(b"<key>%s</key><true/>" % key for key in reversed(keys))
    echo = dumps(proplib(plist(b"<dict>" + items + b"</dict>")))
    places = [echo.index(b"<key>%s</key>" % key) for key in sorted(keys)]
    assert places == sorted(places), echo.decode("utf-8", "backslashreplace")


def test_an_echo_is_normalised() -> None:
    request = (
        b'<plist version="1.0"><!-- gone --><dict>\n  <key>b</key>  <string>&quot;&apos;</string>'
        b"<key>a</key><array></array></dict></plist> trailing"
    )
    assert dumps(proplib(request)).endswith(
        b'<plist version="1.0">\n<dict>\n\t<key>a</key>\n\t<array/>\n'
        b"\t<key>b</key>\n\t<string>\"'</string>\n</dict>\n</plist>\n"
    )


LINES = [
    b'<?xml version="1.0"?>',  # 1
    b"<plist>",
    b"<dict>",  # 3
    b"<key>a</key>",
    b"<string>one",  # 5, and goes on in 6
    b"</string>",
    b"<key>b</key>",  # 7
    b"<array>",
    b"<integer>1</integer>",  # 9
    b"</array>",
    b"</dict>",  # 11
    b"</plist>",
]


@pytest.mark.parametrize(
    ("line", "replacement", "reason"),
    [
        (5, b"<string>&bad;", "&bad"),
        (4, b"<string>a</string>", "<string>"),
        (9, b"<integer>x</integer>", "no integer"),
        (9, b"<real>1</real>", "without attributes"),
        (9, b"<data>?</data>", "base64"),
        (9, b"stray", "stray"),
        (11, b"</array>", "</array>"),
        (12, b"", "</plist>"),
        (3, b"<array>", "root"),
        (2, b"<plost>", "<plist"),
    ],
)
def test_a_refusal_names_the_line_and_the_reason(
    line: int, replacement: bytes, reason: str
) -> None:
    lines = [*LINES]
    lines[line - 1] = replacement
    with pytest.raises(PlistError) as caught:
        proplib(b"\n".join(lines))
    error = caught.value
    # What is wrong with an element is told where the element, with its key, begins;
    # what is wrong before <plist>, at the first line.
    begins = {5: 4, 2: 1}.get(line, line)
    assert (error.line, str(error).startswith(f"line {begins}: ")) == (begins, True), str(error)
    assert reason in str(error)


DEPTH = 100_000


@pytest.mark.parametrize(
    ("opening", "middle", "closing"),
    [
        pytest.param(b"<array>", b"<true/>", b"</array>", id="arrays"),
        pytest.param(b"<dict><key>v</key>", b"<true/>", b"</dict>", id="dictionaries"),
    ],
)
def test_a_nesting_of_100000_levels_is_read(opening: bytes, middle: bytes, closing: bytes) -> None:
    value: PlistValue | None = proplib(holding(opening * DEPTH + middle + closing * DEPTH))
    levels = 0
    while isinstance(value, dict | list):
        value = value["v"] if isinstance(value, dict) else value[0]
        levels += 1
    assert (value, levels) == (True, DEPTH + 1)


def test_a_nesting_that_never_ends_is_refused() -> None:
    with pytest.raises(PlistError):
        proplib(OPEN + b"<dict><key>v</key>" * DEPTH)


@pytest.mark.parametrize("inner", [b"<array>" * 9 + b"</array>" * 9, b"<dict><key>v</key>" * 9])
def test_max_depth_counts_the_root_as_one(inner: bytes) -> None:
    closing = b"<true/>" + b"</dict>" * 9 if inner.startswith(b"<dict>") else b""
    text = holding(inner + closing)
    assert loads(text, grammar=Grammar.PROPLIB, max_depth=10)
    with pytest.raises(PlistError, match="deeper than 9 levels"):
        loads(text, grammar=Grammar.PROPLIB, max_depth=9)


MEGABYTE = 1_000_000


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"<!--" * (MEGABYTE // 4), id="comments that never end, first"),
        pytest.param(OPEN + b"<!--" * (MEGABYTE // 4), id="comments that never end"),
        pytest.param(OPEN + b"<dict>" + b"<!-- " * (MEGABYTE // 5), id="and in a dict"),
        pytest.param(OPEN + b"<dict>" + b"<!-- -->" * (MEGABYTE // 8), id="many comments"),
        pytest.param(b" " * MEGABYTE, id="blanks only"),
        pytest.param(b" " * MEGABYTE + b"x", id="blanks first"),
        pytest.param(OPEN + b"<dict>" + b" " * MEGABYTE + b"x", id="blanks in a dict"),
        pytest.param(OPEN + b"<dict>" + (b" " * 999 + b"<!---->") * 999, id="blanks, comments"),
        pytest.param(OPEN + b"<dict>" + b"<key>" * (MEGABYTE // 5), id="<key>"),
        pytest.param(OPEN + b"<dict>" + b"<key>k</key>" * (MEGABYTE // 12), id="keys"),
        pytest.param(OPEN + b"<dict>" + b"<key>k</key>\n" * (MEGABYTE // 13), id="keys, lines"),
        pytest.param(holding(b"<string>" * (MEGABYTE // 8)), id="<string>"),
        pytest.param(holding(b'<data size="' * (MEGABYTE // 12)), id="<data size="),
        pytest.param(holding(b"<" * MEGABYTE), id="<"),
        pytest.param(holding(b"<string>" + b"&" * MEGABYTE + b"</string>"), id="&"),
        pytest.param(b"<?xml " * (MEGABYTE // 6), id="<?xml"),
        pytest.param(b"<?xml >" * (MEGABYTE // 7), id="<?xml >"),
        pytest.param(b"<plist " * (MEGABYTE // 7), id="<plist"),
        pytest.param(b"<plist" + b" " * MEGABYTE, id="<plist and blanks"),
        pytest.param(OPEN + b"<dict/>" + b"</plist " * (MEGABYTE // 8), id="</plist"),
        pytest.param(
            holding(b"<integer>" + b" " * MEGABYTE + b"x</integer>"), id="blanks in an integer"
        ),
        pytest.param(holding(b"<integer>" + b"9" * MEGABYTE + b"</integer>"), id="digits"),
        pytest.param(holding(b"<integer>0x" + b"0" * MEGABYTE + b"g</integer>"), id="zeroes"),
        pytest.param(holding(b"<data>" + b"=" * MEGABYTE + b"</data>"), id="padding"),
        pytest.param(holding(b"<array>" + b"<true/>\n" * (MEGABYTE // 8)), id="a fault at the end"),
    ],
)
@pytest.mark.usefixtures("linear_time")
def test_a_megabyte_of_malice_is_refused_in_linear_time(text: bytes) -> None:
    with pytest.raises(PlistError):
        proplib(text)


@pytest.mark.usefixtures("linear_time")
def test_a_megabyte_of_everything_is_read() -> None:
    items = MEGABYTE // 32
    entry = b"<!-- -->\n<string>&amp;</string>\n "
    read = proplib(holding(b"<array>" + entry * items + b"</array>"))
    assert read == {"v": ["&"] * items}
