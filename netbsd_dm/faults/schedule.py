"""Which of the matches of a rule are hits, by their number: never by chance."""

from dataclasses import dataclass
from typing import Final

_RATE_STEPS: Final = 2**32


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """All that is given must agree; with nothing given, every match is a hit."""

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
    rate: float = 0.5

    def __post_init__(self) -> None:
        for name in ("nth", "first", "every"):
            number = getattr(self, name)
            if number is not None and number < 1:
                raise ValueError(f"{name}={number}: matches are counted from 1")
        if self.after is not None and self.after < 0:
            raise ValueError(f"after={self.after}: give the number of matches to let pass")
        if not 0 < self.rate <= 1:
            raise ValueError(f"rate={self.rate}: give a part of 1, such as 0.25")

    def hits(self, number: int) -> bool:
        """Whether the match of that number, from 1, is a hit."""
        passed = self.after or 0
        return (
            (self.nth is None or number == self.nth)
            and (self.first is None or number <= self.first)
            and number > passed
            and (self.every is None or (number - passed) % self.every == 0)
            and (self.seed is None or _drawn(self.seed, number) < self.rate * _RATE_STEPS)
        )


def _drawn(seed: int, number: int) -> int:
    """A number below `_RATE_STEPS`; the same in every version of Python."""
    import hashlib  # here, for it loads OpenSSL

    digest = hashlib.sha256(f"{seed}:{number}".encode()).digest()
    return int.from_bytes(digest[:4], "big")
