"""The verbs for udev, which NetBSD has not: cookies are taken apart, and nobody waits for any."""

from collections.abc import Iterator, Sequence
from typing import Final

from .context import Context
from .session import CommandError

_FLAGS_SHIFT: Final = 16
"""Where in a cookie its flags begin; the lower half of them is device-mapper's own."""
_OWN_FLAGS: Final = 8
_COOKIE_MAX: Final = 0xFFFFFFFF
_FLAG_NAMES: Final = (
    "DISABLE_DM_RULES",
    "DISABLE_SUBSYSTEM_RULES",
    "DISABLE_DISK_RULES",
    "DISABLE_OTHER_RULES",
    "LOW_PRIORITY",
)


def udevflags(context: Context, words: Sequence[str]) -> None:
    """Print the flags in a cookie, as udev's rules take them."""
    for line in _flag_lines(_read_cookie(words[0]) >> _FLAGS_SHIFT):
        print(line)


def udevcomplete(context: Context, words: Sequence[str]) -> None:
    """Nobody waits for the cookie."""
    _read_cookie(words[0])


def not_supported(context: Context, words: Sequence[str]) -> None:
    """What a dmsetup without udev says."""
    raise CommandError('Command not supported. Recompile with "--enable-udev-sync" to enable.')


def _flag_lines(bits: int) -> Iterator[str]:
    for number in range(_FLAGS_SHIFT):
        if not bits >> number & 1:
            continue
        if number < len(_FLAG_NAMES):
            yield f"DM_UDEV_{_FLAG_NAMES[number]}_FLAG='1'"
        elif number < _OWN_FLAGS:
            yield f"DM_UDEV_FLAG{number}='1'"
        else:
            yield f"DM_SUBSYSTEM_UDEV_FLAG{number - _OWN_FLAGS}='1'"


def _read_cookie(text: str) -> int:
    """A number as C writes it: decimal, 0x and hex, or 0 and octal."""
    digits = text.lower()
    base = 16 if digits.startswith("0x") else 8 if digits.startswith("0") else 10
    try:
        cookie = int(digits, base)
    except ValueError:
        cookie = 0
    if not 0 < cookie <= _COOKIE_MAX:
        raise CommandError("Incorrect cookie value")
    return cookie
