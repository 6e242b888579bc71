"""The figures as a picture: bars, a group for each job, as an SVG file."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

_BAR = 14
_GAP = 16
_LABEL = 250
_WIDTH = 460
_COLOURS = ("#1b6ca8", "#4c9ed9", "#8cc4ec", "#2f8f5b", "#77c79a", "#b0482f", "#c9a227", "#888888")


def draw(path: Path, title: str, groups: Mapping[str, Mapping[str, float]]) -> None:
    """Write a picture of `groups`: by job, by server, the ratio to 1."""
    names = list(dict.fromkeys(name for bars in groups.values() for name in bars))
    colours = dict(zip(names, _COLOURS, strict=False))
    most = max(value for bars in groups.values() for value in bars.values())
    scale = _WIDTH / most
    parts: list[str] = []
    y = 60 + 18 * len(names)
    for number, name in enumerate(names):
        parts.append(_rectangle(20, 50 + 18 * number, 12, colours[name]))
        parts.append(_text(40, 60 + 18 * number, name))
    for group, bars in groups.items():
        parts.append(_text(20, y + 12, group))
        for name, value in bars.items():
            parts.append(_rectangle(_LABEL, y, value * scale, colours[name]))
            parts.append(_text(_LABEL + value * scale + 6, y + 11, f"{value:.2f}"))
            y += _BAR + 2
        y += _GAP
    x = _LABEL + scale
    parts.append(
        f'<path d="M{x:.1f} {50 + 18 * len(names)}V{y}" stroke="#333" stroke-dasharray="3"/>'
    )
    path.write_text(_document(title, parts, y + 10), encoding="utf-8")


def _document(title: str, parts: Sequence[str], height: float) -> str:
    width = _LABEL + _WIDTH + 80
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height:.0f}"'
        ' font-family="sans-serif" font-size="12">\n'
        '<rect width="100%" height="100%" fill="white"/>\n'
        f'<text x="20" y="28" font-size="15">{escape(title)}</text>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _rectangle(x: float, y: float, width: float, colour: str) -> str:
    return f'<rect x="{x}" y="{y}" width="{width:.1f}" height="{_BAR}" fill="{colour}"/>'


def _text(x: float, y: float, text: str) -> str:
    return f'<text x="{x:.1f}" y="{y}">{escape(text)}</text>'
