"""What of a server is drawn: a bounded number of devices and files, in rows."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ..standing import Node

NODES_MAX: Final = 24
"""So many devices and files are drawn, so that a picture can still be read."""
LINES_MAX: Final = 100
"""So many lines of a table."""
ROW_MAX: Final = 8
"""So many side by side."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What is drawn, and what is not."""

    rows: tuple[tuple[Node, ...], ...]
    """From the top; files at the bottom, every device above all that it stands on."""
    left_out: tuple[Node, ...]
    """What there is no room for: devices among those wanted, or what a huge one stands on."""


def choose(wanted: Iterable[Node]) -> Choice:
    """As many of the devices as there is room for, with everything they stand on."""
    chosen: dict[Node, None] = {}
    left_out: list[Node] = []
    for device in wanted:
        needed = [node for node in closure(device) if node not in chosen]
        room = NODES_MAX - len(chosen)
        if len(needed) > room and chosen:
            left_out.append(device)
        else:
            chosen |= dict.fromkeys(needed[:room])
            left_out += needed[room:]
    layers = _untangled(_layers(list(chosen)))
    return Choice(tuple(row for layer in layers for row in _rows(layer)), tuple(left_out))


def closure(device: Node) -> list[Node]:
    """A device and everything it stands on, each once."""
    found = {device: None}
    waiting = [device]
    while waiting:
        for stand in waiting.pop(0).below:
            if stand.lower not in found:
                found[stand.lower] = None
                waiting.append(stand.lower)
    return list(found)


def _layers(nodes: Sequence[Node]) -> list[list[Node]]:
    """From the top, and in each layer the order of `nodes`."""
    levels = {node: 0 if node.device is None else 1 for node in nodes}
    for _ in nodes:  # a chain of all of them settles by then
        for node in nodes:
            below = [levels[stand.lower] + 1 for stand in node.below if stand.lower in levels]
            levels[node] = max([levels[node], *below])
    highest = max(levels.values(), default=0)
    layers = ([node for node in nodes if levels[node] == level] for level in range(highest + 1))
    return [layer for layer in layers if layer][::-1]


def _untangled(layers: list[list[Node]]) -> list[list[Node]]:
    """The layers with each node about below what stands on it."""
    middles: dict[Node, float] = {}
    sorted_layers = []
    for layer in layers:
        order = {node: _middle_above(node, middles, index) for index, node in enumerate(layer)}
        sorted_layers.append(sorted(layer, key=lambda node: order[node]))
        for index, node in enumerate(sorted_layers[-1]):
            middles[node] = (index + 0.5) / len(layer)
    return sorted_layers


def _rows(layer: Sequence[Node]) -> Iterator[tuple[Node, ...]]:
    """A layer in rows about as long as each other."""
    count = -(-len(layer) // ROW_MAX)
    for index in range(count):
        yield tuple(layer[len(layer) * index // count : len(layer) * (index + 1) // count])


def _middle_above(node: Node, middles: dict[Node, float], index: int) -> float:
    """Where on the way from left to right, 0 to 1, the things are that stand on a node."""
    above = [middles[stand.upper] for stand in node.above if stand.upper in middles]
    return sum(above) / len(above) if above else 1 + index
