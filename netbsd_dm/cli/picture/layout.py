"""Where everything goes: cards in rows, and bands between them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Final

from ..standing import Node, Part
from .cards import Scale, card_of, sectors_of
from .choice import Choice
from .fills import PALETTE
from .shapes import Band, Bar, Card, Layout
from .wording import part_title

MARGIN: Final = 24
HEADLINE_HEIGHT: Final = 44
_WIDTH_MIN: Final = 960
_BAR_WIDTH_MIN: Final = 198
_CARD_GAP: Final = 20
_ROW_GAP: Final = 40
_BAND_GAP: Final = 100
"""Between rows of which one stands on the other."""
_BISECTIONS: Final = 60


@dataclass(frozen=True, slots=True)
class _Row:
    """Cards side by side."""

    nodes: tuple[Node, ...]
    sectors: tuple[int, ...]

    def starts(self, scale: Scale) -> list[float]:
        """Where each card begins, from the left of the row."""
        steps = (scale.card_width(sectors) + _CARD_GAP for sectors in self.sectors)
        return list(accumulate(steps, initial=0.0))[:-1]

    def width(self, scale: Scale) -> float:
        """From the left of the first card to the right of the last."""
        return self.starts(scale)[-1] + scale.card_width(self.sectors[-1])


def lay_out(choice: Choice) -> Layout:
    """Place what was chosen."""
    rows = [_Row(nodes, tuple(map(sectors_of, nodes))) for nodes in choice.rows]
    width = max(_WIDTH_MIN, _widest(rows, Scale(0.0, _BAR_WIDTH_MIN)) + 2 * MARGIN)
    scale = _fitting(rows, width - 2 * MARGIN)
    colours = _colours(rows)
    lefts = _lefts(rows, scale, width)
    cards: dict[Node, Card] = {}
    bottom: float = HEADLINE_HEIGHT
    for row, gap in zip(rows, _gaps(rows), strict=True):
        top = bottom + gap
        cards |= {node: card_of(node, lefts[node], top, scale, colours) for node in row.nodes}
        bottom = max(cards[node].bottom for node in row.nodes)
    bands = tuple(_bands(cards))
    return Layout(width, bottom, scale.px_per_sector, tuple(cards.values()), bands)


def _widest(rows: Sequence[_Row], scale: Scale) -> float:
    return max((row.width(scale) for row in rows), default=0.0)


def _fitting(rows: Sequence[_Row], width: float) -> Scale:
    """The most pixels for each sector with which every row fits."""
    low, high = 0.0, width
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        if _widest(rows, Scale(middle, _BAR_WIDTH_MIN)) <= width:
            low = middle
        else:
            high = middle
    return Scale(low, _BAR_WIDTH_MIN)


def _colours(rows: Sequence[_Row]) -> dict[Node, str]:
    """One for each that something lies on, the lowest first."""
    used = [node for row in reversed(rows) for node in row.nodes if node.above]
    return {node: PALETTE[index % len(PALETTE)] for index, node in enumerate(used)}


def _gaps(rows: Sequence[_Row]) -> Iterator[int]:
    """How far below the row before it each row is."""
    if rows:
        yield 0
    for upper, lower in pairwise(rows):
        above = {stand.upper for node in lower.nodes for stand in node.above}
        yield _ROW_GAP if above.isdisjoint(upper.nodes) else _BAND_GAP


def _lefts(rows: Sequence[_Row], scale: Scale, width: float) -> dict[Node, float]:
    """Where each card begins: a row as a whole is about above what it stands on."""
    lefts: dict[Node, float] = {}
    for row in reversed(rows):
        starts = dict(zip(row.nodes, row.starts(scale), strict=True))
        room = width - 2 * MARGIN - row.width(scale)
        wishes = [
            lefts[stand.lower] - MARGIN - start
            for node, start in starts.items()
            for stand in node.below
            if stand.lower in lefts
        ]
        wish = sum(wishes) / len(wishes) if wishes else room / 2
        left = MARGIN + max(0.0, min(wish, room))
        lefts |= {node: left + start for node, start in starts.items()}
    return lefts


def _bands(cards: Mapping[Node, Card]) -> Iterator[Band]:
    for upper in cards.values():
        for stand in upper.node.below:
            lower = cards.get(stand.lower)
            if lower is not None and lower.used is not None:
                yield from (_band(upper, part, lower, lower.used) for part in stand.parts)


def _band(upper: Card, part: Part, lower: Card, used: Bar) -> Band:
    line = part.line
    top = upper.tables[0]
    start_sector, end_sector = part.range or (0, sectors_of(lower.node))
    return Band(
        top=(top.x_of(line.start_sector), top.x_of(line.start_sector + line.length_sectors)),
        top_y=upper.bottom,
        bottom=(used.x_of(start_sector), used.x_of(end_sector)),
        bottom_y=lower.y,
        colour=lower.colour,
        is_live=part.is_live,
        title=part_title(upper.node, part, lower.node),
    )
