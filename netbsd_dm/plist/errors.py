"""The one error of the property-list reader and writer."""


class PlistError(ValueError):
    """A text is no property list of the asked grammar, or a value cannot be one.

    `line` is the 1-based line of the text at which reading stopped, or None
    when the fault has no place in a text.
    """

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message if line is None else f"line {line}: {message}")
        self.line = line


def error_at(message: str, text: str, position: int) -> PlistError:
    """A `PlistError` for the character of `text` at `position`."""
    return PlistError(message, text.count("\n", 0, position) + 1)
