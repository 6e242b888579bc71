"""How ls --tree draws, and its options (dmsetup.8)."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, NamedTuple


class Symbols(NamedTuple):
    """What the lines of a tree are drawn with."""

    empty: str
    branch: str
    vertical: str
    last: str
    only_child: str
    first_child: str


ASCII: Final = Symbols("  ", "|-", "| ", "`-", "---", "-+-")
UTF: Final = Symbols("  ", "├─", "│ ", "└─", "───", "─┬─")


def _graphic(text: str) -> str:
    """Characters of the VT100's other set."""
    return f"\033(0\017{text}\033(B"


VT100: Final = Symbols(
    "  ", _graphic("tq"), _graphic("x") + " ", _graphic("mq"), _graphic("qqq"), _graphic("qwq")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeStyle:
    """What is drawn of each device, and how."""

    symbols: Symbols = ASCII
    device: bool = True
    """Major and minor number."""
    active: bool = False
    rw: bool = False
    open_count: bool = False
    uuid: bool = False
    targets: bool = False
    """status and table, of which dmsetup draws nothing either."""
    compact: bool = False
    inverted: bool = False
    truncate: bool = True
    """Lines end with the terminal."""

    @property
    def joins_lines(self) -> bool:
        """A device stands on the line of its parent, where nothing else does."""
        shows_more = self.active or self.rw or self.open_count or self.uuid or self.targets
        return self.compact and not shows_more


_WORDS: Final[tuple[tuple[str, Callable[[TreeStyle], TreeStyle]], ...]] = (
    ("device", lambda style: replace(style, device=True)),
    ("nodevice", lambda style: replace(style, device=False)),
    ("status", lambda style: replace(style, targets=True)),
    ("table", lambda style: replace(style, targets=True)),
    ("active", lambda style: replace(style, active=True)),
    ("open", lambda style: replace(style, open_count=True)),
    ("uuid", lambda style: replace(style, uuid=True)),
    ("rw", lambda style: replace(style, rw=True)),
    ("utf", lambda style: replace(style, symbols=UTF)),
    ("vt100", lambda style: replace(style, symbols=VT100)),
    ("ascii", lambda style: replace(style, symbols=ASCII)),
    ("inverted", lambda style: replace(style, inverted=True)),
    ("compact", lambda style: replace(style, compact=True)),
    ("notrunc", lambda style: replace(style, truncate=False)),
)
"""In this order; a beginning of the word is enough."""


def read_style(options: str, environment: Mapping[str, str]) -> TreeStyle:
    """The style of the comma-separated `options`; raises `ValueError` with what is left of them."""
    style = TreeStyle(symbols=UTF if _prints_utf8(environment) else ASCII)
    rest = options
    while rest:
        given, _, after = rest.partition(",")
        change = next((change for word, change in _WORDS if word.startswith(given)), None)
        if change is None:
            raise ValueError(rest)
        style = change(style)
        rest = after
    return style


def _prints_utf8(environment: Mapping[str, str]) -> bool:
    names = ("LC_ALL", "LC_CTYPE", "LANG")
    locale = next((environment[name] for name in names if environment.get(name)), "C")
    if sys.flags.utf8_mode and locale == "C.UTF-8":
        return False  # Python itself has put that into the place of C (PEP 538)
    return "UTF8" in locale.upper().replace("-", "")
