"""netbsd-dm tree: which device stands on which, in lines of text."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import typer

from ..wire.state import DeviceState, PdevState
from .looking import looking, selected
from .standing import Node, Range, Stand, Standing
from .text import counted, printable

LINES_MAX: Final = 1000
"""So many lines of a table are looked at, unless all are: a server tells of 50,000 a second."""
_RANGES_SHOWN: Final = 4


class Style(NamedTuple):
    """What the lines of a tree are drawn with."""

    branch: str
    last: str
    vertical: str
    empty: str = "    "


ASCII: Final = Style(" |-- ", " `-- ", " |   ", "     ")
LINES: Final = Style(" ├── ", " └── ", " │   ", "     ")


class Branch(NamedTuple):
    """A line of the tree, and what hangs on it."""

    text: str
    node: Node | None = None
    """None for what has nothing below."""


def print_tree(
    names: list[str], socket: Path | None, *, is_inverted: bool, is_ascii: bool, shows_all: bool
) -> None:
    """Print the tree of those devices, or all; inverted, from the files up."""
    with looking(socket) as monitor:
        state = monitor.state(None if shows_all else LINES_MAX)
    standing = Standing(state)
    roots: Iterable[Node]
    if names:
        roots = map(standing.node, selected(state.devices, names))
    elif is_inverted:
        roots = [node for node in (*standing.physical, *standing.devices) if not node.below]
    else:
        roots = [node for node in standing.devices if not node.above]
    style = ASCII if is_ascii or not _can_print(LINES) else LINES
    for line in tree_lines(roots, style, is_inverted=is_inverted):
        typer.echo(line)


def tree_lines(roots: Iterable[Node], style: Style, *, is_inverted: bool = False) -> Iterator[str]:
    """The tree below each of `roots`, or inverted what stands on it.

    What has been shown with all that hangs on it is not shown so again: the number of
    lines is that of what stands on what, not that of the ways through it.
    """
    branches_of = _above if is_inverted else _below
    shown: set[Node] = set()
    # An explicit stack, for the server decides the depth: of each open branch what is
    # left, and what to draw left of it.
    stack = [("", [Branch(node_text(node), node) for node in roots])]
    while stack:
        indent, branches = stack[-1]
        if not branches:
            stack.pop()
            continue
        text, node = branches.pop(0)
        is_root = len(stack) == 1
        is_last = not branches
        further = [] if node is None else branches_of(node)
        if further and node in shown:
            further = []
            text += " (as above)"
        elif node is not None:
            shown.add(node)
        lead = "" if is_root else style.last if is_last else style.branch
        yield f"{indent}{lead}{text}"
        below = "" if is_root else style.empty if is_last else style.vertical
        stack.append((indent + below, further))


def node_text(node: Node) -> str:
    """A device or file, with what one wants to know of it."""
    if node.device is not None:
        return _device_text(node.device)
    return "" if node.pdev is None else _pdev_text(node.pdev)


def ranges_text(ranges: list[Range]) -> str:
    """`0-127, 384-511 and 3 more ranges`; empty without any."""
    shown = [f"{start}-{end - 1}" if end - start > 1 else str(start) for start, end in ranges]
    more = len(shown) - _RANGES_SHOWN
    if more < 2:
        return ", ".join(shown)
    return f"{', '.join(shown[:_RANGES_SHOWN])} and {more} more ranges"


def _device_text(device: DeviceState) -> str:
    facts = [f"minor {device.minor}"] if device.name else []
    facts.append(counted(device.live.size_sectors, "sector"))
    if device.suspended:
        facts.append("suspended")
    if device.read_only:
        facts.append("read-only")
    return f"{printable(device.title)} ({', '.join(facts)})"


def _pdev_text(pdev: PdevState) -> str:
    name = printable(pdev.id.name)
    if pdev.path is None:
        return f"{name} (removed)" if pdev.minor is not None else name
    ending = ", read-only" if pdev.read_only else ""
    return f"{name}  {printable(pdev.path)} ({counted(pdev.size_sectors, 'sector')}{ending})"


def _below(node: Node) -> list[Branch]:
    stands = [Branch(_with_place(stand.lower, stand), stand.lower) for stand in node.below]
    return [*stands, *map(Branch, _without_device(node.device))]


def _above(node: Node) -> list[Branch]:
    return [Branch(_with_place(stand.upper, stand), stand.upper) for stand in node.above]


def _with_place(node: Node, stand: Stand) -> str:
    """A node, and the sectors of the lower one of the two, by each table."""
    live = ranges_text(stand.ranges(is_live=True))
    inactive = ranges_text(stand.ranges(is_live=False))
    places = [f"sectors {live}"] if live else []
    if inactive:
        places.append(f"inactive table: sectors {inactive}")
    return ": ".join(filter(None, [node_text(node), "; ".join(places)]))


def _without_device(device: DeviceState | None) -> Iterator[str]:
    """The lines that lie on nothing, by type, and how many were not looked at."""
    if device is None:
        return
    for table, remark in ((device.live, ""), (device.inactive, " [inactive]")):
        sectors: dict[str, int] = {}
        for line in table.lines:
            if not line.uses:
                sectors[line.type] = sectors.get(line.type, 0) + line.length_sectors
        yield from (
            f"{printable(kind)}, {counted(count, 'sector')}{remark}"
            for kind, count in sectors.items()
        )
        more = table.line_count - len(table.lines)
        if more > 0:
            yield f"... {counted(more, 'further line')}, not looked at: give --all{remark}"


def _can_print(style: Style) -> bool:
    try:
        "".join(style).encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        return False
    return True
