"""Numbers as C's library reads them: what leads the text counts, and nothing is 0."""

import re
from typing import Final

from ...plist.values import INT64_MAX, INT64_MIN, UINT64_MAX

_INTEGER: Final = re.compile(r"[ \t\n\v\f\r]*([+-]?[0-9]+)")
_INT32_VALUES: Final = 2**32
_INT32_MAX: Final = 2**31 - 1


def as_int32(text: str) -> int:
    """As atoi(3): cut to 32 bits."""
    value = max(INT64_MIN, min(_leading(text), INT64_MAX)) % _INT32_VALUES
    return value - _INT32_VALUES if value > _INT32_MAX else value


def as_uint64(text: str) -> int:
    """As strtoull(3): a negative number counts from the end, what is too large is the largest."""
    value = _leading(text)
    return value % (UINT64_MAX + 1) if -UINT64_MAX <= value < 0 else min(abs(value), UINT64_MAX)


def _leading(text: str) -> int:
    found = _INTEGER.match(text)
    return int(found[1]) if found else 0
