"""netbsd-dm send: its options."""

from typing import Annotated

import typer

from .options import SocketOption


def send(
    files: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FILE|-]...", help="Property lists; - is standard input."),
    ] = None,
    socket: SocketOption = None,
) -> None:
    """Send requests and print the replies.

    A file may hold several requests.  Exit status: 0 all done, 1 a command
    failed, 2 usage, 3 no server.

    For example:

        netbsd-dm send create.plist reload.plist
    """
    from .sending import send_all

    send_all(files or ["-"], socket)
