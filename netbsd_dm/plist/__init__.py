"""Property lists as NetBSD's proplib reads and writes them.

The interface is that of the standard library's `plistlib`: `load`, `loads`,
`dump`, `dumps`.  Two things differ, because an echo must be byte exact: a
number remembers whether it was unsigned (`UInt`, written in hex), and a string
keeps bytes that are no UTF-8 as surrogate escapes (PEP 383).

`proplib` is the exact grammar of the driver's scanner, which is no XML parser;
`lenient` takes, besides, what `plistlib` and people write, through lxml.
Nothing here knows about device-mapper, and nothing recurses on its input.
"""

from .errors import PlistError
from .reader import Grammar, load, loads
from .values import PlistDict, PlistValue, UInt
from .writer import dump, dumps

__all__ = [
    "Grammar",
    "PlistDict",
    "PlistError",
    "PlistValue",
    "UInt",
    "dump",
    "dumps",
    "load",
    "loads",
]
