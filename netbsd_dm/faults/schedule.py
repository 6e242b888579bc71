"""Which of the matches of a rule are hits, by their number: never by chance."""

from dataclasses import dataclass
from typing import Final

RATE: Final = 0.5
"""That of a seed for which none is given."""
_RATE_STEPS: Final = 2**32


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """All that is given must agree; with nothing given, every match is a hit.

    Raises `ValueError` for numbers that have no meaning, or of which no match could
    ever be a hit.
    """

    nth: int | None = None
    """Only that one, from 1."""
    first: int | None = None
    """The first so many."""
    after: int | None = None
    """Those after the first so many."""
    every: int | None = None
    """Each whose number, counted on from `after`, is a multiple of this."""
    seed: int | None = None
    """Those that a sequence picks which depends on this number alone, `rate` of all."""
    rate: float | None = None

    def __post_init__(self) -> None:
        for name in ("nth", "first", "every"):
            number = getattr(self, name)
            if number is not None and number < 1:
                raise ValueError(f"{name}={number}: matches are counted from 1")
        if self.after is not None and self.after < 0:
            raise ValueError(f"after={self.after}: give the number of matches to let pass")
        if self.rate is not None:
            if self.seed is None:
                raise ValueError("rate= is that of a seed: give seed=, any number")
            if not 0 < self.rate <= 1:
                raise ValueError(f"rate={self.rate}: give a part of 1, such as 0.25")
        earliest = (self.after or 0) + (self.every or 1)
        if not self._lets(earliest if self.nth is None else self.nth):
            raise ValueError("it could never hit: nth, first, after and every exclude each other")

    def hits(self, number: int) -> bool:
        """Whether the match of that number, from 1, is a hit."""
        return self._lets(number) and (
            self.seed is None or _drawn(self.seed, number) < (self.rate or RATE) * _RATE_STEPS
        )

    def _lets(self, number: int) -> bool:
        """Whether everything but the seed makes it a hit."""
        passed = self.after or 0
        return (
            (self.nth is None or number == self.nth)
            and (self.first is None or number <= self.first)
            and number > passed
            and (self.every is None or (number - passed) % self.every == 0)
        )


def _drawn(seed: int, number: int) -> int:
    """A number below `_RATE_STEPS`; the same in every version of Python."""
    import hashlib  # here, for it loads OpenSSL

    digest = hashlib.sha256(f"{seed}:{number}".encode()).digest()
    return int.from_bytes(digest[:4], "big")
