"""netbsd-dm record: its options."""

from pathlib import Path
from typing import Annotated

import typer


def record(
    out: Annotated[
        Path, typer.Argument(metavar="OUT", help="The capture; it must be new, or empty.")
    ],
    listen: Annotated[Path, typer.Option(metavar="PATH", help="Where clients connect.")],
    upstream: Annotated[
        Path, typer.Option(metavar="PATH", help="The socket of the server that answers them.")
    ],
    scenario: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="What the capture calls itself.  [default: as the file is called]"
        ),
    ] = None,
    device: Annotated[
        list[str] | None,
        typer.Option(
            "--device",
            "-d",
            metavar="NAME=FILE[,dev=MAJOR:MINOR]",
            help="A disk that tables name, for the capture to tell, so that a replay makes one"
            " of its size.  A netbsd-dm server tells what it was given itself.  Repeatable.",
        ),
    ] = None,
) -> None:
    """Record what clients and a server say, as a capture.

    Clients connect to the one socket, the server listens on the other, and every
    exchange is written as it is answered.  The server takes all clients for the user
    who records.  SIGTERM, SIGINT and SIGHUP end it, with status 0; whatever ends it, the
    capture is whole up to then.

    For example:

        netbsd-dm record --listen dm.sock --upstream real.sock session.jsonl
    """
    from .recording import record_clients

    record_clients(out, listen, upstream, scenario, device or ())
