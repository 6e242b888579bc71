"""NetBSD's dev_t (driver spec section 3.2): major in bits 8-19, minor around it."""

from typing import Final

DM_BLOCK_MAJOR: Final = 169
"""The block major of the device-mapper itself (seen in `deps` of a stacked device)."""

VND_BLOCK_MAJOR: Final = 14
"""The block major of vnd(4), NetBSD's own file-backed disk (amd64)."""

VND_MINORS_PER_UNIT: Final = 16


def makedev(major: int, minor: int) -> int:
    """The dev_t of a major (12 bits) and a minor (20 bits) number."""
    return (major & 0xFFF) << 8 | (minor & 0xFF) | (minor & 0xFFF00) << 12


def major(dev: int) -> int:
    """The major number in a dev_t."""
    return dev >> 8 & 0xFFF


def minor(dev: int) -> int:
    """The minor number in a dev_t."""
    return (dev & 0xFF) | (dev >> 12 & 0xFFF00)
