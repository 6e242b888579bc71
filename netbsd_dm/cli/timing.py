"""netbsd-dm clock: the time of a running server."""

from pathlib import Path

import typer

from ..client.monitor import Monitor
from ..faults.times import parse_time
from ..wire.state import ClockState
from .looking import looking
from .options import USAGE, fail
from .sections import clock_text


def show_clock(*, advances: bool, time: str | None, socket: Path | None) -> None:
    """Print the time, after so much of it has passed if it is to advance."""
    seconds = _seconds(time) if advances else None
    with looking(socket) as monitor:
        if seconds is None:
            clock = monitor.clock()
        else:
            clock = ClockState(manual=True, time_ns=_advance(monitor, seconds))
    typer.echo(clock_text(clock))


def _advance(monitor: Monitor, seconds: float) -> int:
    try:
        return monitor.advance(seconds)
    except ValueError as error:
        fail(str(error), USAGE)


def _seconds(time: str | None) -> float:
    if time is None:
        fail("advance by how much?  Give a time such as 200ms, 1.5s or 2min", USAGE)
    try:
        return parse_time(time)
    except ValueError as error:
        fail(f"{time!r} is no time: {error}", USAGE)
