"""The values a property list holds, their limits, and what stands around them."""

from collections.abc import Callable
from typing import TypeAlias

KEY_BYTES_MAX = 128
"""The longest key in bytes, decoded (proplib's PDK_MAXKEY)."""

HEADER = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<!DOCTYPE plist PUBLIC "-//Apple Computer//DTD PLIST 1.0//EN"'
    ' "http://www.apple.com/DTDs/PropertyList-1.0.dtd">\n'
    '<plist version="1.0">\n'
)
"""What every property list starts with, as proplib writes it."""
FOOTER = "</plist>\n"

UINT64_MAX = 2**64 - 1
INT64_MAX = 2**63 - 1
INT64_MIN = -(2**63)


class UInt(int):
    """A number that proplib holds as unsigned, and so writes in hex.

    A plain `int` is a signed number and is written in decimal.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return hex(self)

    def __str__(self) -> str:
        return int.__repr__(self)


PlistDict: TypeAlias = dict[str, "PlistValue"]
PlistList: TypeAlias = list["PlistValue"]
PlistValue: TypeAlias = PlistDict | PlistList | str | bytes | bool | int | UInt

NEW_VALUE: dict[str, Callable[[], PlistValue]] = {
    "dict": dict,
    "dict/": dict,
    "array": list,
    "array/": list,
    "string/": str,
    "true/": lambda: True,
    "false/": lambda: False,
}
"""What a tag without text makes; a container may still be filled."""
