"""The values a property list holds, and their limits."""

from typing import TypeAlias

KEY_BYTES_MAX = 128
"""The longest key in bytes, decoded (proplib's PDK_MAXKEY)."""

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


PlistDict: TypeAlias = dict[str, "PlistValue"]
PlistList: TypeAlias = list["PlistValue"]
PlistValue: TypeAlias = PlistDict | PlistList | str | bytes | bool | int | UInt
