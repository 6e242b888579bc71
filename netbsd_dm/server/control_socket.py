"""The control socket: a task for each client, and what they have in common."""

import logging
import socket
from typing import TYPE_CHECKING

import trio

from ..driver.mapper import Mapper
from ..faults.plan import Hit
from .accepting import accept_all
from .clients import Client, Clients
from .connection import serve_connection
from .control import Control
from .conversation import Conversation
from .journal import Journals
from .peer import is_privileged, peer_of
from .responding import Delays, Responder
from .settings import Settings

if TYPE_CHECKING:
    from .monitor.requests import Monitor

_log = logging.getLogger(__name__)


class ControlServer:
    """Serves the clients of one mapper."""

    def __init__(self, mapper: Mapper, settings: Settings) -> None:
        self._mapper = mapper
        self._settings = settings
        self._clients = Clients()
        self._journals = Journals()
        for journal in settings.journals:
            self._journals.add(journal)
        self._monitor: Monitor | None = None
        self._delays = Delays(mapper.clock)
        mapper.faults.on_hit = self._hit

    async def run(self, listener: socket.socket) -> None:
        """Serve every client of `listener` until cancelled."""
        try:
            async with trio.open_nursery() as nursery:
                await accept_all(listener, self._serve, nursery, self._settings.max_connections)
        finally:
            self._delays.close()
            if self._mapper.faults.on_hit == self._hit:  # and not a later server's
                self._mapper.faults.on_hit = None

    async def _serve(self, connection: socket.socket) -> None:
        peer = peer_of(connection)
        _log.debug("a connection from process %d of user %d", peer.pid, peer.uid)
        with self._clients.connected(peer) as client:
            privileged = is_privileged(peer, self._settings.superusers)
            responder = self._settings.responder or self._control(client, privileged)
            conversation = Conversation(
                responder, self._mapper.profile, self._settings.request_limit_bytes
            )
            await serve_connection(connection, conversation)

    def _control(self, client: Client, privileged: bool) -> Responder:
        return Control(
            self._mapper,
            privileged,
            client=client,
            journals=self._journals,
            monitor=self._look,
            delays=self._delays,
        )

    def _look(self) -> "Monitor":
        """What answers those who look; made when the first does, for few servers are looked at."""
        if self._monitor is None:
            from .monitor.requests import Monitor

            self._monitor = Monitor(self._mapper, self._clients, self._journals)
        return self._monitor

    def _hit(self, hit: Hit) -> None:
        self._journals.hit(hit, self._mapper.clock.seconds())
