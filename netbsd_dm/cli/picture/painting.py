"""A laid-out picture as the text of an SVG file."""

from collections.abc import Iterator, Sequence
from typing import Final

from ..standing import Node
from .cards import PADDING, SWATCH_INDENT, TEXT_LINE_HEIGHT
from .layout import MARGIN
from .legend import fills_of, legend_of
from .shapes import Band, Bar, Card, Layout, Segment
from .svg import FONT, element, number, title, words
from .textures import painted, patterns
from .wording import columns_of

_LABEL_CHARACTER_WIDTH: Final = 6.1
_LABEL_HEIGHT_MIN: Final = 12
_SWATCH: Final = 9
_STYLE: Final = f"""
text {{ font: 11px {FONT}; fill: #1b2026; }}
.headline {{ font-size: 13px; font-weight: bold; }}
.name {{ font-weight: bold; }}
.muted {{ fill: #4d5764; }}
.label {{ font-size: 10px; text-anchor: middle; pointer-events: none; }}
.on-colour {{ fill: #14181d; }}
.page {{ fill: #ffffff; }}
.card {{ fill: #f5f7f9; stroke: #8d98a6; }}
.empty {{ fill: #dde2e8; }}
.rule {{ fill: none; stroke: #4d5764; }}
.edge {{ fill: none; stroke: #5b6673; stroke-width: .6; }}
.inactive {{ fill-opacity: .35; stroke: #5b6673; stroke-width: .8; stroke-dasharray: 3 2; }}
.live-band {{ fill-opacity: .36; stroke-opacity: .7; stroke-width: .7; }}
.inactive-band {{ fill-opacity: .06; stroke-width: 1; stroke-dasharray: 4 3; }}
.live-band:hover, .inactive-band:hover {{ fill-opacity: .8; }}
@media (prefers-color-scheme: dark) {{
text {{ fill: #e6e9ed; }}
.muted {{ fill: #a9b2bd; }}
.on-colour {{ fill: #14181d; }}
.page {{ fill: #15181c; }}
.card {{ fill: #22272d; stroke: #6d7885; }}
.empty {{ fill: #3b434d; }}
.rule {{ stroke: #a9b2bd; }}
}}
"""


def paint_picture(layout: Layout, left_out: Sequence[Node], headline: str) -> str:
    """The whole file."""
    legend = legend_of(layout, left_out)
    width, height = number(layout.width), number(legend.bottom)
    content = [
        title(headline),
        element("style", _STYLE),
        element("defs", *patterns(fills_of(layout))),
        element("rect", width="100%", height="100%", rx=6, class_="page"),
        element("text", words(headline), x=MARGIN, y=MARGIN + 4, class_="headline"),
        *map(_band, layout.bands),
        *map(_card, layout.cards),
        legend.content,
    ]
    return element(
        "svg",
        *(f"{part}\n" for part in content),
        xmlns="http://www.w3.org/2000/svg",
        width=width,
        height=height,
        viewBox=f"0 0 {width} {height}",
        role="img",
    )


def _band(band: Band) -> str:
    middle = (band.top_y + band.bottom_y) / 2
    (left, right), (low_left, low_right) = _visible(band.top), _visible(band.bottom)
    path = (
        f"M{number(left)} {number(band.top_y)}"
        f"C{number(left)} {number(middle)} {number(low_left)} {number(middle)}"
        f" {number(low_left)} {number(band.bottom_y)}H{number(low_right)}"
        f"C{number(low_right)} {number(middle)} {number(right)} {number(middle)}"
        f" {number(right)} {number(band.top_y)}z"
    )
    kind = "live-band" if band.is_live else "inactive-band"
    return element(
        "path", title(band.title), d=path, class_=kind, fill=band.colour, stroke=band.colour
    )


def _visible(ends: tuple[float, float]) -> tuple[float, float]:
    """At least a pixel wide."""
    left, right = ends
    spare = max(0.0, 1 - (right - left)) / 2
    return left - spare, right + spare


def _card(card: Card) -> str:
    dotted = {"stroke_dasharray": "1.5 2.5"} if card.is_enlarged else {}
    outline = element(
        "rect",
        x=card.x,
        y=card.y,
        width=card.width,
        height=card.height,
        rx=3,
        class_="card",
        **dotted,
    )
    bars = [bar for bar in (card.used, *card.tables) if bar is not None]
    return element("g", title(card.title), outline, *_texts(card), *map(_bar, bars))


def _texts(card: Card) -> Iterator[str]:
    x = card.x + PADDING
    y = card.text_top
    indent = 0
    if card.colour:
        indent = SWATCH_INDENT
        yield element("rect", x=x, y=y + 5, width=_SWATCH, height=_SWATCH, rx=2, fill=card.colour)
    for index, text in enumerate(card.texts):
        y += TEXT_LINE_HEIGHT
        kind = "muted" if index else "name"
        yield element("text", words(text), x=x + (0 if index else indent), y=y - 1, class_=kind)


def _bar(bar: Bar) -> str:
    ground = element("rect", x=bar.x, y=bar.y, width=bar.width, height=bar.height, class_="empty")
    return element("g", ground, *(_segment(bar, segment) for segment in bar.segments))


def _segment(bar: Bar, segment: Segment) -> str:
    inside = painted(segment, bar.y, bar.height, bar.px_per_sector)
    edge = ""
    if segment.is_live and segment.width > 2:
        edge = element(
            "rect",
            x=segment.x,
            y=bar.y,
            width=segment.width,
            height=bar.height,
            class_="edge",
        )
    filling = inside if segment.is_live else element("g", inside, class_="inactive")
    return element("g", title(segment.title), filling, edge, *_label(bar, segment))


def _label(bar: Bar, segment: Segment) -> Iterator[str]:
    """The longest of its labels that fits."""
    if bar.height < _LABEL_HEIGHT_MIN:
        return
    room = (segment.width - 6) / _LABEL_CHARACTER_WIDTH
    for label in segment.labels:
        if columns_of(label) <= room:
            x, y = segment.x + segment.width / 2, bar.y + bar.height / 2 + 3.5
            kind = "label on-colour" if segment.is_live else "label"
            yield element("text", words(label), x=x, y=y, class_=kind)
            return
