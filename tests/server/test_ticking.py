"""The clock of the wall, moved on by a task of the server."""

from collections.abc import AsyncIterator

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from netbsd_dm.clock.timers import WallClock
from netbsd_dm.server.ticking import keep_time

PATIENCE_SECONDS = 60
"""Until a test says that something never happens; it is no measure."""


@pytest.fixture
async def clock() -> AsyncIterator[WallClock]:
    """A clock that is kept."""
    clock = WallClock()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(keep_time, clock)
        await wait_all_tasks_blocked()
        yield clock
        nursery.cancel_scope.cancel()


async def test_a_call_is_made_when_it_is_due(clock: WallClock) -> None:
    called = trio.Event()
    begun = clock.seconds()
    clock.call_later(0.001, called.set)
    with trio.fail_after(PATIENCE_SECONDS):
        await called.wait()
    assert clock.seconds() >= begun + 0.001


async def test_what_is_due_earlier_shortens_the_sleep(clock: WallClock) -> None:
    called = trio.Event()
    late = clock.call_later(3600, called.set)
    await wait_all_tasks_blocked()
    clock.call_later(0.001, called.set)
    with trio.fail_after(PATIENCE_SECONDS):
        await called.wait()
    assert late.is_pending


async def test_a_call_may_ask_for_the_next(clock: WallClock) -> None:
    seen: list[int] = []
    done = trio.Event()

    def again() -> None:
        seen.append(len(seen))
        if len(seen) < 5:
            clock.call_later(0.001, again)
        else:
            done.set()

    clock.call_later(0, again)
    with trio.fail_after(PATIENCE_SECONDS):
        await done.wait()
    assert seen == [0, 1, 2, 3, 4]


async def test_what_was_due_before_the_server_began_is_made_up_for() -> None:
    clock, called = WallClock(), trio.Event()
    clock.call_later(0, called.set)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(keep_time, clock)
        with trio.fail_after(PATIENCE_SECONDS):
            await called.wait()
        nursery.cancel_scope.cancel()
