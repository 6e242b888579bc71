"""The text of `<integer>`: C's `strtoll`/`strtoull` with base 0, as proplib calls them.

Source: proplib's prop_number.c; the driver refuses overflow (spec section 1.2).
"""

import re
from functools import lru_cache

from .errors import PlistError
from .values import INT64_MAX, INT64_MIN, UINT64_MAX, UInt

_C_INTEGER = re.compile(
    r"[ \t\n\r\v\f]*+(?:([+-]?)(?:(0[xX])([0-9a-fA-F]++)|(0)([0-7]*+)|([1-9][0-9]*+)))?"
    r"[ \t\n\r\v\f]*+"
)
_CACHED_LENGTH = 5
"""Flags, versions, small counts: what every request has."""


def parse_integer(text: str) -> int:
    """The number that proplib reads from `text`: a `UInt` when it starts with `0x`.

    Raises `PlistError` for anything else than one C integer within 64 bits,
    blanks around it allowed.  No text at all is the signed number 0.
    """
    if len(text) <= _CACHED_LENGTH:
        return _parse_cached(text)
    if len(text) <= _PLAIN_HEX and text.startswith("0x") and text.isalnum() and text.isascii():
        try:
            return UInt(text, 16)
        except ValueError:
            pass  # the full parser says what is wrong
    return _parse(text)


def _parse(text: str) -> int:
    match = _C_INTEGER.fullmatch(text)
    if match is None:
        raise PlistError(f"{text[:40]!r} is no integer: write 10, -10, 0xa or 012")
    magnitude = _magnitude(match)
    if text.startswith("0x"):
        if magnitude > UINT64_MAX:
            raise PlistError(f"{text[:40]} does not fit in 64 bits")
        return UInt(magnitude)
    value = -magnitude if match[1] == "-" else magnitude
    if not INT64_MIN <= value <= INT64_MAX:
        raise PlistError(
            f"{text.strip()[:40]} does not fit in 63 bits and a sign: "
            "write large unsigned numbers in hex, 0x..."
        )
    return value


_PLAIN_HEX = len("0x") + 16


def _magnitude(match: re.Match[str]) -> int:
    _, hex_prefix, hex_digits, octal_prefix, octal_digits, decimal = match.groups()
    digits = hex_digits or octal_digits or decimal or "0"
    if len(digits.lstrip("0")) > 22:  # 2**64 has 22 octal digits: no need to convert more
        return UINT64_MAX + 1
    return int(digits, 16 if hex_prefix else 8 if octal_prefix else 10)


_parse_cached = lru_cache(maxsize=1024)(_parse)
