"""Who is at the other end of a connection, and what that user may do."""

import os
import socket
import struct
from collections.abc import Collection
from typing import NamedTuple

_UCRED = struct.Struct("=iII")


class Peer(NamedTuple):
    """A process that connected (SO_PEERCRED, unix(7))."""

    pid: int
    uid: int
    gid: int


def peer_of(connection: socket.socket) -> Peer:
    """Who connected; fixed when the connection was made."""
    data = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
    return Peer(*_UCRED.unpack(data))


def is_privileged(peer: Peer, superusers: Collection[int]) -> bool:
    """Whether `peer` may use the commands that change something."""
    return peer.uid in (0, os.geteuid()) or peer.uid in superusers
