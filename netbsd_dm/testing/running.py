"""A server as a task of the thread of this process."""

from concurrent.futures import Future

import trio

from ..driver.mapper import Mapper
from ..server.serving import serve
from ..server.settings import Settings
from .thread import ServerThread


class ServerTask:
    """Serves `mapper` as `settings` say, and closes it at the end."""

    def __init__(self, thread: ServerThread, settings: Settings, mapper: Mapper) -> None:
        self._thread = thread
        self._settings = settings
        self._mapper = mapper
        self._scope = trio.CancelScope()
        self._listens: Future[None] = Future()
        self._has_ended: Future[None] = Future()
        thread.start(self._run)

    def wait(self) -> None:
        """Wait until the sockets listen; raises `ServeError` if the server cannot start."""
        self._listens.result()

    def stop(self) -> None:
        """End it, and wait for that; raises what ended it before its time."""
        self._thread.call(self._scope.cancel)
        self._has_ended.result()

    def started(self, value: Mapper | None = None) -> None:
        """What `serve` calls, as a `trio.TaskStatus`."""
        self._listens.set_result(None)

    async def _run(self) -> None:
        try:
            with self._scope:
                await serve(self._settings, mapper=self._mapper, task_status=self)
        except Exception as error:  # noqa: BLE001 (whoever waits for it raises it)
            waited_for = self._has_ended if self._listens.done() else self._listens
            waited_for.set_exception(error)
        finally:
            self._mapper.close()
            if not self._has_ended.done():
                self._has_ended.set_result(None)
