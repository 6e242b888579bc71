"""netbsd-dm map: its options."""

from typing import Annotated

import typer

from .options import SocketOption


def map_sectors(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The device.")],
    sectors: Annotated[
        list[str],
        typer.Argument(
            metavar="SECTOR[+COUNT]...", help="Sectors of 512 bytes: one, or so many from there."
        ),
    ],
    inactive: Annotated[
        bool, typer.Option("--inactive", help="By the inactive table, not the live one.")
    ] = False,
    socket: SocketOption = None,
) -> None:
    """Show where sectors of a device lie.

    One line for each run: its sectors, the physical device and the sectors there;
    zero or error where a target of that kind is, and - in a hole of the table.
    Exit status: 0 done, 1 no such device or sector, 2 usage, 3 no server.

    For example:

        netbsd-dm map vol1 0+128 4096
    """
    from .mapping import print_places

    print_places(name, sectors, inactive, socket)
