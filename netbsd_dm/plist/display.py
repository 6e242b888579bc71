"""Texts and values for people: on one line, escaped, and no longer than fits.

What a program sent may hold anything: control characters that a terminal obeys,
bytes that are no text, nesting without end.  Nothing here passes that on.
"""

from collections.abc import Iterator

from .values import PlistValue, UInt

LENGTH_MAX = 60
"""How many characters of a value are shown, unless told otherwise."""
_CUT = "..."
_DEPTH_MAX = 3
"""What lies deeper in a value is dots; so the input does not decide the recursion."""


def printable(text: str) -> str:
    """`text` with what a terminal cannot show, or would obey, as backslash escapes."""
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
    )


def shortened(text: str, length_max: int = LENGTH_MAX) -> str:
    """`text` printable and cut to `length_max` characters; dots show that it was cut."""
    shown = printable(text[: length_max + 1])
    return shown if len(shown) <= length_max else shown[: length_max - len(_CUT)] + _CUT


def quoted(text: str, length_max: int = LENGTH_MAX) -> str:
    """`text` printable and shortened, between quotation marks."""
    plain = text[: length_max + 1].replace("\\", "\\\\").replace('"', '\\"')
    return f'"{shortened(plain, length_max)}"'


def value_text(value: PlistValue, length_max: int = LENGTH_MAX) -> str:
    """A value on one line: `"vol1"`, `0x4`, `[4, 0, 0]`, `{dev: 0x1, name: "vol1"}`."""
    return shortened(_text(value, length_max, _DEPTH_MAX), length_max)


def _text(value: PlistValue, length_max: int, depth: int) -> str:
    match value:
        case str():
            return quoted(value, length_max)
        case bytes():
            return f"{len(value)} bytes of data"
        case bool():
            return "true" if value else "false"
        case UInt():
            return f"{value:#x}"
        case int():
            return str(value)
        case list():
            items = (_text(each, length_max, depth - 1) for each in value)
            return f"[{_joined(items, length_max) if depth else _CUT}]"
    entries = (
        f"{printable(key)}: {_text(each, length_max, depth - 1)}"
        for key, each in sorted(value.items())
    )
    return f"{{{_joined(entries, length_max) if depth else _CUT}}}"


def _joined(parts: Iterator[str], length_max: int) -> str:
    """As many parts as can be seen: the rest of a long table is not looked at."""
    shown = ""
    for part in parts:
        shown += f", {part}" if shown else part
        if len(shown) > length_max:
            break
    return shown
