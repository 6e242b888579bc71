"""Times as rules write them: `200ms`, `1.5s`, `2min`."""

import re
from typing import Final

_PER_UNIT: Final = {"us": (1, 1_000_000), "ms": (1, 1000), "s": (1, 1), "min": (60, 1)}
"""As a fraction of seconds: dividing by a whole number gives the nearest float."""
_TIME: Final = re.compile(r"([0-9]+(?:\.[0-9]*)?(?:e[+-]?[0-9]+)?)(us|ms|s|min)")


def parse_time(text: str) -> float:
    """Seconds; raises `ValueError`."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError("give a time with its unit, such as 200ms, 1.5s or 2min")
    times, part = _PER_UNIT[match[2]]
    return float(match[1]) * times / part


def time_text(seconds: float) -> str:
    """What `parse_time` reads as the same number."""
    text = f"{seconds * 1000:.10g}ms"
    return text if parse_time(text) == seconds else f"{seconds!r}s"
