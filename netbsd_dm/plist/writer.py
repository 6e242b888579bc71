"""Property lists as proplib externalises them (driver spec section 1.1).

Written by hand, by joining strings: measured against lxml's tree it takes a
third of the time, and no XML writer has proplib's layout.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import repeat
from typing import Any, BinaryIO

from .base64 import encode_data
from .errors import PlistError
from .escapes import escape, to_bytes
from .values import (
    FOOTER,
    HEADER,
    INT64_MAX,
    INT64_MIN,
    KEY_BYTES_MAX,
    UINT64_MAX,
    PlistDict,
    PlistValue,
    UInt,
)

_Entry = tuple[str, PlistValue]
_NO_KEY = "\0 no key"
"""Stands for the key of an array's element: by identity, for no key holds NUL."""


def dump(value: PlistDict, file: BinaryIO) -> None:
    """Write `value` to a binary file as proplib would; see `dumps`."""
    file.write(dumps(value))


def dumps(value: PlistDict) -> bytes:
    """The text of `value`, without the terminating NUL.

    Keys in byte order, a `UInt` in hex, another `int` in decimal.  Raises
    `PlistError` for what a property list cannot hold: other types, numbers
    beyond 64 bits, keys over 128 bytes, NUL, a container within itself.
    """
    text = "".join(_lines(value, None))
    if not text.isascii():
        # Surrogate escapes sort elsewhere than the bytes they stand for.
        text = "".join(_lines(value, _key_bytes))
    return to_bytes(text)


def _lines(root: PlistDict, order: Callable[[tuple[str, PlistValue]], bytes] | None) -> list[str]:
    lines = [HEADER]
    write = lines.append
    tabs = ""
    lead_of: Callable[[str, str], str] = _cached_lead
    # An explicit stack, for the input decides the depth: of each open container
    # what is left, its end tag and itself, innermost last.
    pending: list[tuple[Iterator[_Entry], str, PlistValue]] = []
    entries: Iterator[_Entry] = iter(((_NO_KEY, root),))
    while True:
        for key, value in entries:
            lead = tabs if key is _NO_KEY else lead_of(tabs, key)
            if type(value) is str and value.isalnum():
                write(f"{lead}<string>{value}</string>\n")
            elif type(value) is UInt and 0 <= value < _SMALL:
                write(lead + _SMALL_UNSIGNED[value])
            elif isinstance(value, _CONTAINERS):
                name = "dict" if isinstance(value, dict) else "array"
                if not value:
                    write(f"{lead}<{name}/>\n")
                    continue
                pending.append((entries, f"{tabs}</{name}>\n", value))
                if len(pending) >= _SUSPICIOUS_DEPTH and len(pending).bit_count() == 1:
                    _refuse_cycle(pending)
                write(f"{lead}<{name}>\n")
                tabs += "\t"
                if len(pending) > _CACHED_DEPTH:
                    lead_of = _new_lead
                entries = _entries(value, order)
                break
            else:
                write(f"{lead}{_scalar(value)}\n")
        else:
            if not pending:
                lines.append(FOOTER)
                return lines
            entries, end_tag, _ = pending.pop()
            write(end_tag)
            tabs = tabs[:-1]
            if len(pending) <= _CACHED_DEPTH:
                lead_of = _cached_lead


_CONTAINERS = (dict, list)


def _entries(
    container: PlistDict | list[PlistValue],
    order: Callable[[tuple[str, PlistValue]], bytes] | None,
) -> Iterator[_Entry]:
    if isinstance(container, dict):
        try:
            return iter(sorted(container.items(), key=order))
        except TypeError:
            raise PlistError("the keys of a dictionary must be strings") from None
    return zip(repeat(_NO_KEY), container, strict=False)


def _key_bytes(entry: tuple[str, PlistValue]) -> bytes:
    return to_bytes(entry[0])


def _new_lead(tabs: str, key: str) -> str:
    """What comes before the value of `key`."""
    if not isinstance(key, str):
        raise PlistError(f"the key {key!r} is no string")
    if len(to_bytes(key)) > KEY_BYTES_MAX:
        raise PlistError(f"the key {key[:20]!r}... has more than {KEY_BYTES_MAX} bytes")
    return f"{tabs}<key>{escape(_without_nul(key))}</key>\n{tabs}"


_CACHED_DEPTH = 8
"""Deeper ones have many tabs, and hardly come again."""
_cached_lead = lru_cache(maxsize=1024)(_new_lead)


def _refuse_cycle(pending: list[tuple[Iterator[_Entry], str, PlistValue]]) -> None:
    """Raise `PlistError` if a container is open twice.

    Asked at depths that double: nesting that deep is rare, and endless in a cycle.
    """
    if len({id(container) for _, _, container in pending}) < len(pending):
        raise PlistError("a container contains itself")


_SUSPICIOUS_DEPTH = 128


def _scalar(value: PlistValue) -> str:
    write = _SCALARS.get(type(value))
    if write is None:
        raise PlistError(f"a property list holds no {type(value).__name__}")
    return write(value)


def _string(value: str) -> str:
    return f"<string>{escape(_without_nul(value))}</string>" if value else "<string/>"


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise PlistError(f"{text[:20]!r} contains NUL, which ends a property list")
    return text


def _unsigned(value: int) -> str:
    if not 0 <= value <= UINT64_MAX:
        raise PlistError(f"{int(value)} is no unsigned number of 64 bits")
    return f"<integer>{value:#x}</integer>"


def _signed(value: int) -> str:
    if not INT64_MIN <= value <= INT64_MAX:
        raise PlistError(f"{value} is no signed number of 64 bits; use UInt for larger ones")
    return f"<integer>{value}</integer>"


def _boolean(value: bool) -> str:
    return "<true/>" if value else "<false/>"


def _data(value: bytes) -> str:
    return f"<data>{encode_data(value)}</data>" if value else "<data/>"


_SCALARS: dict[type, Callable[[Any], str]] = {
    str: _string,
    UInt: _unsigned,
    int: _signed,
    bool: _boolean,
    bytes: _data,
}

_SMALL = 256
_SMALL_UNSIGNED = [f"{_unsigned(number)}\n" for number in range(_SMALL)]
"""Flags, minors and counts: most numbers there are."""
