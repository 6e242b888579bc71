"""Text for a terminal: names as they can be shown, numbers with units."""

from typing import Final

from ..plist.display import printable

__all__ = ["printable", "with_unit"]

_UNITS: Final = ("KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


def counted(count: int, noun: str) -> str:
    """`1 sector`, `8 sectors`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def with_unit(count_bytes: int) -> str:
    """So many bytes for people: `512 B`, `1.5 MiB`."""
    if count_bytes < 1024:
        return f"{count_bytes} B"
    number = float(count_bytes)
    unit = "B"
    for unit in _UNITS:  # noqa: B007 (the last one that fits is used)
        number /= 1024
        if number < 1023.95:  # what would round to 1024.0 has the next unit
            break
    return f"{number:.1f} {unit}"
