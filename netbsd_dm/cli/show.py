"""netbsd-dm show: its options."""

from typing import Annotated

import typer

from .options import SocketOption


def show(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME]...", help="Only these devices, by name, uuid or minor, and their disks."
        ),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Everything as JSON, as protocol/monitor.md has it.")
    ] = False,
    all_: Annotated[bool, typer.Option("--all", help="Long tables whole.")] = False,
    socket: SocketOption = None,
) -> None:
    """Show the state of a server: devices, tables, disks, clients, faults, clock.

    Nothing in the server changes, and no journal tells of it.  Exit status: 0 done,
    1 no such device, 2 usage, 3 no server.

    For example:

        netbsd-dm show vol1
    """
    from .showing import show_state

    show_state(names or [], socket, as_json=json, shows_all=all_)
