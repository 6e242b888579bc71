"""What to set for a program that shall run with the shim."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from .build import ShimError

PRELOAD_VARIABLE: Final = "LD_PRELOAD"
CONTROL_VARIABLE: Final = "NETBSD_DM_CONTROL"
"""The control node's path, if it is not /dev/mapper/control; devices lie beside it."""
DEBUG_VARIABLE: Final = "NETBSD_DM_SHIM_DEBUG"
"""If set, the shim says on standard error why it finds no server."""

_SEPARATORS: Final = re.compile(r"[\s:]")


def preload(library: Path, inherited: Mapping[str, str]) -> dict[str, str]:
    """The variables that have a program load `library`, before what it would load anyway.

    Raises `ShimError` for a path that cannot be named there.
    """
    if _SEPARATORS.search(str(library)):
        raise ShimError(
            f"a path with blanks or colons cannot be preloaded, {library}: set XDG_CACHE_HOME"
        )
    before = inherited.get(PRELOAD_VARIABLE)
    return {PRELOAD_VARIABLE: f"{library}:{before}" if before else str(library)}
