"""Writing SVG: elements, numbers, text."""

from html import escape

from ..text import printable

FONT = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace"


def element(name: str, *content: str, **attributes: str | float) -> str:
    """An element; of an attribute's name, `_` is written as `-`, and dropped at the end."""
    words = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"'
        for key, value in attributes.items()
    )
    inside = "".join(content)
    return f"<{name}{words}>{inside}</{name}>" if inside else f"<{name}{words}/>"


def words(text: str) -> str:
    """Text as it stands in a document, whatever is in it."""
    return "\n".join(escape(printable(line), quote=False) for line in text.split("\n"))


def title(text: str) -> str:
    """What is told where one points at the element that this is in."""
    return element("title", words(text))


def number(value: float) -> str:
    """A length in pixels, to the hundredth."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _value(value: str | float) -> str:
    return escape(printable(value)) if isinstance(value, str) else number(value)
