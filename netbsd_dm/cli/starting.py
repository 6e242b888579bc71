"""netbsd-dm serve: from options to a running server."""

import gc
import logging
import os
import pwd
import resource
import socket as socket_module
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import trio
import typer

from ..driver.profile import find_profile
from ..pdev.catalog import Catalog
from ..server import serving
from ..server.activation import activated_listener, forget_activation
from ..server.processes import exit_with_parent as end_with_parent
from ..server.settings import ServeError, Settings
from ..wire.address import SOCKET_NAME, default_socket_path, own_directory
from .devices import parse_devices
from .options import FAILED, fail


def start(
    *,
    socket: str | None,
    profile: str,
    devices: Iterable[str],
    device_dirs: Iterable[Path],
    socket_mode: str,
    superusers: Iterable[str],
    max_request_bytes: int | None,
    max_connections: int,
    nbd_path: Path | None,
    pid_file: Path | None,
    command: str | None,
    exit_with_parent: bool,
    verbose: bool,
) -> NoReturn:
    """Serve as the options of `serve` say, and exit."""
    offers = parse_devices(devices)
    private = socket == "-" or (socket is None and command is not None)
    with _socket_path(None if private else socket, private) as path:
        settings = Settings(
            socket_path=path,
            socket_mode=_octal(socket_mode),
            profile=find_profile(profile),
            catalog=Catalog(offers, device_dirs),
            max_request_bytes=max_request_bytes,
            superusers=frozenset(_uid(text) for text in superusers),
            max_connections=max_connections,
            nbd_path=nbd_path,
            nbd_listener=_activated(nbd_path),
            pid_file=pid_file,
            command=command,
        )
        status = _run(settings, exit_with_parent, verbose)
    raise typer.Exit(status)


def _activated(nbd_path: Path | None) -> socket_module.socket | None:
    try:
        listener = activated_listener(os.environ)
    except ServeError as error:
        fail(str(error), FAILED)
    if listener is not None:
        forget_activation()
        if nbd_path is not None:
            fail("there is a socket in LISTEN_FDS and an --nbd: leave one of them out")
    return listener


def _run(settings: Settings, exit_with_parent: bool, verbose: bool) -> int:
    quiet = logging.WARNING if settings.command is not None else logging.INFO
    logging.basicConfig(format="netbsd-dm: %(message)s", level=logging.DEBUG if verbose else quiet)
    _tune_garbage_collection()
    _raise_descriptor_limit()

    async def serve_here() -> int:
        return await serving.serve(settings, stop_signals=serving.STOP_SIGNALS)

    try:
        if exit_with_parent:
            end_with_parent()
        return trio.run(serve_here)
    except ServeError as error:
        fail(str(error), FAILED)


def _tune_garbage_collection() -> None:
    """Collect rarely: requests and tables hold no cycles.

    Without this the collector goes over a large table again and again while it
    is loaded: 100,000 entries took 19 us each instead of 12.
    """
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)


def _raise_descriptor_limit() -> None:
    """As far as we may: a client that waits for an event takes two descriptors."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


@contextmanager
def _socket_path(given: str | None, private: bool) -> Iterator[Path]:
    """The path to listen on; a private one lies in a directory that goes at the end."""
    if private:
        from tempfile import TemporaryDirectory

        try:
            directory = TemporaryDirectory(prefix="netbsd-dm-")
        except OSError as error:
            fail(f"no directory for a private socket: {error}; set TMPDIR, or give a --socket")
        with directory as name:
            yield Path(name) / SOCKET_NAME
    elif given is not None:
        yield Path(given)
    else:
        path = default_socket_path()
        if path.parent == own_directory(path.parent.parent, os.geteuid()):
            _make_own(path.parent)
        yield path


def _make_own(directory: Path) -> None:
    """Make the user's directory below the temporary one, or see that it is the user's."""
    try:
        directory.mkdir(mode=0o700)
    except FileExistsError:
        pass
    except OSError as error:
        fail(f"cannot make {directory}: {error.strerror}; give a --socket")
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
        return int(text) if text.isascii() and text.isdigit() else pwd.getpwnam(text).pw_uid
    except KeyError:
        raise typer.BadParameter(f"no user {text!r}", param_hint="--superuser") from None
