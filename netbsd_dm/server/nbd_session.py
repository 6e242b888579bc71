"""One NBD connection in transmission: requests received, done and answered."""

import errno
from typing import Final

import trio

from ..blockio.access import Op
from ..blockio.layout import HeldError
from ..blockio.volume import Volume
from ..faults.plan import AccessFault
from ..nbd import replies
from ..nbd.constants import Command, CommandFlag, Error
from ..nbd.fastlane import SMALL_BYTES, FastLane
from ..nbd.handshake import Choice
from ..nbd.requests import Request, RequestReader
from ..wire.errors import DMError
from .nbd_errors import error_beyond
from .nbd_socket import NbdSocket
from .nbd_stream import Stream
from .nbd_work import Worker

IN_FLIGHT_BYTES: Final = 67_108_864
"""What the requests under way may hold of one client's data; then it is not read on."""
IN_FLIGHT_BASE_BYTES: Final = 65_536
"""What each counts for besides: bounds their number."""
TURN_SECONDS: Final = 0.0005
"""After so long without waiting, every other task gets its turn."""

_DF: Final = int(CommandFlag.DF)
_FUA: Final = int(CommandFlag.FUA)
_FLAGS: Final[dict[int, int]] = {
    Command.READ: _FUA | _DF,
    Command.WRITE: _FUA,
    Command.FLUSH: _FUA,
    Command.TRIM: _FUA,
    Command.CACHE: _FUA,
    Command.WRITE_ZEROES: _FUA | CommandFlag.NO_HOLE,
    Command.BLOCK_STATUS: _FUA | CommandFlag.REQ_ONE,
}
"""The flags that a command takes.  FUA may come with any: it means nothing there."""


class Session:
    """Answers the requests on one connection, until the client is done with it."""

    def __init__(
        self, connection: NbdSocket, volume: Volume, choice: Choice, already: bytes
    ) -> None:
        self._connection = connection
        self._reader = RequestReader(already)
        self._structured = choice.structured
        self._allocation = choice.allocation
        self._max_bytes = choice.export.block_size.maximum
        self._volume = volume
        self._lane = FastLane(volume, structured=choice.structured)
        self._worker = Worker(volume, structured=choice.structured)
        self._stream = Stream(connection)
        self._in_flight_bytes = 0
        self._waits_for_room = trio.lowlevel.ParkingLot()

    async def run(self, requests: trio.Nursery) -> bool:
        """Receive requests until the client says that it is done; False if it just went.

        Those that wait run in `requests`.  Raises `RequestError` for what is no
        request, and `OSError`.
        """
        turn_ends = trio.current_time() + TURN_SECONDS
        while True:
            if trio.current_time() > turn_ends:
                await trio.lowlevel.checkpoint()
                turn_ends = trio.current_time() + TURN_SECONDS
            if sent := self._lane.run(self._reader):
                await self._stream.flush()
                await self._connection.send(self._lane.view[:sent])
                continue
            request = self._reader.next_request()
            if request is not None and await self._streamed(request):
                continue
            await self._stream.flush()
            if request is None:
                count = await self._connection.receive_into(self._reader.space)
                if not count:
                    return False
                self._reader.received(count)
            elif request.command == Command.DISC:
                return True
            else:
                await self._take(request, requests)

    async def _take(self, request: Request, requests: trio.Nursery) -> None:
        problem = self._fault(request)
        if problem is not None:
            await self._connection.send(self._failure(request, *problem))
            return
        if request.payload is not None and not request.is_own:
            # More will be received to where it lies.
            request = request._replace(payload=memoryview(bytes(request.payload)))
        await self._reserve(request)
        # Here, for tasks run in no certain order.
        requests.start_soon(self._serve, request, self._worker.fault(request))

    def _fault(self, request: Request) -> tuple[Error, str] | None:
        """What is wrong with the request by the protocol itself."""
        taken = _FLAGS.get(request.command)
        if taken is None or (request.command == Command.BLOCK_STATUS and not self._allocation):
            return Error.EINVAL, f"command {request.command} is not known, or was not negotiated"
        if request.flags & ~taken:
            return Error.EINVAL, f"flags {request.flags:#x} do not go with this command"
        has_data = request.command in (Command.READ, Command.WRITE)
        if has_data and request.length_bytes > self._max_bytes:
            return Error.EINVAL, f"more than {self._max_bytes} bytes at once"
        if request.command == Command.BLOCK_STATUS and not request.length_bytes:
            return Error.EINVAL, "the status of no bytes at all cannot be told"
        return None

    async def _streamed(self, request: Request) -> bool:
        """Answer a large read from the page cache, if it is one."""
        is_large = SMALL_BYTES < request.length_bytes <= self._max_bytes
        if request.command or not is_large or request.flags & ~_DF or not self._structured:
            return False
        if self._volume.is_watched:
            return False
        offset, length = request.offset_bytes, request.length_bytes
        try:
            self._volume.check(Op.READ, offset, length)
            access = self._volume.start(Op.READ, offset, length)
        except (DMError, HeldError):
            return False  # the long way waits, or tells
        if access.is_treated or not self._stream.can_send(access):
            access.forget()
            return False
        await self._stream.send(request, access)
        return True

    async def _serve(self, request: Request, fault: AccessFault | None) -> None:
        try:
            try:
                reply = await self._worker.reply(request, fault)
            except DMError as error:
                number = error_beyond(request, self._volume.size_bytes, error)
                reply = self._failure(request, number, error.message)
            await self._connection.send(reply)
        except OSError:
            pass  # the client is gone, and whoever receives from it knows
        finally:
            self._in_flight_bytes -= self._cost(request)
            self._waits_for_room.unpark_all()

    async def _reserve(self, request: Request) -> None:
        """Wait until there is room for another request."""
        while self._in_flight_bytes and (
            self._in_flight_bytes + self._cost(request) > IN_FLIGHT_BYTES
        ):
            await self._wait_for_room()
        self._in_flight_bytes += self._cost(request)

    async def _wait_for_room(self) -> None:
        """Wait until a request is done; raises `BrokenPipeError` if the client goes first."""
        is_done = False
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._connection.cancel_on_hangup, nursery.cancel_scope)
            await self._waits_for_room.park()
            is_done = True
            nursery.cancel_scope.cancel()
        if not is_done:
            raise BrokenPipeError(errno.EPIPE, "the client is gone")

    def _cost(self, request: Request) -> int:
        has_data = request.command in (Command.READ, Command.WRITE)
        return IN_FLIGHT_BASE_BYTES + (request.length_bytes if has_data else 0)

    def _failure(self, request: Request, error: Error, message: str) -> bytes:
        return replies.failure(
            request.command, request.cookie, error, message, structured=self._structured
        )
