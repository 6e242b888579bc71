"""netbsd-dm tree: its options."""

from typing import Annotated

import typer

from .options import SocketOption


def tree(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME]...", help="Devices, by name, uuid or minor; by default all."
        ),
    ] = None,
    inverted: Annotated[
        bool,
        typer.Option("--inverted", help="From the files up to the devices that stand on them."),
    ] = False,
    ascii_: Annotated[
        bool, typer.Option("--ascii", help="Draw with plain characters, for old terminals.")
    ] = False,
    all_: Annotated[
        bool, typer.Option("--all", help="Look at every line of tables of more than 1,000.")
    ] = False,
    socket: SocketOption = None,
) -> None:
    """Show which device stands on which, down to the files.

    With the sectors that it takes there; both tables count.  Exit status: 0 done, 1 no
    such device, 2 usage, 3 no server.

    For example:

        netbsd-dm tree vol1
    """
    from .treeing import print_tree

    print_tree(names or [], socket, is_inverted=inverted, is_ascii=ascii_, shows_all=all_)
