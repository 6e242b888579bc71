"""netbsd-dm clock: its options."""

from enum import StrEnum
from typing import Annotated

import typer

from .options import SocketOption


class ClockAction(StrEnum):
    """What can be done to a clock."""

    ADVANCE = "advance"


def clock(
    action: Annotated[
        ClockAction | None, typer.Argument(metavar="[advance]", help="Let time pass.")
    ] = None,
    time: Annotated[
        str | None,
        typer.Argument(metavar="[TIME]", help="So much: 200ms, 1.5s, 2min."),
    ] = None,
    socket: SocketOption = None,
) -> None:
    """Show the time of a server, or let it pass.

    The time counts from the start of the server.  Only a server that was started with
    --clock manual lets it be advanced: what becomes due meanwhile happens at once, each
    at its time.  Exit status: 0 done, 1 the server refuses, 2 usage, 3 no server.

    For example:

        netbsd-dm clock advance 30s
    """
    from .timing import show_clock

    show_clock(advances=action is ClockAction.ADVANCE, time=time, socket=socket)
