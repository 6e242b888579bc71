"""netbsd-dm send: hand-written requests to a server."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import typer

from ..client.blocking import Client, connect
from ..plist import Grammar, PlistDict, PlistError, loads
from ..wire.errors import DMError
from ..wire.framing import END_TAG
from ..wire.outcome import failure_of
from .options import FAILED, USAGE, exit_without_server, fail


def send_all(names: list[str], socket: Path | None) -> NoReturn:
    """Send what the files hold, print the replies, and exit."""
    texts = [(name, _read(name)) for name in names]
    failed = False
    with exit_without_server(), connect(socket) as client:
        for name, text in texts:
            for request in _requests(text):
                error = _send(client, request)
                if error is not None:
                    typer.echo(f"netbsd-dm: {name}: {error}", err=True)
                    failed = True
    raise typer.Exit(FAILED if failed else 0)


def _send(client: Client, request: bytes) -> DMError | None:
    reply = client.exchange_text(request)
    sys.stdout.buffer.write(reply)
    sys.stdout.buffer.flush()
    return failure_of(_read_plist(request), _read_plist(reply))


def _read_plist(text: bytes) -> PlistDict:
    """What proplib reads, or nothing: only the server decides what is a request."""
    try:
        return loads(text, grammar=Grammar.PROPLIB)
    except PlistError:
        return {}


def _requests(text: bytes) -> Iterator[bytes]:
    """The property lists in `text`, each up to its end tag."""
    *complete, rest = text.split(END_TAG)
    for part in complete:
        yield part.strip() + END_TAG
    if rest.strip(b" \t\r\n\0") or not complete:
        yield rest


def _read(name: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except OSError as error:
        fail(f"cannot read {name}: {error.strerror}", USAGE)
