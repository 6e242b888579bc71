"""ls --tree: devices as a tree, drawn with lines."""

from collections.abc import Iterable, Iterator
from typing import Final

from .tree import Node, Tree
from .treestyle import VT100, TreeStyle

DEPTH_MAX: Final = 98
"""dmsetup draws no deeper; a ring of devices ends there."""
WIDTH: Final = 80
"""Of the output where it is no terminal."""
_MARGIN: Final = 3


def draw(tree: Tree, style: TreeStyle, columns: int | None) -> str:
    """The whole picture, for a terminal of so many columns; None if it is none."""
    width = WIDTH
    if columns is not None and columns > _MARGIN and style.symbols is not VT100:
        width = columns - _MARGIN
    drawer = _Drawer(style)
    drawer.walk(tree.roots(inverted=style.inverted), 0)
    drawer.end_line()
    lines = (cut(line, width) if style.truncate else line for line in drawer.lines)
    return "".join(f"{line}\n" for line in lines)


def cut(line: str, width: int) -> str:
    """As much of `line` as fits, with three dots where some is missing.

    Like dmsetup, it takes a last character that is not ASCII for one too many.
    """
    if len(line) < width or (len(line) == width and line[-1].isascii()):
        return line
    return f"{line[: width - 1]}..."


class _Drawer:
    """Draws node after node; remembers, for each depth, what goes on below."""

    def __init__(self, style: TreeStyle) -> None:
        self.lines: list[str] = []
        self._style = style
        self._line = ""
        self._widths = [0] * (DEPTH_MAX + 2)
        self._more = [False] * (DEPTH_MAX + 2)

    def walk(self, nodes: Iterable[Node], depth: int) -> None:
        """Draw `nodes`, and below each the devices it stands on."""
        if depth > DEPTH_MAX:
            return
        for node, is_last in _with_last(nodes):
            below = node.used_by if self._style.inverted else node.uses
            if node.name or self._style.device:
                self._draw(node, depth, is_last, bool(below))
            self.walk(below, depth + 1)

    def end_line(self) -> None:
        """What has been drawn of a line is all of it."""
        if self._line:
            self.lines.append(self._line)
            self._line = ""

    def _draw(self, node: Node, depth: int, is_last: bool, goes_on: bool) -> None:
        symbols = self._style.symbols
        self._more[depth] = not is_last
        self._widths[depth] = 0
        begins_line = not self._line
        if begins_line:
            self._line = self._prefix(depth)
        start = len(self._line)
        if not begins_line:
            self._line += symbols.only_child if is_last else symbols.first_child
        self._line += self._label(node)
        if self._style.joins_lines:
            self._widths[depth] = len(self._line) - start
        if not (self._style.joins_lines and goes_on):
            self.end_line()
        if self._style.targets:
            self._more[depth + 1] = goes_on

    def _prefix(self, depth: int) -> str:
        symbols = self._style.symbols
        parts = []
        for level in range(depth):
            parts.append(" " * (self._widths[level] + 1))
            if level == depth - 1:
                parts.append(symbols.branch if self._more[depth] else symbols.last)
            else:
                parts.append(symbols.vertical if self._more[level + 1] else symbols.empty)
        return "".join(parts)

    def _label(self, node: Node) -> str:
        number = f" ({node.number})" if self._style.device else ""
        return f"{node.name}{number}{self._attributes(node)}"

    def _attributes(self, node: Node) -> str:
        style, device = self._style, node.device
        if not device.exists:
            return ""
        shown = []
        if style.active:
            shown.append("SUSPENDED" if device.is_suspended else "ACTIVE")
        if style.rw:
            shown.append("RO" if device.is_read_only else "RW")
        if style.open_count:
            shown.append(str(device.open_count))
        if style.uuid:
            shown.append(device.uuid)
        return f" [{', '.join(shown)}]" if shown else ""


def _with_last(nodes: Iterable[Node]) -> Iterator[tuple[Node, bool]]:
    listed = list(nodes)
    for position, node in enumerate(listed, 1):
        yield node, position == len(listed)
