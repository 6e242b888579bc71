"""netbsd-dm exec: its options."""

from typing import Annotated

import typer

from . import server_options as options
from .options import ProfileName, ProfileOption
from .server_options import ClockName, MatchName, ServerOptions

_Program = Annotated[
    list[str],
    typer.Argument(metavar="PROGRAM [ARGUMENT]...", help="What to run; it is looked for in $PATH."),
]


def execute(
    program: _Program,
    socket: options.Listen = None,
    profile: ProfileOption = ProfileName.STANDARD,
    device: options.Devices = None,
    device_dir: options.DeviceDirectories = None,
    socket_mode: options.SocketMode = "0600",
    superuser: options.Superusers = None,
    max_request: options.RequestLimit = None,
    max_connections: options.ConnectionLimit = 500,
    nbd: options.Nbd = None,
    journal: options.Journal = None,
    fault: options.Faults = None,
    clock: options.Clock = ClockName.WALL,
    playback: options.Recording = None,
    match: options.Match = MatchName.ORDER,
    pid_file: options.PidFile = None,
    exit_with_parent: options.ExitWithParent = False,
    verbose: options.Verbose = False,
) -> None:
    """Run a program that finds NetBSD's device mapper, on a server of its own.

    The program runs with the preload shim (see netbsd-dm shim): it opens
    /dev/mapper/control and the nodes of devices as on NetBSD.  The server is private
    where --socket and --nbd do not say otherwise, and ends with the program, whose
    exit status is passed on: 128 and the number for a signal, 126 and 127 for what
    cannot be run or is not there.

    For example:

        netbsd-dm exec --device /dev/wd1a=disk.img -- make check
    """
    from .executing import run

    run(
        ServerOptions(
            socket=socket,
            profile=profile,
            devices=device or (),
            device_dirs=device_dir or (),
            socket_mode=socket_mode,
            superusers=superuser or (),
            max_request_bytes=max_request,
            max_connections=max_connections,
            nbd_path=nbd,
            pid_file=pid_file,
            program=program,
            exit_with_parent=exit_with_parent,
            verbose=verbose,
            journal=journal,
            faults=fault or (),
            clock=clock,
            playback=playback,
            match=match,
        )
    )
