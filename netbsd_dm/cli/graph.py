"""netbsd-dm graph: its options."""

from pathlib import Path
from typing import Annotated

import typer

from .options import SocketOption


def graph(
    svg: Annotated[
        Path,
        typer.Option(metavar="FILE", help="Write the picture here; - is standard output."),
    ],
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME]...",
            help="Devices, by name, uuid or minor, and what they stand on; by default all.",
        ),
    ] = None,
    socket: SocketOption = None,
) -> None:
    """Draw which device stands on which, down to the files, with sectors to scale.

    Mapped devices above, the lines of their tables as parts of them, and where these
    lie on the files below.  Exit status: 0 done, 1 no such device or it cannot be
    written, 2 usage, 3 no server.

    For example:

        netbsd-dm graph --svg disks.svg vol1
    """
    from .graphing import write_graph

    write_graph(names or [], svg, socket)
