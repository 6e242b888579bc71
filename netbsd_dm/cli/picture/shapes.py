"""What a picture consists of, placed: in pixels, from its upper left corner."""

from dataclasses import dataclass

from ..standing import Node
from .fills import Fill


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a bar."""

    x: float
    width: float
    fill: Fill
    title: str
    """What is told where one points at it."""
    labels: tuple[str, ...] = ()
    """What may be written on it, the longest first."""
    is_live: bool = True


@dataclass(frozen=True, slots=True)
class Bar:
    """Sectors, from left to right."""

    x: float
    y: float
    width: float
    height: float
    px_per_sector: float
    segments: tuple[Segment, ...]
    is_live: bool = True

    @property
    def bottom(self) -> float:
        return self.y + self.height

    def x_of(self, sector: int) -> float:
        """Where a sector begins."""
        return self.x + sector * self.px_per_sector


@dataclass(frozen=True, slots=True)
class Card:
    """A device or file: where it is used, its texts, and its tables."""

    node: Node
    x: float
    y: float
    width: float
    height: float
    colour: str
    """That of everything that lies on it; empty for what nothing lies on."""
    is_enlarged: bool
    """Its bars are wider than the scale of the picture has them."""
    texts: tuple[str, ...]
    """As much of each as fits."""
    title: str
    """All of them."""
    text_top: float
    used: Bar | None
    """At its top, what the bands from above come to; None where nothing can lie on it."""
    tables: tuple[Bar, ...]
    """Of a device the live one, and the inactive one if there is any."""

    @property
    def bottom(self) -> float:
        return self.y + self.height


@dataclass(frozen=True, slots=True)
class Band:
    """From a segment down to the sectors that it lies on."""

    top: tuple[float, float]
    """Left and right."""
    top_y: float
    bottom: tuple[float, float]
    bottom_y: float
    colour: str
    is_live: bool
    title: str


@dataclass(frozen=True, slots=True)
class Layout:
    """A picture, all but its headline and its legend."""

    width: float
    bottom: float
    px_per_sector: float
    """In all bars that are not enlarged."""
    cards: tuple[Card, ...]
    bands: tuple[Band, ...]
