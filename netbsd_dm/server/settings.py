"""What a server is told at its start."""

import socket
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..clock.timers import Clock, WallClock
from ..driver.profile import STANDARD, Profile
from ..faults.plan import Plan
from ..pdev.catalog import Catalog
from .journal import Journal
from .responding import Responder


class ServeError(Exception):
    """A server cannot start; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Command:
    """A program that a server runs, and ends with."""

    arguments: tuple[str, ...]
    """The program first; it is looked for in $PATH."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Set for it, besides those that tell where the server is."""
    has_terminal: bool = False
    """Signals are its to handle: only its own end ends the server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One server."""

    socket_path: Path
    socket_mode: int = 0o600
    profile: Profile = STANDARD
    catalog: Catalog = field(default_factory=Catalog)
    max_request_bytes: int | None = None
    """None: what the profile allows."""
    superusers: Collection[int] = ()
    """Users besides root and the server's own who may use every command."""
    max_connections: int = 500
    """Further ones wait until one ends; bounds descriptors and memory."""
    nbd_path: Path | None = None
    """Where mapped devices are exported over NBD; None for nowhere."""
    nbd_listener: socket.socket | None = None
    """A listening socket to do so on instead; the server closes it."""
    faults: Plan = field(default_factory=Plan)
    """What fails on demand; it may be changed while the server runs, by its own thread."""
    clock: Clock = field(default_factory=WallClock)
    """How time passes; a server of its own for each clock."""
    journals: Collection[Journal] = ()
    """What is told of every exchange."""
    responder: Responder | None = None
    """What answers instead of the device mapper, all clients alike: a recording."""
    pid_file: Path | None = None
    """Written once the socket listens."""
    command: Command | None = None
    """To run with the server; the server ends with it."""

    @property
    def request_limit_bytes(self) -> int:
        """The longest request text."""
        return self.max_request_bytes or self.profile.max_request_bytes
