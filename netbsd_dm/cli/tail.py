"""netbsd-dm tail: its options."""

from typing import Annotated

import typer

from .options import SocketOption


def tail(
    json: Annotated[
        bool,
        typer.Option("--json", help="As a capture, one exchange a line: `capture show` reads it."),
    ] = False,
    socket: SocketOption = None,
) -> None:
    """Show what a server is asked, and what it answers, as it happens.

    From now on, until Ctrl-C or the end of the server: when by the server's clock, the
    number of the client, the exchange, and the faults that hit.  Requests that only look
    at the server are not shown.  Exit status: 0 at the end, 2 usage, 3 no server.

    For example:

        netbsd-dm tail --json > seen.jsonl
    """
    from .tailing import print_journal

    print_journal(socket, as_json=json)
