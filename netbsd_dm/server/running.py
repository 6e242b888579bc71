"""The program that a server runs, and ends with."""

import logging
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Mapping
from typing import Final

import trio

from ..wire.address import NBD_VARIABLE, SOCKET_VARIABLE
from .settings import Command, Settings

_log = logging.getLogger(__name__)

NOT_EXECUTABLE: Final = 126
NOT_FOUND: Final = 127
"""Exit statuses as a shell has them."""

_FORWARDED: Final = frozenset({signal.SIGTERM, signal.SIGHUP})
"""Sent to us, they are meant for the program."""
_FROM_TERMINAL: Final = frozenset({signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP})
"""The terminal sends them to the program as well: they are its own business."""
_STOPPED_BY_TERMINAL: Final = frozenset({signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU})


async def run_command(command: Command, settings: Settings) -> int:
    """Run `command` with the server of `settings`; give its exit status.

    It finds the server in $NETBSD_DM_SOCKET and $NETBSD_DM_NBD.  A program that a
    signal ended gives 128 and the signal's number, one that cannot be run 126 or 127,
    as in a shell.
    """
    environment = os.environ | _places(settings) | dict(command.variables)
    try:
        if command.has_terminal:
            return _status(await _run_in_terminal(command, environment))
        finished = await trio.run_process(command.arguments, env=environment, check=False)
    except OSError as error:
        _log.error("cannot run %s: %s", command.arguments[0], error.strerror)
        return NOT_FOUND if isinstance(error, FileNotFoundError) else NOT_EXECUTABLE
    return _status(finished.returncode)


def _places(settings: Settings) -> dict[str, str]:
    """Where the server is, which must hold after a cd, too."""
    places = {SOCKET_VARIABLE: os.fspath(settings.socket_path.absolute())}
    if settings.nbd_path is not None:
        places[NBD_VARIABLE] = os.fspath(settings.nbd_path.absolute())
    return places


def _status(returncode: int) -> int:
    return 128 - returncode if returncode < 0 else returncode


async def _run_in_terminal(command: Command, environment: Mapping[str, str]) -> int:
    """Run it to its own end, whatever the signals; what they would do to us, they do to it."""
    with trio.open_signal_receiver(*_FORWARDED, *_FROM_TERMINAL) as signals:
        # Not trio's, which could not tell that it was stopped.
        process = subprocess.Popen(  # noqa: ASYNC220, S603 (that is what we are asked to run)
            command.arguments, env=environment
        )
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_forward, signals, process)
                await _wait(process)
                nursery.cancel_scope.cancel()
        finally:
            if process.returncode is None:
                process.kill()
    return process.returncode


async def _forward(signals: AsyncIterator[int], process: "subprocess.Popen[bytes]") -> None:
    async for number in signals:
        if number in _FORWARDED and process.returncode is None:
            process.send_signal(number)


async def _wait(process: "subprocess.Popen[bytes]") -> None:
    """Wait for its end; stop with it, so that who waits for us learns of it."""
    while process.returncode is None:
        _, status = await trio.to_thread.run_sync(
            os.waitpid, process.pid, os.WUNTRACED, abandon_on_cancel=True
        )
        if not os.WIFSTOPPED(status):
            process.returncode = os.waitstatus_to_exitcode(status)
        elif os.WSTOPSIG(status) in _STOPPED_BY_TERMINAL:
            os.kill(os.getpid(), signal.SIGSTOP)
            process.send_signal(signal.SIGCONT)
