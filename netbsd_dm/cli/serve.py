"""netbsd-dm serve: run a server."""

import os
import pwd
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..client.blocking import default_socket_path
from ..driver.profile import find_profile
from ..wire.address import SOCKET_NAME, own_directory
from ..wire.framing import MAX_FRAME_BYTES
from .devices import parse_device
from .options import FAILED, ProfileName, ProfileOption, fail

if TYPE_CHECKING:
    from ..server.settings import Settings


def serve(
    socket: Annotated[
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
    ] = None,
    profile: ProfileOption = ProfileName.STANDARD,
    device: Annotated[
        list[str] | None,
        typer.Option(
            "--device",
            "-d",
            metavar="NAME=FILE[,dev=MAJOR:MINOR][,ro]",
            help="Let tables use FILE, an image or block device, under NAME.  Repeatable.",
        ),
    ] = None,
    device_dir: Annotated[
        list[Path] | None,
        typer.Option(
            "--device-dir",
            "-D",
            metavar="DIR",
            exists=True,
            file_okay=False,
            help="Let tables use the files in this directory: /dev/X is its file X.  Repeatable.",
        ),
    ] = None,
    socket_mode: Annotated[
        str, typer.Option(metavar="OCTAL", help="The mode of the socket's file.")
    ] = "0600",
    superuser: Annotated[
        list[str] | None,
        typer.Option(
            metavar="UID",
            help="Besides root and yourself, this user (number or name) may change things;"
            " everyone who can connect may look.  Repeatable.",
        ),
    ] = None,
    max_request: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=MAX_FRAME_BYTES - 1,
            metavar="BYTES",
            help="The longest request.  [default: 1048576; netbsd-9: 65534]",
            show_default=False,
        ),
    ] = None,
    max_connections: Annotated[
        int, typer.Option(min=1, metavar="N", help="Further clients wait until one leaves.")
    ] = 500,
    pid_file: Annotated[
        Path | None,
        typer.Option(
            "--pid-file",
            "--pidfile",
            "-P",
            metavar="FILE",
            help="Write the process number here, once listening.",
        ),
    ] = None,
    run: Annotated[
        str | None,
        typer.Option(
            metavar="COMMAND",
            help="Run this shell command with $NETBSD_DM_SOCKET set, end with it,"
            " and pass its exit status on.",
        ),
    ] = None,
    exit_with_parent: Annotated[
        bool, typer.Option("--exit-with-parent", help="End when the parent process ends.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log every connection.")] = False,
) -> None:
    """Run a server.

    SIGTERM, SIGINT and SIGHUP end it, with status 0.

    For example:

        netbsd-dm serve -U dm.sock --device /dev/wd1a=disk.img,dev=197:0
    """
    from ..pdev.catalog import Catalog
    from ..server.settings import Settings

    offers = [parse_device(text) for text in device or ()]
    private = socket == "-" or (socket is None and run is not None)
    with _socket_path(None if private else socket, private) as path:
        settings = Settings(
            socket_path=path,
            socket_mode=_octal(socket_mode),
            profile=find_profile(profile.value),
            catalog=Catalog(offers, device_dir or ()),
            max_request_bytes=max_request,
            superusers=frozenset(_uid(text) for text in superuser or ()),
            max_connections=max_connections,
            pid_file=pid_file,
            command=run,
        )
        status = _run(settings, exit_with_parent, verbose)
    raise typer.Exit(status)


def _run(settings: "Settings", exit_with_parent: bool, verbose: bool) -> int:
    import logging

    import trio

    from ..server import serving
    from ..server.processes import exit_with_parent as watch_parent
    from ..server.settings import ServeError

    logging.basicConfig(
        format="netbsd-dm: %(message)s", level=logging.INFO if verbose else logging.WARNING
    )

    async def serve_here() -> int:
        return await serving.serve(settings, stop_signals=serving.STOP_SIGNALS)

    try:
        if exit_with_parent:
            watch_parent()
        return trio.run(serve_here)
    except ServeError as error:
        fail(str(error), FAILED)


@contextmanager
def _socket_path(given: str | None, private: bool) -> Iterator[Path]:
    """The path to listen on; a private one lies in a directory that goes at the end."""
    if private:
        from tempfile import TemporaryDirectory

        with TemporaryDirectory(prefix="netbsd-dm-") as directory:
            yield Path(directory) / SOCKET_NAME
    elif given is not None:
        yield Path(given)
    else:
        path = default_socket_path()
        if path.parent == own_directory(path.parent.parent, os.geteuid()):
            _make_own(path.parent)
        yield path


def _make_own(directory: Path) -> None:
    """Make the user's directory below the temporary one, or see that it is the user's."""
    directory.mkdir(mode=0o700, exist_ok=True)
    status = directory.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o077:
        fail(f"{directory} is not a directory of your own with mode 0700: give a --socket")


def _octal(text: str) -> int:
    try:
        mode = int(text, 8)
    except ValueError:
        mode = -1
    if not 0 <= mode <= 0o777:
        raise typer.BadParameter(
            f"{text!r} is no file mode, such as 0660", param_hint="--socket-mode"
        )
    return mode


def _uid(text: str) -> int:
    try:
        return int(text) if text.isdigit() else pwd.getpwnam(text).pw_uid
    except KeyError:
        raise typer.BadParameter(f"no user {text!r}", param_hint="--superuser") from None
