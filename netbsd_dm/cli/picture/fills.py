"""How a part of a bar looks: in the colours of what it lies on."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from ...wire.state import LineState

PALETTE: Final = (
    *("#86b6ea", "#f3b765", "#8fd09c", "#dc9fda"),
    *("#e6d560", "#7fd0d2", "#ea9d92", "#b9b4ee"),
)
"""All light enough for dark text, on a dark page, too."""
NEUTRAL: Final = "#c3c9d2"
"""The colour of what has none."""


class Texture(Enum):
    """What a part of a bar is filled with."""

    COLOURS = "colours"
    """One, or several as stripes: those of the things it lies on."""
    ZERO = "zero"
    ERROR = "error"
    OTHER = "other"
    """A target on no device."""
    UNSEEN = "unseen"
    """Lines that are not drawn."""


@dataclass(frozen=True, slots=True)
class Fill:
    """The filling of a part of a bar."""

    texture: Texture
    colours: tuple[str, ...] = ()
    chunk_sectors: int | None = None
    """How wide a stripe is; None where the target does not tell."""


UNSEEN: Final = Fill(Texture.UNSEEN)
_TEXTURES: Final = {"zero": Texture.ZERO, "error": Texture.ERROR}


def in_colour(colour: str) -> Fill:
    """One colour."""
    return Fill(Texture.COLOURS, (colour,))


def fill_of(line: LineState, colours: Sequence[str]) -> Fill:
    """How a line looks that lies on things of these colours."""
    if not colours:
        return Fill(_TEXTURES.get(line.type, Texture.OTHER))
    return Fill(Texture.COLOURS, tuple(colours), chunk_sectors(line))


def chunk_sectors(line: LineState) -> int | None:
    """The chunk of a striped line: its second word."""
    words = (line.params or "").split()
    if line.type != "striped" or len(words) < 2 or not words[1].isdecimal():
        return None
    return int(words[1]) or None
