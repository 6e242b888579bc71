"""netbsd-dm replay: its options."""

from pathlib import Path
from typing import Annotated

import typer

from .options import ProfileName, ProfileOption, RunningServerOption


def replay(
    captures: Annotated[
        list[Path],
        typer.Argument(
            metavar="CAPTURE...", exists=True, help="Capture files, or directories of them."
        ),
    ],
    socket: RunningServerOption = None,
    profile: ProfileOption = ProfileName.STANDARD,
    timeout: Annotated[
        float,
        typer.Option(
            min=0.01,
            metavar="SECONDS",
            help="With --socket: a reply that has not come by then never comes.",
        ),
    ] = 5.0,
    verbose: Annotated[
        bool,
        typer.Option("--verbose", "-v", help="Show what deviates, too, and name what is skipped."),
    ] = False,
) -> None:
    """Replay recorded sessions and compare the replies byte for byte.

    Each capture meets a fresh server with the disks it was recorded with: the
    server's own code in this process, all but the socket.  With --socket, the
    running server as it is.

    In profile standard, a reply that departs from the recorded one in nothing but what
    protocol/deviations.md lists deviates: it is counted under the names that it takes
    there.  Exit status 1 if any reply differs otherwise.

    For example:

        netbsd-dm replay --profile netbsd-9 fixtures
    """
    from .replaying import replay_all

    replay_all(captures, socket, profile.value, timeout, verbose)
