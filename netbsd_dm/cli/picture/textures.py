"""Fills as SVG: colours, stripes to scale where they can be seen, and patterns."""

from collections.abc import Iterable, Iterator
from itertools import count, takewhile
from typing import Final

from .fills import Fill, Texture
from .shapes import Segment
from .svg import element, number

STRIPE_PX_MIN: Final = 3
"""Narrower stripes are drawn as a pattern instead."""
_STRIPE_PX: Final = 5
_PATTERN_PX: Final = 8
_STROKES: Final = {
    Texture.ZERO: ("#dfe3e8", "#9aa4b1", "M0 8L8 0"),
    Texture.ERROR: ("#f6d5d2", "#c4463a", "M0 0L8 8M0 8L8 0"),
    Texture.OTHER: ("#dfe3e8", "#9aa4b1", "M0 4H8"),
    Texture.UNSEEN: ("#eceff2", "#8792a0", "M2 4H4"),
}
"""Of each texture the ground, the ink, and what is drawn with it."""


def patterns(fills: Iterable[Fill]) -> Iterator[str]:
    """The definitions that these fills need."""
    for fill in dict.fromkeys(map(_kind, fills)):
        if fill.texture is not Texture.COLOURS:
            yield _pattern(fill)
        elif len(fill.colours) > 1:
            yield _striped_pattern(fill)


def painted(segment: Segment, y: float, height: float, px_per_sector: float) -> str:
    """The inside of a segment."""
    fill = segment.fill
    if fill.texture is Texture.COLOURS and shows_stripes(fill, px_per_sector):
        return "".join(_stripes(segment, y, height, px_per_sector))
    return element(
        "rect", x=segment.x, y=y, width=max(segment.width, 1.0), height=height, fill=paint(fill)
    )


def paint(fill: Fill) -> str:
    """The value of an attribute `fill`."""
    if fill.texture is Texture.COLOURS and len(fill.colours) == 1:
        return fill.colours[0]
    return f"url(#{_name(_kind(fill))})"


def shows_stripes(fill: Fill, px_per_sector: float) -> bool:
    """Whether its stripes are wide enough to be drawn to scale."""
    chunk_px = (fill.chunk_sectors or 0) * px_per_sector
    return len(fill.colours) > 1 and chunk_px >= STRIPE_PX_MIN


def _stripes(segment: Segment, y: float, height: float, px_per_sector: float) -> Iterator[str]:
    """A path for each colour: its chunks, to scale."""
    colours = segment.fill.colours
    chunk_px = (segment.fill.chunk_sectors or 0) * px_per_sector
    end = segment.x + segment.width
    for index, colour in enumerate(colours):
        lefts = (segment.x + (index + len(colours) * row) * chunk_px for row in count())
        path = "".join(
            f"M{number(left)} {number(y)}h{number(min(chunk_px, end - left))}"
            f"v{number(height)}H{number(left)}z"
            for left in takewhile(lambda left: left < end - 0.01, lefts)
        )
        if path:
            yield element("path", d=path, fill=colour)


def _kind(fill: Fill) -> Fill:
    """The same for all fills that share a pattern."""
    return Fill(fill.texture, fill.colours)


def _name(fill: Fill) -> str:
    colours = "".join(colour.lstrip("#") for colour in fill.colours)
    return f"{fill.texture.value}{colours}"


def _pattern(fill: Fill) -> str:
    ground, ink, path = _STROKES[fill.texture]
    return element(
        "pattern",
        element("rect", width=_PATTERN_PX, height=_PATTERN_PX, fill=ground),
        element("path", d=path, stroke=ink, stroke_width=1),
        id=_name(fill),
        width=_PATTERN_PX,
        height=_PATTERN_PX,
        patternUnits="userSpaceOnUse",
    )


def _striped_pattern(fill: Fill) -> str:
    stripes = (
        element("rect", x=index * _STRIPE_PX, width=_STRIPE_PX, height=_PATTERN_PX, fill=colour)
        for index, colour in enumerate(fill.colours)
    )
    return element(
        "pattern",
        *stripes,
        id=_name(fill),
        width=_STRIPE_PX * len(fill.colours),
        height=_PATTERN_PX,
        patternUnits="userSpaceOnUse",
    )
