"""The thread that runs the servers of this process, in trio."""

import itertools
import os
import shutil
import tempfile
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

import trio

from ..wire.address import PATH_BYTES_MAX
from .disks import DiskPool

T = TypeVar("T")

_PREFIX: Final = "netbsd-dm-"
_NAME_BYTES: Final = 24
"""Room for the names of sockets in a directory below."""


class ServerThread:
    """Runs trio until it is stopped; everything in it happens one after the other.

    It has a private directory for their files, and the `disks` that they use.
    """

    def __init__(self) -> None:
        self._directory = _short_directory()
        self._numbers = itertools.count(1)
        self.disks = DiskPool(self._directory)
        started: Future[None] = Future()
        self._thread = threading.Thread(
            target=trio.run, args=(self._main, started), name="netbsd-dm", daemon=True
        )
        self._thread.start()
        started.result()

    def stop(self) -> None:
        """End it; every server must be closed."""
        if self.is_running:
            self._token.run_sync_soon(self._nursery.cancel_scope.cancel)
            self._thread.join()
            shutil.rmtree(self._directory, ignore_errors=True)

    def new_directory(self) -> Path:
        """A directory whose path is short enough for sockets; it goes at the end."""
        path = self._directory / str(next(self._numbers))
        path.mkdir()
        return path

    @property
    def is_running(self) -> bool:
        """Not so in a process that was forked: threads stay behind."""
        return self._thread.is_alive()

    def call(self, work: Callable[[], T]) -> T:
        """Do `work` in the thread, which does nothing else meanwhile, and wait for it.

        Unlike `trio.from_thread`, from any thread, be it one with a trio of its own.
        """
        if threading.get_ident() == self._thread.ident:
            return work()
        if not self.is_running:
            raise RuntimeError("the servers run in another process, which was forked")
        done: Future[T] = Future()

        def run() -> None:
            try:
                done.set_result(work())
            except BaseException as error:  # noqa: BLE001 (the caller raises it)
                done.set_exception(error)

        self._token.run_sync_soon(run)
        return done.result()

    def call_soon(self, work: Callable[[], object]) -> None:
        """Do `work` in the thread when it is its turn."""
        self._token.run_sync_soon(work)

    def start(self, serve: Callable[[], Awaitable[None]]) -> None:
        """Begin a task; it must raise nothing."""
        self.call(lambda: self._nursery.start_soon(serve))

    async def _main(self, started: Future[None]) -> None:
        async with trio.open_nursery() as self._nursery:
            self._token = trio.lowlevel.current_trio_token()
            started.set_result(None)
            await trio.sleep_forever()


def _short_directory() -> Path:
    """A new directory for sockets: where temporary files go, unless that path is too long."""
    directory = tempfile.mkdtemp(prefix=_PREFIX)
    if len(os.fsencode(directory)) + _NAME_BYTES > PATH_BYTES_MAX:
        Path(directory).rmdir()
        directory = tempfile.mkdtemp(prefix=_PREFIX, dir="/tmp")
    return Path(directory)


class _Shared:
    """The one thread of this process, while somebody uses it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._thread: ServerThread | None = None

    def acquire(self) -> ServerThread:
        with self._lock:
            thread = self._thread or ServerThread()
            self._thread = thread
            self._users += 1
            return thread

    def release(self) -> None:
        with self._lock:
            self._users -= 1
            if not self._users and self._thread is not None:
                self._thread.stop()
                self._thread = None


_SHARED = _Shared()


@contextmanager
def server_thread() -> Iterator[ServerThread]:
    """The thread of this process: started by its first user, stopped by its last."""
    thread = _SHARED.acquire()
    try:
        yield thread
    finally:
        _SHARED.release()
