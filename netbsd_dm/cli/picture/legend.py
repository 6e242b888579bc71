"""What explains a picture, below it: its scale, its fills, and what is not in it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ..standing import Node
from .cards import CHARACTER_WIDTH
from .fills import NEUTRAL, Fill, Texture
from .layout import MARGIN
from .shapes import Bar, Layout, Segment
from .svg import element, number, words
from .textures import paint, shows_stripes
from .wording import columns_of, fitted, size_text

_LINE_HEIGHT: Final = 24
_TOP: Final = 30
_SAMPLE_WIDTH: Final = 28
_SAMPLE_HEIGHT: Final = 12
_SCALE_PX_MAX: Final = 160
_GAP: Final = 10
_ITEM_GAP: Final = 26
_NAMES_SHOWN: Final = 8
_SECTORS_MAX: Final = 2**62

_TEXTURES: Final = {
    Texture.ZERO: "zero",
    Texture.ERROR: "error",
    Texture.OTHER: "a target on no device",
    Texture.UNSEEN: "more lines than are drawn",
}


@dataclass(frozen=True, slots=True)
class Item:
    """A sample and what it means."""

    sample: str
    width: float
    text: str


@dataclass(frozen=True, slots=True)
class Legend:
    """Drawn, from the bottom of the layout down."""

    content: str
    bottom: float


def legend_of(layout: Layout, left_out: Sequence[Node]) -> Legend:
    """What this picture needs explained."""
    top = layout.bottom + _TOP
    x: float = MARGIN
    drawn = []
    for item in _items(layout):
        width = item.width + _GAP + columns_of(item.text) * CHARACTER_WIDTH
        if x > MARGIN and x + width > layout.width - MARGIN:
            x, top = MARGIN, top + _LINE_HEIGHT
        drawn.append(element("g", item.sample, transform=f"translate({number(x)} {number(top)})"))
        drawn.append(_text(x + item.width + _GAP, top, item.text))
        x += width + _ITEM_GAP
    for note in _notes(left_out):
        top += _LINE_HEIGHT
        columns = int((layout.width - 2 * MARGIN) / CHARACTER_WIDTH)
        drawn.append(_text(MARGIN, top, fitted(note, columns)))
    return Legend("".join(drawn), top + MARGIN)


def fills_of(layout: Layout) -> list[Fill]:
    """Every fill there is, in the order in which they first come."""
    return list(dict.fromkeys(segment.fill for _, segment in _segments(layout)))


def _text(x: float, top: float, text: str) -> str:
    return element("text", words(text), x=x, y=top + _SAMPLE_HEIGHT - 2, class_="muted")


def _items(layout: Layout) -> Iterator[Item]:
    if not layout.cards:
        return
    yield _scale(layout.px_per_sector)
    if any(card.is_enlarged for card in layout.cards):
        outline = _sample(class_="card", stroke_dasharray="1.5 2.5")
        yield Item(outline, _SAMPLE_WIDTH, "drawn larger than to scale")
    yield Item(_sample(class_="empty"), _SAMPLE_WIDTH, "not used")
    segments = list(_segments(layout))
    if any(not segment.is_live for _, segment in segments):
        yield Item(_sample(class_="inactive", fill=NEUTRAL), _SAMPLE_WIDTH, "inactive table")
    for texture, text in _TEXTURES.items():
        if any(segment.fill.texture is texture for _, segment in segments):
            yield Item(_sample(fill=paint(Fill(texture))), _SAMPLE_WIDTH, text)
    for bar, segment in segments:
        if len(segment.fill.colours) > 1 and not shows_stripes(segment.fill, bar.px_per_sector):
            sample = _sample(fill=paint(segment.fill))
            yield Item(sample, _SAMPLE_WIDTH, "stripes, finer than they are drawn")
            return


def _scale(px_per_sector: float) -> Item:
    """A length, and how many sectors it is."""
    sectors = 1
    while 2 * sectors * px_per_sector <= _SCALE_PX_MAX and sectors < _SECTORS_MAX:
        sectors *= 2
    width = sectors * px_per_sector
    path = f"M.5 1V{_SAMPLE_HEIGHT - 1}M.5 6H{number(width)}M{number(width)} 1V{_SAMPLE_HEIGHT - 1}"
    return Item(element("path", d=path, class_="rule"), width, size_text(sectors))


def _sample(**attributes: str | float) -> str:
    return element("rect", width=_SAMPLE_WIDTH, height=_SAMPLE_HEIGHT, rx=1.5, **attributes)


def _segments(layout: Layout) -> Iterator[tuple[Bar, Segment]]:
    for card in layout.cards:
        for bar in (card.used, *card.tables):
            if bar is not None:
                yield from ((bar, segment) for segment in bar.segments)


def _notes(left_out: Sequence[Node]) -> Iterator[str]:
    if left_out:
        names = [node.name for node in left_out[:_NAMES_SHOWN]]
        more = len(left_out) - len(names)
        listed = ", ".join(names) + (f" and {more} more" if more else "")
        yield f"Left out, for want of room: {listed}.  Name the devices that you want drawn."
