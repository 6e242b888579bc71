"""The card of a device or a file: its bars, and the texts between them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ...wire.state import DeviceState, TableState
from ..standing import Node
from ..text import printable
from .fills import NEUTRAL, UNSEEN, fill_of, in_colour
from .shapes import Bar, Card, Segment
from .wording import card_texts, fitted, line_title, more_title, used_title

PADDING: Final = 8
TEXT_LINE_HEIGHT: Final = 15
CHARACTER_WIDTH: Final = 6.7
"""Of the texts: 11 pixels high, in a font of fixed width; most are narrower."""
SWATCH_INDENT: Final = 14
"""Of the first text, where the colour of the card is before it."""
_TEXT_PADDING: Final = 9
_RULER_HEIGHT: Final = 7
_LIVE_HEIGHT: Final = 26
_INACTIVE_HEIGHT: Final = 14
_BAR_GAP: Final = 4


@dataclass(frozen=True, slots=True)
class Scale:
    """How many pixels a sector has, and how many a bar at least."""

    px_per_sector: float
    width_min: float

    def bar_width(self, sectors: int) -> float:
        """That of a bar of so many sectors."""
        return max(self.width_min, sectors * self.px_per_sector)

    def card_width(self, sectors: int) -> float:
        """That of a card with such bars."""
        return self.bar_width(sectors) + 2 * PADDING


def sectors_of(node: Node) -> int:
    """How many its bars have: its own, and what lines, or what lies on it, have beyond them."""
    ends = [node.size_sectors, 1]
    if node.device is not None:
        for table in (node.device.live, node.device.inactive):
            ends.append(table.size_sectors)
            ends += (line.start_sector + line.length_sectors for line in table.lines)
    ends += (part.range[1] for stand in node.above for part in stand.parts if part.range)
    return max(ends)


def card_of(node: Node, left: float, top: float, scale: Scale, colours: Mapping[Node, str]) -> Card:
    """The card with its upper left corner there."""
    sectors = sectors_of(node)
    width = scale.bar_width(sectors)
    rail = _Rail(left + PADDING, width, width / sectors)
    colour = colours.get(node, "")
    used = None
    text_top = top
    if node.device is None or node.above:
        height = _LIVE_HEIGHT if node.device is None else _RULER_HEIGHT
        used = rail.bar(top, height, _used(node, rail, colour))
        text_top += height
    full = card_texts(node)
    indent = SWATCH_INDENT if colour else 0
    texts = [fitted(full[0].text, int((width - indent) / CHARACTER_WIDTH))]
    columns = int(width / CHARACTER_WIDTH)
    texts += (fitted(text, columns, keeps_end=is_path) for text, is_path in full[1:])
    bottom = text_top + len(texts) * TEXT_LINE_HEIGHT + _TEXT_PADDING
    tables = []
    if node.device is not None:
        tables = list(_tables(node.device, rail, bottom, _colours_below(node, colours)))
        bottom = tables[-1].bottom
    return Card(
        node=node,
        x=left,
        y=top,
        width=scale.card_width(sectors),
        height=bottom - top,
        colour=colour,
        is_enlarged=rail.px_per_sector > scale.px_per_sector * 1.01,
        texts=tuple(texts),
        title="\n".join(printable(each.text) for each in full),
        text_top=text_top,
        used=used,
        tables=tuple(tables),
    )


@dataclass(frozen=True, slots=True)
class _Rail:
    """Where all bars of a card begin and end."""

    x: float
    width: float
    px_per_sector: float

    def bar(
        self, y: float, height: float, segments: Sequence[Segment], *, is_live: bool = True
    ) -> Bar:
        return Bar(self.x, y, self.width, height, self.px_per_sector, tuple(segments), is_live)

    def span(self, start_sector: int, end_sector: int) -> tuple[float, float]:
        """The left of some sectors, and their width."""
        length_px = (end_sector - start_sector) * self.px_per_sector
        return self.x + start_sector * self.px_per_sector, length_px


def _used(node: Node, rail: _Rail, colour: str) -> list[Segment]:
    """The sectors that devices take, those of inactive tables first: below the others."""
    segments = []
    for is_live in (False, True):
        for stand in node.above:
            for start, end in stand.ranges(is_live=is_live):
                title = used_title(stand.upper, start, end, is_live=is_live)
                x, width = rail.span(start, end)
                labels = (f"{start}-{end - 1}",)
                segments.append(Segment(x, width, in_colour(colour), title, labels, is_live))
    return segments


def _colours_below(node: Node, colours: Mapping[Node, str]) -> dict[object, str]:
    """The colour of each thing that its lines lie on, by what they call it."""
    return {
        part.use.pdev: colours.get(stand.lower, NEUTRAL)
        for stand in node.below
        for part in stand.parts
    }


def _tables(
    device: DeviceState, rail: _Rail, top: float, colours: Mapping[object, str]
) -> Iterator[Bar]:
    live = _segments(device.live, rail, colours, is_live=True)
    yield rail.bar(top, _LIVE_HEIGHT, list(live))
    if device.inactive.line_count:
        inactive = list(_segments(device.inactive, rail, colours, is_live=False))
        below = top + _LIVE_HEIGHT + _BAR_GAP
        yield rail.bar(below, _INACTIVE_HEIGHT, inactive, is_live=False)


def _segments(
    table: TableState, rail: _Rail, colours: Mapping[object, str], *, is_live: bool
) -> Iterator[Segment]:
    end_sector = 0
    for line in table.lines:
        end_sector = line.start_sector + line.length_sectors
        x, width = rail.span(line.start_sector, end_sector)
        fill = fill_of(line, [colours[use.pdev] for use in line.uses])
        title = line_title(line, is_live=is_live)
        labels = (f"{line.type} {line.start_sector}-{end_sector - 1}", line.type)
        yield Segment(x, width, fill, title, labels, is_live)
    more = table.line_count - len(table.lines)
    if more > 0:
        x, width = rail.span(end_sector, max(end_sector, table.size_sectors))
        yield Segment(x, width, UNSEEN, more_title(more), (f"{more} more lines",), is_live)
