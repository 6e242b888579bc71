"""Threads, for what waits for a disk."""

from collections.abc import Callable
from typing import Final, TypeVar

import trio

T = TypeVar("T")

THREADS: Final = 16
"""So many requests wait for disks at once, of all connections; as many as nbdkit has."""

_limiter: trio.lowlevel.RunVar[trio.CapacityLimiter] = trio.lowlevel.RunVar("disk threads")


async def in_thread(work: Callable[[], T]) -> T:
    """Run `work` in a thread.  It is not given up: cancelling waits for its end."""
    try:
        limiter = _limiter.get()
    except LookupError:
        limiter = trio.CapacityLimiter(THREADS)
        _limiter.set(limiter)
    return await trio.to_thread.run_sync(work, limiter=limiter)
