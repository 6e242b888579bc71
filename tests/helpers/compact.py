"""The short notation of dictionaries in protocol/reference.md: `flags=0x4 cmd_data=[1 {a="b"}]`."""

import json
import re

from netbsd_dm.plist import PlistDict, PlistValue, UInt

_WORD = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[\[\]{}=]|[^\s\[\]{}="]+)')


def parse_pairs(text: str) -> PlistDict:
    """The dictionary that `text` notes: a bare word is a string, hex is unsigned."""
    words = _WORD.findall(text)[::-1]
    pairs = _pairs(words)
    assert not words, f"too much: {words[::-1]}"
    return pairs


def _pairs(words: list[str]) -> PlistDict:
    pairs: PlistDict = {}
    while words and words[-1] != "}":
        key = str(json.loads(word)) if (word := words.pop()).startswith('"') else word
        assert words.pop() == "=", key
        pairs[key] = _value(words)
    return pairs


def _value(words: list[str]) -> PlistValue:
    word = words.pop()
    if word == "{":
        pairs = _pairs(words)
        assert words.pop() == "}"
        return pairs
    if word == "[":
        items: list[PlistValue] = []
        while words[-1] != "]":
            items.append(_value(words))
        words.pop()
        return items
    if word.startswith('"'):
        return str(json.loads(word))
    if word.startswith("0x"):
        return UInt(int(word, 16))
    return int(word) if word.lstrip("-").isdigit() else word
