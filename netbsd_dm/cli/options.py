"""Options that several subcommands share, and how the command line ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer

from ..wire.errors import NoServerError

FAILED: Final = 1
USAGE: Final = 2
NO_SERVER: Final = 3


class ProfileName(StrEnum):
    """The names of the profiles, as choices of an option."""

    STANDARD = "standard"
    NETBSD_9 = "netbsd-9"


ProfileOption = Annotated[
    ProfileName,
    typer.Option("--profile", "-p", help="netbsd-9 answers as NetBSD 7 to 9 do, bug for bug."),
]
SocketOption = Annotated[
    Path | None,
    typer.Option(
        "--socket",
        "-U",
        metavar="PATH",
        help="The server's socket.  [default: $NETBSD_DM_SOCKET, or netbsd-dm.sock in"
        " $XDG_RUNTIME_DIR, or in a directory of your own under /tmp]",
        show_default=False,
    ),
]

RunningServerOption = Annotated[
    Path | None,
    typer.Option(
        "--socket", "-U", metavar="PATH", help="Ask the server that listens here instead."
    ),
]


def fail(message: str, status: int = FAILED) -> NoReturn:
    """Print `message` to standard error and exit."""
    typer.echo(f"netbsd-dm: {message}", err=True)
    raise typer.Exit(status)


@contextmanager
def exit_without_server() -> Iterator[None]:
    """Turn a missing or lost server into exit status 3."""
    try:
        yield
    except NoServerError as error:
        fail(str(error), NO_SERVER)
