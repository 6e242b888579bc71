"""Listening sockets that whoever started us has opened (sd_listen_fds(3))."""

import os
import socket
from collections.abc import Mapping
from typing import Final

from .settings import ServeError

_FIRST_DESCRIPTOR: Final = 3
_VARIABLES: Final = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")


def activated_listener(environ: Mapping[str, str]) -> socket.socket | None:
    """The listening socket that was handed to this process, or None.

    Raises `ServeError` if there is more than one, or it is none.
    """
    if environ.get("LISTEN_PID") != str(os.getpid()) or not environ.get("LISTEN_FDS"):
        return None
    if environ["LISTEN_FDS"] != "1":
        raise ServeError(
            f"LISTEN_FDS is {environ['LISTEN_FDS']}: hand over one socket, that for NBD"
        )
    try:
        listener = socket.socket(fileno=_FIRST_DESCRIPTOR)
        if not listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            raise ServeError("the socket in LISTEN_FDS does not listen")
    except OSError as error:
        raise ServeError(f"LISTEN_FDS is 1, but descriptor 3: {error.strerror}") from None
    listener.set_inheritable(False)
    listener.setblocking(False)
    return listener


def forget_activation() -> None:
    """Keep our own children from taking the socket for theirs."""
    for name in _VARIABLES:
        os.environ.pop(name, None)
