"""Texts around the piece that a test is about, and values for hypothesis."""

from hypothesis import strategies as st

from netbsd_dm.plist import Grammar, PlistDict, PlistValue, UInt, loads
from netbsd_dm.plist.values import INT64_MAX, INT64_MIN, KEY_BYTES_MAX, UINT64_MAX

# What XML cannot hold: control bytes; it also turns CR into LF.
NOT_XML = "".join(map(chr, [*range(9), 11, 12, *range(13, 32), 0xFFFE, 0xFFFF]))
XML_DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'
DOCTYPE = (
    b'<!DOCTYPE plist PUBLIC "-//Apple Computer//DTD PLIST 1.0//EN"'
    b' "http://www.apple.com/DTDs/PropertyList-1.0.dtd">\n'
)
OPEN = b'<plist version="1.0">\n'
CLOSE = b"</plist>\n"


def plist(inner: bytes) -> bytes:
    """`inner` as the root of a property list, without a header."""
    return OPEN + inner + CLOSE


def holding(element: bytes) -> bytes:
    """A property list whose root holds `element` under the key `v`."""
    return plist(b"<dict><key>v</key>" + element + b"</dict>")


def proplib(text: bytes) -> PlistDict:
    """What the driver's scanner reads."""
    return loads(text, grammar=Grammar.PROPLIB)


def lenient(text: bytes) -> PlistDict:
    """What the lenient grammar reads."""
    return loads(text, grammar=Grammar.LENIENT)


def typed(value: PlistValue) -> object:
    """`value` with the type beside each part, so that 1, True and UInt(1) differ."""
    if isinstance(value, dict):
        return {key: typed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [typed(item) for item in value]
    return type(value).__name__, value


def nested(value: PlistDict, depth: int) -> PlistDict:
    """`value` within `depth` dictionaries."""
    for _ in range(depth):
        value = {"v": value}
    return value


def decoded(data: bytes) -> str:
    """What proplib makes of `data`; NUL would end the text."""
    return data.replace(b"\0", b"").decode("utf-8", "surrogateescape")


def dictionaries(*, xml: bool = False) -> st.SearchStrategy[PlistDict]:
    """Property lists of every type, with strings of any bytes; `xml`: of what XML can hold.

    Without empty data, which proplib writes but cannot read.
    """
    texts = (
        st.text(st.characters(codec="utf-8", exclude_characters=NOT_XML))
        if xml
        else st.binary().map(decoded)
    )
    names = texts.filter(lambda text: len(text.encode("utf-8", "surrogateescape")) <= KEY_BYTES_MAX)
    leaves: st.SearchStrategy[PlistValue] = st.one_of(
        texts,
        st.binary(min_size=1),
        st.booleans(),
        st.integers(INT64_MIN, INT64_MAX),
        st.integers(0, UINT64_MAX).map(UInt),
    )
    values = st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
        max_leaves=20,
    )
    return st.dictionaries(names, values, max_size=5)
