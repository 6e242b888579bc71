"""The lenient grammar: what `plistlib` and people write, read with lxml.

Only for text that is no property list to proplib.  No entity but the five is
ever expanded, no document type is loaded and none with declarations of its own
is accepted: lxml would turn an external entity silently into an empty string.
"""

import re
from collections.abc import Iterator

from lxml import etree

from .base64 import decode_data
from .errors import PlistError
from .escapes import to_bytes
from .numbers import parse_integer
from .values import INT64_MAX, KEY_BYTES_MAX, UINT64_MAX, PlistDict, PlistList, PlistValue, UInt

_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_POSITION = re.compile(r", line \d+, column \d+.*", re.DOTALL)
_BLANKS_FIRST = re.compile(rb"\A([ \t\r\n]++)(<\?xml.*?\?>)", re.DOTALL)
_OWN_DECLARATIONS = re.compile(
    rb"(?>[ \t\r\n]++|<\?.*?\?>|<!--.*?-->)*+<!DOCTYPE[^>\[]*+\[(?![ \t\r\n]*+\])", re.DOTALL
)
_REFUSED_DECLARATIONS = "a document type with declarations of its own is refused"
_PARSER = etree.XMLParser(
    resolve_entities=False,
    load_dtd=False,
    no_network=True,
    remove_comments=True,
    remove_pis=True,
    huge_tree=False,
)


def parse(data: bytes, max_depth: int | None = None) -> PlistDict:
    """The root dictionary of the XML document `data`; raises `PlistError`.

    `max_depth` bounds the nesting (the root counts 1); lxml itself stops at 256.
    """
    if _OWN_DECLARATIONS.match(data):
        raise PlistError(_REFUSED_DECLARATIONS)
    try:
        root = etree.fromstring(_as_lxml_wants(data), _PARSER)
    except etree.XMLSyntaxError as error:
        line, _ = error.position
        raise PlistError(_POSITION.sub("", error.msg or "not well-formed"), line) from None
    except ValueError as error:
        raise PlistError(str(error)) from None
    _refuse_declarations(root)
    if root.tag == "plist":
        children = list(root)
        if len(children) != 1 or _stray_text(root):
            raise _fault(root, "<plist> holds one <dict> and nothing else")
        root = children[0]
    value = _new(root)
    if not isinstance(value, dict):
        raise _fault(root, "the root of a request is a <dict>")
    _fill(root, value, max_depth)
    return value


def _as_lxml_wants(data: bytes) -> bytes:
    """`data` without what lxml refuses, though proplib and people write it."""
    if data.startswith(_UTF16_MARKS):
        return data
    # Blanks go behind the declaration, so that lines keep their numbers.
    return _BLANKS_FIRST.sub(rb"\2\1", data.rstrip(b"\0"), count=1)


def _refuse_declarations(root: etree._Element) -> None:
    document_type = root.getroottree().docinfo.internalDTD
    if document_type is None:
        return
    if any(document_type.iterentities()) or any(document_type.iterelements()):
        raise _fault(root, _REFUSED_DECLARATIONS)


def _fill(root: etree._Element, root_value: PlistDict, max_depth: int | None) -> None:
    """Read the children of `root`, and theirs, into `root_value`."""
    pending: list[tuple[etree._Element, PlistDict | PlistList]] = [(root, root_value)]
    depths = [1]
    while pending:
        element, container = pending.pop()
        depth = depths.pop()
        if max_depth is not None and depth > max_depth:
            raise _fault(element, f"nested deeper than {max_depth} levels")
        if _stray_text(element):
            raise _fault(element, f"text between the elements of <{_name(element)}>")
        for child, key in _children(element, isinstance(container, dict)):
            value = _new(child)
            if isinstance(container, dict):
                container[key] = value
            else:
                container.append(value)
            if isinstance(value, dict | list):
                pending.append((child, value))
                depths.append(depth + 1)


def _children(element: etree._Element, keyed: bool) -> Iterator[tuple[etree._Element, str]]:
    """The values in `element`, with their keys where it is a dictionary."""
    children = iter(element)
    for child in children:
        if not keyed:
            yield child, ""
            continue
        if child.tag != "key":
            raise _fault(child, f"<{_name(child)}> stands where a <key> is expected")
        key = _text(child)
        if len(to_bytes(key)) > KEY_BYTES_MAX:
            raise _fault(child, f"a key has more than {KEY_BYTES_MAX} bytes")
        value = next(children, None)
        if value is None:
            raise _fault(child, f"the key {key!r} has no value")
        yield value, key


def _new(element: etree._Element) -> PlistValue:
    """The value of a leaf, or an empty container still to be filled."""
    try:
        match element.tag:
            case "dict":
                return {}
            case "array":
                return []
            case "string":
                return _text(element)
            case "integer":
                return _integer(_text(element))
            case "data":
                return decode_data(_text(element))
            case "true" | "false" if not _text(element).strip():
                return element.tag == "true"
    except PlistError as error:
        raise _fault(element, str(error)) from None
    raise _fault(element, f"device-mapper has no use for <{_name(element)}>")


def _integer(text: str) -> int:
    try:
        return parse_integer(text)
    except PlistError:
        # plistlib writes unsigned numbers in decimal, whatever their size.
        decimal = text.strip()
        if not (decimal.isascii() and decimal.isdigit() and len(decimal) <= 20):
            raise
        value = int(decimal)
        if value > UINT64_MAX:
            raise
        return UInt(value) if value > INT64_MAX else value


def _text(element: etree._Element) -> str:
    if len(element):
        raise PlistError(f"<{_name(element)}> holds text only")
    return element.text or ""


def _stray_text(element: etree._Element) -> bool:
    texts = [element.text, *(child.tail for child in element)]
    return any(text is not None and text.strip() for text in texts)


def _name(element: etree._Element) -> str:
    return element.tag if isinstance(element.tag, str) else "&...;"


def _fault(element: etree._Element, message: str) -> PlistError:
    return PlistError(message, element.sourceline)
