"""A server in a thread of the test's process, for clients that block."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager

import trio

from netbsd_dm import Settings, serve
from netbsd_dm.driver.mapper import Mapper


@contextmanager
def serving(settings: Settings) -> Iterator[Mapper]:
    """A server for the time of a block; gives its mapper, to be looked at between exchanges."""
    started: Future[Mapper] = Future()
    token: Future[trio.lowlevel.TrioToken] = Future()
    scope = trio.CancelScope()

    async def run() -> None:
        token.set_result(trio.lowlevel.current_trio_token())
        with scope:
            async with trio.open_nursery() as nursery:
                started.set_result(await nursery.start(serve, settings))

    thread = threading.Thread(target=trio.run, args=(run,))
    thread.start()
    try:
        yield started.result(60)
    finally:
        token.result(60).run_sync_soon(scope.cancel)
        thread.join()
