"""The params string of a table entry, as words and numbers.

Words are split at spaces and tabs, runs of them counting once; there is no
quoting (driver spec section 5.1).  The driver's own reading forgives nearly
everything and faults on what is missing; `strict` refuses both with a message
that shows the form.
"""

import re

from ..wire.errors import DMError, Errno, UndefinedError

_WORD = re.compile(r"[^ \t]+")
_LEADING_DIGITS = re.compile(r"[0-9]*")
_DIGITS_MAX = 20
_UINT64 = 2**64


class Arguments:
    """The words of one params string; index 0 is the first.

    Raises `DMError` (EINVAL, naming the word) for what is missing or no number.
    """

    __slots__ = ("strict", "words")

    def __init__(self, text: str, strict: bool = True) -> None:
        self.words: list[str] = _WORD.findall(text)
        self.strict = strict

    def expect(self, count: int, form: str) -> None:
        """Insist on exactly `count` words; `form` shows them.  Strict only."""
        if self.strict and len(self.words) != count:
            raise DMError(
                Errno.EINVAL,
                f"expected {count} arguments, {form}, not {len(self.words)}:"
                f" {' '.join(self.words)!r}",
            )

    def word(self, index: int, what: str) -> str:
        """The word at `index`, called `what` in messages."""
        try:
            return self.words[index]
        except IndexError:
            raise self._missing(what) from None

    def number(self, index: int, what: str, *, least: int = 0, most: int = _UINT64 - 1) -> int:
        """The word at `index` as an unsigned decimal number.

        The driver reads leading digits only, stops at the first other character
        and wraps at 64 bits; `least` and `most` bind strict reading only.
        """
        word = self.word(index, what)
        if not self.strict:
            return _leading_number(word)
        if not (word.isascii() and word.isdigit()):
            raise DMError(Errno.EINVAL, f"{what} {word!r} is not a decimal number")
        value = int(word) if len(word) <= _DIGITS_MAX else most + 1
        if not least <= value <= most:
            raise DMError(Errno.EINVAL, f"{what} {word} is not between {least} and {most}")
        return value

    def _missing(self, what: str) -> DMError:
        if self.strict:
            return DMError(Errno.EINVAL, f"the {what} is missing")
        return UndefinedError(f"the {what} is missing: the driver follows a null pointer")


def _leading_number(word: str) -> int:
    digits = _LEADING_DIGITS.match(word)
    value = 0
    for digit in digits[0] if digits else "":
        value = (value * 10 + int(digit)) % _UINT64
    return value
