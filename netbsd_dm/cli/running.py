"""A server that was there before, as something to replay against."""

import os
import socket
from pathlib import Path

from ..capture.access import Access, Outcome
from ..client.exchange import RECEIVE_BYTES, ReplyReader, framed, no_server
from ..resources.closing import Closing
from ..wire.errors import NoServerError


class RunningServer(Closing):
    """Replays on a connection of its own; the server cannot be started afresh.

    A reply that has not come after `timeout_seconds` is taken for one that never
    comes: the connection is given up for a new one.
    """

    def __init__(self, path: Path, timeout_seconds: float) -> None:
        self._path = path
        self._timeout_seconds = timeout_seconds
        self._connect()

    def close(self) -> None:
        """End the connection."""
        self._socket.close()

    def exchange(self, request: bytes) -> bytes:
        """As `Peer`; raises `NoServerError` when the connection is lost."""
        try:
            return self._exchange(request)
        except TimeoutError:
            self._socket.close()
            self._connect()
            return b""
        except OSError as error:
            if isinstance(error, NoServerError):
                raise
            reason = error.strerror or str(error)
            raise NoServerError(f"the connection to {self._path} was lost: {reason}") from None

    def access(self, access: Access) -> Outcome | None:
        """As `Peer`: the disks are the server's own."""
        return None

    def restart(self) -> bool:
        """As `Peer`: it goes on as it is."""
        return False

    def _connect(self) -> None:
        self._replies = ReplyReader()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(self._timeout_seconds)
        try:
            self._socket.connect(os.fspath(self._path))
        except OSError as error:
            self._socket.close()
            raise no_server(self._path, error) from None

    def _exchange(self, request: bytes) -> bytes:
        self._socket.sendall(framed(request))
        while (reply := self._replies.next_reply()) is None:
            data = self._socket.recv(RECEIVE_BYTES)
            if not data:
                raise NoServerError(f"the server on {self._path} closed the connection")
            self._replies.feed(data)
        return reply
