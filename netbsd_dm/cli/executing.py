"""netbsd-dm exec: a program under the shim, and a server for it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NoReturn

from ..shim.build import ShimError
from ..shim.environment import preload
from ..wire.address import SOCKET_NAME
from .options import fail
from .server_options import ServerOptions
from .shimming import shim_or_fail
from .starting import start

_NBD_NAME: Final = "nbd.sock"


def run(options: ServerOptions) -> NoReturn:
    """Serve as `options` say, run their program under the shim, and exit as it did."""
    try:
        variables = preload(shim_or_fail(), os.environ)
    except ShimError as error:
        fail(str(error))
    with _directory() as directory:
        given = None if options.socket == "-" else options.socket
        start(
            replace(
                options,
                socket=given or os.fspath(directory / SOCKET_NAME),
                nbd_path=options.nbd_path or directory / _NBD_NAME,
                variables=variables,
            )
        )


@contextmanager
def _directory() -> Iterator[Path]:
    """For what is private to the program's server."""
    try:
        directory = TemporaryDirectory(prefix="netbsd-dm-")
    except OSError as error:
        fail(f"no directory for a private socket: {error}; set TMPDIR")
    with directory as name:
        yield Path(name)
