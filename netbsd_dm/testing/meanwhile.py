"""What a test does in a second thread while it goes on itself."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Final, TypeVar

T = TypeVar("T")

WAIT_SECONDS: Final = 5.0
"""Long enough for whatever does not wait for ever."""


class Meanwhile:
    """Threads that may wait for a server; `join` them once it has ended."""

    def __init__(self) -> None:
        self._threads: list[threading.Thread] = []

    @contextmanager
    def run(self, work: Callable[[], T]) -> Iterator[Future[T]]:
        """Do `work` during a block; behind it, wait for its end and raise what it raised.

        A block that raises is not held up: the thread goes on until the server ends.
        """
        result: Future[T] = Future()

        def run() -> None:
            try:
                result.set_result(work())
            except BaseException as error:  # noqa: BLE001 (whoever asks for the result raises it)
                result.set_exception(error)

        thread = threading.Thread(target=run, name="netbsd-dm meanwhile", daemon=True)
        self._threads.append(thread)
        thread.start()
        try:
            yield result
        except BaseException as error:
            if result.done() and (other := result.exception()) is not None:
                error.add_note(f"What was done meanwhile has failed: {other!r}")
            raise
        try:
            result.result(WAIT_SECONDS)
        except TimeoutError:
            if result.done():
                raise
            raise TimeoutError(
                f"it has not ended {WAIT_SECONDS:.0f} s after the block: if it waits for a"
                " manual clock, advance that further within the block"
            ) from None

    def join(self) -> None:
        """Wait for the threads to end."""
        while self._threads:
            self._threads.pop().join()
