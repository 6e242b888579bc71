"""Reading and changing a dictionary as the driver does (driver spec section 1.3).

A value of another type, or out of range, counts as absent.
"""

from ..plist import PlistDict, PlistValue, UInt
from . import keys


def uint32(source: PlistDict, key: str, default: int = 0) -> int:
    """The number under `key` if it fits in 32 unsigned bits, else `default`."""
    value = source.get(key)
    if (type(value) is UInt or type(value) is int) and 0 <= value <= 0xFFFFFFFF:
        return value
    return default


def uint64(source: PlistDict, key: str) -> int | None:
    """The number under `key` if it fits in 64 unsigned bits, else None."""
    value = source.get(key)
    if (type(value) is UInt or type(value) is int) and value >= 0:
        return value
    return None


def string(source: PlistDict, key: str) -> str | None:
    """The string under `key`, else None."""
    value = source.get(key)
    return value if type(value) is str else None


def array(source: PlistDict, key: str) -> "list[PlistValue] | None":
    """The array under `key`, else None."""
    value = source.get(key)
    return value if isinstance(value, list) else None


def add_flags(request: PlistDict, bits: int) -> None:
    """Set `bits` in the `flags` of a reply, creating the key."""
    request[keys.FLAGS] = UInt(uint32(request, keys.FLAGS) | bits)


def remove_flags(request: PlistDict, bits: int) -> None:
    """Clear `bits` in the `flags` of a reply, creating the key."""
    request[keys.FLAGS] = UInt(uint32(request, keys.FLAGS) & ~bits)
