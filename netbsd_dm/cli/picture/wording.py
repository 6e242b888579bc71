"""What is written in a picture, and what is told where one points."""

import unicodedata
from typing import Final, NamedTuple

from ...wire.state import DeviceState, LineState, PdevState
from ..standing import Node, Part
from ..text import printable, with_unit

_SECTOR_BYTES: Final = 512
_TITLE_LENGTH_MAX: Final = 200


class CardText(NamedTuple):
    """A line of text; of a path the end matters."""

    text: str
    is_path: bool = False


def card_texts(node: Node) -> list[CardText]:
    """A device or file: its name, and what one wants to know of it."""
    if node.device is not None:
        return _device_texts(node.device)
    return [] if node.pdev is None else _pdev_texts(node.pdev)


def size_text(sectors: int) -> str:
    """`2,048 sectors, 1.0 MiB`."""
    return f"{sectors:,} sector{'' if sectors == 1 else 's'}, {with_unit(sectors * _SECTOR_BYTES)}"


def sectors_text(start_sector: int, end_sector: int) -> str:
    """`sectors 384-2431`."""
    if end_sector - start_sector < 2:
        return f"sector {start_sector}"
    return f"sectors {start_sector}-{end_sector - 1}"


def line_title(line: LineState, *, is_live: bool) -> str:
    """A line of a table, where one points at it."""
    sectors = sectors_text(line.start_sector, line.start_sector + line.length_sectors)
    words = fitted(f"{line.type} {line.params or ''}".rstrip(), _TITLE_LENGTH_MAX)
    return f"{_table_text(is_live)}, {sectors}: {words}"


def part_title(upper: Node, part: Part, lower: Node) -> str:
    """Where a line lies, where one points at the band between."""
    line = part.line
    above = sectors_text(line.start_sector, line.start_sector + line.length_sectors)
    text = f"{printable(upper.name)} {above} ({line.type}, {_table_text(part.is_live)})"
    text += f" on {printable(lower.name)}"
    return text if part.range is None else f"{text} {sectors_text(*part.range)}"


def used_title(upper: Node, start_sector: int, end_sector: int, *, is_live: bool) -> str:
    """Sectors that a device takes."""
    sectors = sectors_text(start_sector, end_sector)
    return f"{sectors}: {printable(upper.name)}, {_table_text(is_live)}"


def more_title(count: int) -> str:
    """Lines of a table that are not drawn."""
    return f"{count} more lines, not drawn"


def fitted(text: str, columns: int, *, keeps_end: bool = False) -> str:
    """`text`, printable, with dots in place of what does not fit; in the middle of a path."""
    shown = printable(text)
    if columns_of(shown) <= columns:
        return shown
    if keeps_end:
        return "…" + _taken(shown[::-1], columns - 1)[::-1]
    return _taken(shown, columns - 1) + "…"


def columns_of(text: str) -> int:
    """How wide a text is, in characters of a fixed-width font."""
    return sum(map(_columns, text))


def _taken(text: str, columns: int) -> str:
    """As much of the beginning as fits."""
    taken = 0
    for index, character in enumerate(text):
        taken += _columns(character)
        if taken > columns:
            return text[:index]
    return text


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _device_texts(device: DeviceState) -> list[CardText]:
    states = {"suspended": device.suspended, "read-only": device.read_only}
    facts = [f"minor {device.minor}", *(word for word, is_so in states.items() if is_so)]
    size = size_text(device.live.size_sectors) if device.live.line_count else "no live table"
    return [CardText(device.title), CardText(size), CardText(", ".join(facts))]


def _pdev_texts(pdev: PdevState) -> list[CardText]:
    texts = [CardText(pdev.id.name), CardText(size_text(pdev.size_sectors))]
    if pdev.path is None:
        return [*texts, CardText("a device that was removed")]
    texts.append(CardText(pdev.path, is_path=True))
    return [*texts, CardText("read-only")] if pdev.read_only else texts


def _table_text(is_live: bool) -> str:
    return "live table" if is_live else "inactive table"
