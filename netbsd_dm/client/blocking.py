"""A client that blocks: for scripts, and for tests that are not asynchronous."""

import os
import socket
from pathlib import Path

from ..plist import PlistDict, dumps, loads
from ..wire.address import default_socket_path
from ..wire.errors import NoServerError
from .commands import Commands
from .exchange import RECEIVE_BYTES, ReplyReader, framed, no_server


def connect(path: str | os.PathLike[str] | None = None) -> "Client":
    """A client of the server at `path`, by default where one would be.

    Use it as a context manager, or close it.  Raises `NoServerError`.
    """
    return Client(default_socket_path() if path is None else Path(path))


class Client(Commands):
    """One connection to a server; see `Commands` for its methods.

    Raises `NoServerError` when the connection cannot be made or is lost.  An
    exchange that is interrupted leaves its reply behind, and closes it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._replies = ReplyReader()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.connect(os.fspath(path))
        except OSError as error:
            self._socket.close()
            raise no_server(path, error) from None

    def close(self) -> None:
        """End the connection."""
        self._socket.close()

    def exchange(self, request: PlistDict) -> PlistDict:
        return loads(self.exchange_text(dumps(request)))

    def exchange_text(self, text: bytes) -> bytes:
        """Send the text of a request as it is, and give the text of the reply."""
        try:
            self._socket.sendall(framed(text))
            while (reply := self._replies.next_reply()) is None:
                data = self._socket.recv(RECEIVE_BYTES)
                if not data:
                    raise NoServerError(f"the server on {self.path} closed the connection")
                self._replies.feed(data)
        except BaseException as error:
            # Whatever it was, the reply may still come, and must not answer the next request.
            self.close()
            if isinstance(error, OSError) and not isinstance(error, NoServerError):
                reason = error.strerror or str(error)
                raise NoServerError(f"the connection to {self.path} was lost: {reason}") from None
            raise
        return reply
