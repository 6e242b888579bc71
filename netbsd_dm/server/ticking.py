"""Moving the wall's clock on."""

import math

import trio

from ..clock.timers import WallClock


async def keep_time(clock: WallClock) -> None:
    """Make every call of `clock` when it is due; runs until cancelled."""
    while True:
        clock.run_due()
        earlier = trio.Event()
        clock.on_earlier = earlier.set
        due_seconds = clock.next_due_seconds
        wait_seconds = math.inf if due_seconds is None else due_seconds - clock.seconds()
        with trio.move_on_after(max(0.0, wait_seconds)):
            await earlier.wait()
