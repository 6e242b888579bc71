"""What the name of a device says where lvm has made it: VG-LV-LAYER."""

import re
from typing import Final, NamedTuple

LVM: Final = "LVM"
"""The subsystem whose names have parts."""

_PAIR: Final = "\0"
"""Stands for two hyphens, which stand for one that belongs to the part."""
_SEPARATOR: Final = re.compile(r"-(?!\Z)")
"""A hyphen at the very end belongs to the part, too."""


class NameParts(NamedTuple):
    """The subsystem, and for lvm's own devices the parts of the name."""

    subsystem: str = ""
    volume_group: str = ""
    logical_volume: str = ""
    layer: str = ""


NO_PARTS: Final = NameParts()


def split_name(name: str, subsystem: str) -> NameParts:
    """The parts of `name`; all empty but the subsystem, unless that is LVM."""
    if subsystem != LVM:
        return NameParts(subsystem)
    parts = [part.replace(_PAIR, "-") for part in _SEPARATOR.split(name.replace("--", _PAIR))]
    group, volume, layer = [*parts, "", ""][:3]
    return NameParts(subsystem, group, volume, layer)


def subsystem_of(uuid: str) -> str:
    """What stands before the first hyphen of a uuid; empty if it has none."""
    before, hyphen, _ = uuid.partition("-")
    return before if hyphen else ""
