"""Where the control socket is (socket contract, "Transport")."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

SOCKET_VARIABLE: Final = "NETBSD_DM_SOCKET"
NBD_VARIABLE: Final = "NETBSD_DM_NBD"
"""Where the server exports its devices, for programs that it starts."""
SOCKET_NAME: Final = "netbsd-dm.sock"
PATH_BYTES_MAX: Final = 107
"""What fits in a socket address, less the NUL (unix(7))."""


def default_path(environment: Mapping[str, str], uid: int, temporary: Path) -> Path:
    """The socket's path where none is given.

    `$NETBSD_DM_SOCKET`, else a file in `$XDG_RUNTIME_DIR`, else one in a
    directory of the user's own below `temporary`.
    """
    named = environment.get(SOCKET_VARIABLE)
    if named:
        return Path(named)
    runtime = environment.get("XDG_RUNTIME_DIR")
    if runtime:
        return Path(runtime) / SOCKET_NAME
    return own_directory(temporary, uid) / SOCKET_NAME


def own_directory(temporary: Path, uid: int) -> Path:
    """The directory of the user's own, mode 0700, below the temporary one."""
    return temporary / f"netbsd-dm-{uid}"


def default_socket_path() -> Path:
    """`default_path` for this process: client and server meet there."""
    temporary = Path(os.environ.get("TMPDIR") or "/tmp")  # noqa: S108 (the directory in it is checked)
    return default_path(os.environ, os.geteuid(), temporary)
