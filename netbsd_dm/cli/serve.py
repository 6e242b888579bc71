"""netbsd-dm serve: its options."""

from pathlib import Path
from typing import Annotated

import typer

from ..wire.framing import MAX_FRAME_BYTES
from .options import ProfileName, ProfileOption

_Listen = Annotated[
    str | None,
    typer.Option(
        "--socket",
        "-U",
        metavar="PATH",
        help="Listen here; - makes a private socket that is gone at the end."
        "  [default: $NETBSD_DM_SOCKET, or netbsd-dm.sock in $XDG_RUNTIME_DIR,"
        " or in a directory of your own under /tmp; with --run, -]",
        show_default=False,
    ),
]
_Devices = Annotated[
    list[str] | None,
    typer.Option(
        "--device",
        "-d",
        metavar="NAME=FILE[,dev=MAJOR:MINOR][,ro]",
        help="Let tables use FILE, an image or block device, under NAME.  Repeatable.",
    ),
]
_DeviceDirectories = Annotated[
    list[Path] | None,
    typer.Option(
        "--device-dir",
        "-D",
        metavar="DIR",
        exists=True,
        file_okay=False,
        help="Let tables use the files in this directory: /dev/X is its file X.  Repeatable.",
    ),
]
_SocketMode = Annotated[str, typer.Option(metavar="OCTAL", help="The mode of the socket's file.")]
_Superusers = Annotated[
    list[str] | None,
    typer.Option(
        metavar="UID",
        help="Besides root and yourself, this user (number or name) may change things;"
        " everyone who can connect may look.  Repeatable.",
    ),
]
_RequestLimit = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=MAX_FRAME_BYTES - 1,
        metavar="BYTES",
        help="The longest request.  [default: 1048576; netbsd-9: 65534]",
        show_default=False,
    ),
]
_ConnectionLimit = Annotated[
    int, typer.Option(min=1, metavar="N", help="Further clients wait until one leaves.")
]
_Nbd = Annotated[
    Path | None,
    typer.Option(
        metavar="PATH",
        help="Export the mapped devices over NBD on this Unix socket, by name, uuid or minor."
        "  A socket handed over in LISTEN_FDS is taken for that, too.",
        show_default=False,
    ),
]
_PidFile = Annotated[
    Path | None,
    typer.Option(
        "--pid-file",
        "--pidfile",
        "-P",
        metavar="FILE",
        help="Write the process number here, once listening.",
    ),
]
_Run = Annotated[
    str | None,
    typer.Option(
        metavar="COMMAND",
        help="Run this shell command with $NETBSD_DM_SOCKET set, end with it,"
        " and pass its exit status on.",
    ),
]
_ExitWithParent = Annotated[
    bool, typer.Option("--exit-with-parent", help="End when the parent process ends.")
]
_Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Log every connection.")]


def serve(
    socket: _Listen = None,
    profile: ProfileOption = ProfileName.STANDARD,
    device: _Devices = None,
    device_dir: _DeviceDirectories = None,
    socket_mode: _SocketMode = "0600",
    superuser: _Superusers = None,
    max_request: _RequestLimit = None,
    max_connections: _ConnectionLimit = 500,
    nbd: _Nbd = None,
    pid_file: _PidFile = None,
    run: _Run = None,
    exit_with_parent: _ExitWithParent = False,
    verbose: _Verbose = False,
) -> None:
    """Run a server.

    SIGTERM, SIGINT and SIGHUP end it, with status 0.

    For example:

        netbsd-dm serve -U dm.sock --device /dev/wd1a=disk.img,dev=197:0 --nbd nbd.sock
    """
    from .starting import start

    start(
        socket=socket,
        profile=profile.value,
        devices=device or (),
        device_dirs=device_dir or (),
        socket_mode=socket_mode,
        superusers=superuser or (),
        max_request_bytes=max_request,
        max_connections=max_connections,
        nbd_path=nbd,
        pid_file=pid_file,
        command=run,
        exit_with_parent=exit_with_parent,
        verbose=verbose,
    )
