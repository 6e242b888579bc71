"""netbsd-dm iostat: its options."""

from typing import Annotated

import typer

from .options import SocketOption

_Interval = Annotated[
    float | None,
    typer.Option(
        min=0.01,
        metavar="SECONDS",
        help="Report again and again, each time what was added since, until Ctrl-C.",
    ),
]
_Count = Annotated[
    int | None, typer.Option(min=1, metavar="N", help="With --interval: end after N reports.")
]
_Json = Annotated[bool, typer.Option("--json", help="One JSON array a line, one for each report.")]


def iostat(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Devices; by default all.")
    ] = None,
    interval: _Interval = None,
    count: _Count = None,
    json: _Json = False,
    socket: SocketOption = None,
) -> None:
    """Show what has been read from and written to devices.

    The first report counts from the creation of each device; the slowest request
    always does.  Times are in microseconds.  Exit status: 0 done or interrupted,
    1 no such device or no such command in the server, 2 usage, 3 no server.

    For example:

        netbsd-dm iostat vol1 --interval 1
    """
    from .reporting import report

    report(names or [], interval, count, as_json=json, socket=socket)
