"""Which grammar reads a text; `load` and `loads` as in `plistlib`."""

from enum import Enum
from typing import BinaryIO

from . import lines, proplib
from .errors import PlistError
from .escapes import to_text
from .values import PlistDict


class Grammar(Enum):
    """What counts as a property list."""

    PROPLIB = "proplib"
    """Exactly what the driver's scanner takes (driver spec section 1.2)."""

    LENIENT = "lenient"
    """That, and well-formed XML as `plistlib` and people write it."""


def load(
    file: BinaryIO, *, grammar: Grammar = Grammar.LENIENT, max_depth: int | None = None
) -> PlistDict:
    """Read a property list from a binary file; see `loads`."""
    return loads(file.read(), grammar=grammar, max_depth=max_depth)


def loads(
    data: bytes, *, grammar: Grammar = Grammar.LENIENT, max_depth: int | None = None
) -> PlistDict:
    """The root dictionary of the property list `data`.

    A number that starts with `0x` becomes a `UInt`; bytes that are no UTF-8
    become surrogate escapes.  `max_depth` bounds the nesting, the root being 1.
    Raises `PlistError`, which says where and why.

    A text that both grammars take means what proplib makes of it.
    """
    text = to_text(data)
    root = lines.parse(text, max_depth)
    if root is not None:
        return root
    try:
        return proplib.parse(text, max_depth)
    except PlistError as error:
        if grammar is Grammar.PROPLIB:
            raise
        return _load_xml(data, max_depth, error)


def _load_xml(data: bytes, max_depth: int | None, refusal: PlistError) -> PlistDict:
    # lxml costs 26 ms to import: only for the first text that proplib refuses.
    from . import lenient

    try:
        return lenient.parse(data, max_depth)
    except PlistError as error:
        raise error from refusal
