"""Requests and replies held against the published schemas (protocol/*.rng)."""

import re
from functools import cache
from pathlib import Path

from lxml import etree

from netbsd_dm.plist import PlistDict, PlistValue, UInt, dumps
from netbsd_dm.plist.base64 import encode_data

PROTOCOL = Path(__file__).parents[2] / "protocol"

DEPTH_MAX = 250
"""libxml2 walks no deeper than 256 levels, those of `<plist>` and of leaves among them."""


def validate_reply(reply: PlistDict, pattern: str = "reply") -> None:
    """Raise `AssertionError` unless `reply` matches protocol/reply.rng.

    `pattern` is the name of a pattern in it, for what only some replies
    promise: `reply.standard`, `success.info`.
    """
    _validate("reply", pattern, reply)


def validate_request(request: PlistDict, pattern: str = "request") -> None:
    """Raise `AssertionError` unless `request` matches protocol/request.rng."""
    _validate("request", pattern, request)


def matches(schema: str, pattern: str, value: PlistDict) -> bool:
    """Whether `value` matches a pattern of a schema; True where it is too deep to tell."""
    element = tree(value)
    return element is None or compiled(schema, pattern).validate(element)


@cache
def compiled(schema: str, pattern: str) -> etree.RelaxNG:
    """protocol/SCHEMA.rng with only `pattern` of it as what a document may be."""
    grammar = etree.parse(PROTOCOL / f"{schema}.rng").getroot()
    namespaces = {"r": grammar.nsmap[None] or ""}
    names = grammar.xpath("r:define/@name", namespaces=namespaces)
    assert isinstance(names, list)
    assert pattern in names, f"{schema}.rng has no pattern {pattern}"
    if pattern != schema:
        whole = grammar.find(f"r:define[@name='{schema}']", namespaces)
        assert whole is not None
        whole[:] = [grammar.makeelement(f"{{{namespaces['r']}}}ref", {"name": pattern})]
    return etree.RelaxNG(grammar)


def tree(root: PlistDict) -> etree._Element | None:
    """`root` as its text is to an XML parser; None where it is too deep for libxml2.

    Made from the values, for the text may hold what XML cannot: control bytes
    and bytes that are no UTF-8 become U+FFFD, about which no schema asks.  Keys
    stand in byte order, as in every text that proplib writes.
    """
    plist = etree.Element("plist", {"version": "1.0"})
    return plist if _add(plist, root, 1) else None


def _add(parent: etree._Element, value: PlistValue, depth: int) -> bool:
    """Put `value` into `parent`; False if it nests too deep."""
    if depth > DEPTH_MAX:
        return False
    match value:
        case dict():
            element = etree.SubElement(parent, "dict")
            for key in sorted(value, key=_bytes):
                etree.SubElement(element, "key").text = _xml_text(key)
                if not _add(element, value[key], depth + 1):
                    return False
        case list():
            element = etree.SubElement(parent, "array")
            return all(_add(element, item, depth + 1) for item in value)
        case str():
            etree.SubElement(parent, "string").text = _xml_text(value)
        case bool():
            etree.SubElement(parent, "true" if value else "false")
        case int():
            etree.SubElement(parent, "integer").text = (
                f"{value:#x}" if isinstance(value, UInt) else str(value)
            )
        case bytes():
            etree.SubElement(parent, "data").text = encode_data(value)
    return True


def _bytes(key: str) -> bytes:
    return key.encode("utf-8", "surrogateescape")


_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _xml_text(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)


def _validate(schema: str, pattern: str, value: PlistDict) -> None:
    element = tree(value)
    if element is None or compiled(schema, pattern).validate(element):
        return
    raise AssertionError(
        f"{schema}.rng, pattern {pattern}, does not match"
        f"{_explanation(schema, pattern, element)}\n{dumps(value).decode('utf-8', 'replace')}"
    )


def _explanation(schema: str, pattern: str, element: etree._Element) -> str:
    validator = compiled(schema, pattern)
    validator.validate(element)
    return "".join(f"\n  {error.path}: {error.message}" for error in validator.error_log)
