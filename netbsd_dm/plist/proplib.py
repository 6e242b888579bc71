r"""proplib's grammar, exactly: what the kernel's scanner takes and refuses.

proplib does not parse XML; it looks for tags.  It takes what XML forbids
(control bytes, invalid UTF-8, anything after `</plist>`) and refuses what XML
allows (attributes, CDATA, numeric entities, `<dict />`), so no XML library is
exact here.  One regular expression does the scanning in C; a match is one
element with the key before it.  Its quantifiers are possessive and its groups
atomic, so that no input makes it backtrack: time is linear in the text.

Source: prop_object.c and friends of 2016; driver spec section 1.2.
"""

import re
from collections import deque
from collections.abc import Iterator
from itertools import repeat

from .base64 import decode_data
from .errors import PlistError, error_at
from .escapes import to_bytes, unescape
from .numbers import parse_integer
from .values import HEADER, KEY_BYTES_MAX, NEW_VALUE, PlistDict, PlistValue

_BLANK = r"[ \t\n\r\v\f]"
_COMMENT = r"(?><!--.*?-->)"
_GAP = rf"{_BLANK}*+(?>{_COMMENT}{_BLANK}*+)*+"
_ATTRIBUTE = rf'{_BLANK}++[^ \t\n\r\v\f=]*+[ \t\n\r\v\f=]"[^"]*+"'

# The declaration and the document type end at the first '>', whatever is in them;
# the stray '<' before a comment is proplib's own slip.
_PREAMBLE = re.compile(
    rf"{_BLANK}*+(?>(?:<(?:\?xml |!DOCTYPE plist)[^>]*+>|<<!-(?=-)(?>.*?-->)){_BLANK}*+)*+"
    rf'{_GAP}<plist(?:{_BLANK}++version[ \t\n\r\v\f=]"[^"]*+")?>',
    re.DOTALL,
)
_ELEMENT = re.compile(
    rf"{_GAP}(?:<key(>[^<]*+)</key(?:{_ATTRIBUTE})?>{_GAP})?"
    rf"<(?:(string|integer|data)>([^<]*+)</\2(?:{_ATTRIBUTE})?>"
    r"|(dict|array|true/|false/|dict/|array/|string/)>"
    rf"|/(dict|array)(?:{_ATTRIBUTE})?>"
    rf'|data{_BLANK}++size[ \t\n\r\v\f=]"([^"]*+)">([^<]*+)</data(?:{_ATTRIBUTE})?>)'
    rf"|{_BLANK}*+(?:</(plist)(?:{_ATTRIBUTE})?>.*+|(.*+))",
    re.DOTALL,
)
"""Every match is one of: an element, with the key before it; the end of the
property list; or all the text that is left, where it is neither.  Something
matches at every place, so nothing is ever looked for further on."""

_BLANKS = re.compile(rf"{_BLANK}*+")

_Token = tuple[str, ...]
"""The nine groups of `_ELEMENT`, empty where they took no part."""


def parse(text: str, max_depth: int | None = None) -> PlistDict:
    """The root dictionary of `text`; raises `PlistError`.

    `max_depth` bounds the nesting (the root counts 1); the driver has no bound.
    """
    text = text.partition("\0")[0]
    start = len(HEADER) if text.startswith(HEADER) else _after_preamble(text)
    # One at a time: a list of all would be ten times as large as the text.
    tokens: Iterator[_Token] = map(re.Match.groups, _ELEMENT.finditer(text, start), repeat(""))
    try:
        root = _read_root(tokens, max_depth)
        if not next(tokens)[7]:
            raise PlistError("expected </plist> after the root <dict>")
    except PlistError as error:
        unread = sum(1 for _ in tokens)
        raise error_at(str(error), text, _start_of(-1 - unread, text, start)) from None
    return root


def _after_preamble(text: str) -> int:
    preamble = _PREAMBLE.match(text)
    if preamble is None:
        raise PlistError('expected <plist version="1.0"> and in it a <dict>', 1)
    return preamble.end()


def _read_root(tokens: Iterator[_Token], max_depth: int | None) -> PlistDict:
    key, _, _, opening, *_ = next(tokens)
    if key or opening not in ("dict", "dict/"):
        raise PlistError("the root of a request is a <dict>")
    root: PlistDict = {}
    if opening == "dict":
        _fill(root, tokens, max_depth)
    return root


def _fill(root: PlistDict, tokens: Iterator[_Token], max_depth: int | None) -> None:
    """Read `tokens` into `root` up to its end tag."""
    fields: PlistDict | None = root  # the open dictionary, or None and ...
    items: list[PlistValue] = []  # ... the open array
    outer: list[tuple[PlistDict | None, list[PlistValue]]] = []
    value: PlistValue
    key = ""
    for marked_key, leaf, body, opening, closing, size, sized, _, junk in tokens:
        if fields is None:
            if marked_key:
                raise PlistError("a <key> stands in an <array>")
        elif marked_key:
            key = marked_key[1:]
            if len(key) > _PLAIN_KEY or "&" in key:
                key = _decode_key(key)
        elif not closing:
            raise _misplaced(leaf or opening, junk)

        if leaf == "string":
            value = unescape(body) if "&" in body else body
        elif leaf == "integer":
            value = parse_integer(body)
        elif opening:
            value = NEW_VALUE[opening]()
        elif closing:
            if marked_key or (closing == "dict") is (fields is None):
                raise PlistError(f"</{closing}> closes what is not open")
            if not outer:
                return
            fields, items = outer.pop()
            continue
        elif leaf or size:
            value = decode_data(body or sized, size or None)
        else:
            raise _misplaced("", junk)

        if fields is None:
            items.append(value)
        else:
            fields[key] = value
        if opening == "dict" or opening == "array":
            outer.append((fields, items))
            if max_depth is not None and len(outer) >= max_depth:
                raise PlistError(f"nested deeper than {max_depth} levels")
            if isinstance(value, dict):
                fields = value
            elif isinstance(value, list):
                fields, items = None, value


_PLAIN_KEY = KEY_BYTES_MAX // 4
"""So many characters are never more bytes than a key may have."""


def _decode_key(text: str) -> str:
    key = unescape(text)
    if len(to_bytes(key)) > KEY_BYTES_MAX:
        raise PlistError(f"a key has more than {KEY_BYTES_MAX} bytes")
    return key


def _misplaced(found: str, junk: str) -> PlistError:
    if found:
        return PlistError(f"<{found}> stands where a <key> is expected")
    if junk and not junk.startswith("<"):
        return PlistError(f"text between elements: {junk[:20]!r}")
    return PlistError(
        "expected a whole element of a property list, without attributes, "
        "or the text ends too early"
    )


def _start_of(token: int, text: str, start: int) -> int:
    """Where in `text` the token begins that has that number, from the end."""
    last = deque(_ELEMENT.finditer(text, start), maxlen=-token)
    match = last[0]
    blanks = _BLANKS.match(text, match.start())
    return blanks.end() if blanks else match.start()
