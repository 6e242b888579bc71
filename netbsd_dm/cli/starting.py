"""netbsd-dm serve: from options to a running server."""

import gc
import logging
import os
import pwd
import resource
import socket as socket_module
import stat
from collections.abc import Collection, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import trio
import typer

from ..clock.timers import ManualClock, WallClock
from ..driver.profile import find_profile
from ..faults.plan import Plan
from ..pdev.catalog import Catalog
from ..server import serving
from ..server.activation import activated_listener, forget_activation
from ..server.journal import Journal
from ..server.processes import exit_with_parent as end_with_parent
from ..server.responding import Responder
from ..server.settings import Command, ServeError, Settings
from ..wire.address import SOCKET_NAME, default_socket_path, own_directory
from .devices import parse_devices
from .options import FAILED, USAGE, fail
from .server_options import ClockName, ServerOptions

if TYPE_CHECKING:
    from ..capture.playback import Playback


def start(options: ServerOptions) -> NoReturn:
    """Serve as the options of `serve` say, and exit."""
    private = options.socket == "-" or (options.socket is None and options.command is not None)
    with ExitStack() as stack:
        path = stack.enter_context(_socket_path(None if private else options.socket, private))
        playback = _playback(options)
        settings = settings_of(options, path, stack, playback)
        status = _run(settings, options)
    if playback is not None:
        for line in playback.summary():
            typer.echo(f"netbsd-dm: {line}", err=True)
        status = status or (FAILED if playback.departures else 0)
    raise typer.Exit(status)


def settings_of(
    options: ServerOptions, path: Path, stack: ExitStack, responder: Responder | None = None
) -> Settings:
    """The server that `options` describe, listening on `path`; `stack` closes its files."""
    catalog = Catalog(parse_devices(options.devices), options.device_dirs)
    return Settings(
        socket_path=path,
        socket_mode=_octal(options.socket_mode),
        profile=find_profile(options.profile),
        catalog=catalog,
        max_request_bytes=options.max_request_bytes,
        superusers=frozenset(_uid(text) for text in options.superusers),
        max_connections=options.max_connections,
        nbd_path=options.nbd_path,
        nbd_listener=_activated(options.nbd_path),
        faults=_faults(options.faults),
        clock=ManualClock() if options.clock is ClockName.MANUAL else WallClock(),
        journals=_journals(options, catalog, stack),
        responder=responder,
        pid_file=options.pid_file,
        command=_command(options),
    )


def _command(options: ServerOptions) -> Command | None:
    if options.program:
        return Command(tuple(options.program), options.variables, has_terminal=True)
    return None if options.command is None else Command(("/bin/sh", "-c", options.command))


def _faults(rules: Iterable[str]) -> Plan:
    try:
        return Plan.of(rules)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--fault") from None


def _journals(options: ServerOptions, catalog: Catalog, stack: ExitStack) -> Collection[Journal]:
    if options.journal is None:
        return ()
    from ..capture.journal import CaptureJournal

    try:
        journal = CaptureJournal(options.journal, options.profile, catalog)
    except OSError as error:
        fail(f"cannot write the journal {options.journal}: {error.strerror}; give another file")
    return (stack.enter_context(closing(journal)),)


def _playback(options: ServerOptions) -> "Playback | None":
    if options.playback is None:
        return None
    from ..capture.format import CaptureError
    from ..capture.playback import Match, playback_of

    try:
        return playback_of(
            options.playback, Match(options.match.value), find_profile(options.profile)
        )
    except CaptureError as error:
        fail(str(error), USAGE)
    except OSError as error:
        fail(f"cannot read {options.playback}: {error.strerror}", USAGE)


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


def _run(settings: Settings, options: ServerOptions) -> int:
    quiet = logging.WARNING if settings.command is not None else logging.INFO
    level = logging.DEBUG if options.verbose else quiet
    logging.basicConfig(format="netbsd-dm: %(message)s", level=level)
    _tune_garbage_collection()
    _raise_descriptor_limit()

    async def serve_here() -> int:
        return await serving.serve(settings, stop_signals=serving.STOP_SIGNALS)

    try:
        if options.exit_with_parent:
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
