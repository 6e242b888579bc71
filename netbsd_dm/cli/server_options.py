"""The options of a server, which serve and exec share, and their values together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ..wire.framing import MAX_FRAME_BYTES
from .options import ProfileName


class ClockName(StrEnum):
    """How time passes in a server."""

    WALL = "wall"
    MANUAL = "manual"


class MatchName(StrEnum):
    """How a recording finds its answer."""

    ORDER = "order"
    KEYS = "keys"


Listen = Annotated[
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
Devices = Annotated[
    list[str] | None,
    typer.Option(
        "--device",
        "-d",
        metavar="NAME=FILE[,dev=MAJOR:MINOR][,ro]",
        help="Let tables use FILE, an image or block device, under NAME.  Repeatable.",
    ),
]
DeviceDirectories = Annotated[
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
SocketMode = Annotated[str, typer.Option(metavar="OCTAL", help="The mode of the socket's file.")]
Superusers = Annotated[
    list[str] | None,
    typer.Option(
        metavar="UID",
        help="Besides root and yourself, this user (number or name) may change things;"
        " everyone who can connect may look.  Repeatable.",
    ),
]
RequestLimit = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=MAX_FRAME_BYTES - 1,
        metavar="BYTES",
        help="The longest request.  [default: 1048576; netbsd-9: 65534]",
        show_default=False,
    ),
]
ConnectionLimit = Annotated[
    int, typer.Option(min=1, metavar="N", help="Further clients wait until one leaves.")
]
Nbd = Annotated[
    Path | None,
    typer.Option(
        metavar="PATH",
        help="Export the mapped devices over NBD on this Unix socket, by name, uuid or minor."
        "  A socket handed over in LISTEN_FDS is taken for that, too.",
        show_default=False,
    ),
]
PidFile = Annotated[
    Path | None,
    typer.Option(
        "--pid-file",
        "--pidfile",
        "-P",
        metavar="FILE",
        help="Write the process number here, once listening.",
    ),
]
Run = Annotated[
    str | None,
    typer.Option(
        metavar="COMMAND",
        help="Run this shell command with $NETBSD_DM_SOCKET set, end with it,"
        " and pass its exit status on.",
    ),
]
ExitWithParent = Annotated[
    bool, typer.Option("--exit-with-parent", help="End when the parent process ends.")
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Log every connection.")]
Journal = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Write every exchange here, as a capture that replay and --playback take.",
    ),
]
Faults = Annotated[
    list[str] | None,
    typer.Option(
        "--fault",
        metavar="RULE",
        help="Let something fail, such as 'reload nth=2 errno=ENOENT' or 'resume name=vol*"
        " delay=200ms'.  Repeatable; netbsd-dm fault --help has the rules.",
    ),
]
Clock = Annotated[
    ClockName,
    typer.Option(help="With manual, time passes only when netbsd-dm clock says so."),
]
Recording = Annotated[
    Path | None,
    typer.Option(
        metavar="CAPTURE",
        help="Answer from this recording alone, and say where a client departs from it.",
    ),
]
Match = Annotated[
    MatchName,
    typer.Option(
        help="With --playback: take the exchanges in their order, or by command and keys."
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerOptions:
    """What was given."""

    socket: str | None = None
    profile: ProfileName = ProfileName.STANDARD
    devices: Sequence[str] = ()
    device_dirs: Sequence[Path] = ()
    socket_mode: str = "0600"
    superusers: Sequence[str] = ()
    max_request_bytes: int | None = None
    max_connections: int = 500
    nbd_path: Path | None = None
    pid_file: Path | None = None
    command: str | None = None
    program: Sequence[str] = ()
    """With its arguments: to be run instead of a shell command, in charge of the terminal."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """To be set for it."""
    exit_with_parent: bool = False
    verbose: bool = False
    journal: Path | None = None
    faults: Sequence[str] = ()
    clock: ClockName = ClockName.WALL
    playback: Path | None = None
    match: MatchName = MatchName.ORDER
