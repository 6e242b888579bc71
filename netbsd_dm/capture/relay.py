"""One client that is recorded: its connection, and one to the server for it."""

import logging
import socket
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import Final

import trio

from ..server.hangup import cancel_on_hangup
from ..wire.framing import (
    LENGTH_BYTES,
    MAX_FRAME_BYTES,
    Frame,
    FrameReader,
    Framing,
    Unframed,
    frame,
)
from .recorder import Asked, Recorder

_log = logging.getLogger(__name__)

RECEIVE_BYTES: Final = 65_536
HANGUP_SECONDS: Final = 1
"""So long a reply may still come once the client has gone: what it sent last is done, as
it is without us, but nobody waits for ever.  A wait for an event ends at once."""


class _Ending(Enum):
    """How a reply ended; and what is noted of one that is not whole."""

    WHOLE = ""
    LEFT = "the client went away before the reply"
    CLOSED = "the server closed the connection instead of a reply"
    TORN = "the server closed the connection within the reply"


@dataclass(frozen=True, slots=True)
class _Answer:
    received: bytes
    """With its length before it, as far as it came."""
    ending: _Ending


class Relay:
    """Passes requests on one at a time, and the replies back in the framing of the client.

    What is no request is passed on as it is, and so is what comes back; then, as the
    server would, it ends the connection.
    """

    def __init__(
        self, client: socket.socket, upstream: socket.socket, recorder: Recorder, number: int
    ) -> None:
        self._client_socket = client
        self._upstream_socket = upstream
        self._client = trio.SocketStream(trio.socket.from_stdlib_socket(client))
        self._upstream = trio.SocketStream(trio.socket.from_stdlib_socket(upstream))
        self._recorder = recorder
        self._number = number
        self._frames = FrameReader(MAX_FRAME_BYTES)

    async def run(self) -> None:
        """Until the client goes, or the server does; raises `RecordError`."""
        is_open = True
        while is_open:
            data = await self._receive()
            if data is None:
                _log.warning("the server is gone: so is client %d", self._number)
                return
            if data:
                self._frames.feed(data)
            else:
                self._frames.end()
            is_open = await self._pass_on() and bool(data)

    async def _receive(self) -> bytes | None:
        """What the client sent next, empty at its end; None once the server is gone."""
        data: bytes | None = None
        async with trio.open_nursery() as nursery:
            nursery.start_soon(cancel_on_hangup, self._upstream_socket, nursery.cancel_scope)
            try:
                data = await self._client.receive_some(RECEIVE_BYTES)
            except trio.BrokenResourceError:
                data = b""
            nursery.cancel_scope.cancel()
        return data

    async def _pass_on(self) -> bool:
        """Every request there is; False if that was the end of the connection."""
        while (event := self._frames.next_event()) is not None:
            if isinstance(event, Frame):
                if not await self._exchange(event):
                    return False
            else:
                if isinstance(event, Unframed):
                    await self._pass_unframed(event)
                _log.warning("client %d sent what is no request", self._number)
                return False
        return True

    async def _exchange(self, request: Frame) -> bool:
        asked = self._recorder.ask(self._number, request.text)
        answer: _Answer | None = None
        try:
            answer = await self._answer(asked, request.text)
        finally:
            if answer is None:
                self._recorder.end(asked, None, note="the recording ended before the reply")
        self._record(asked, answer)
        head_bytes = LENGTH_BYTES if request.framing is Framing.TEXT else 0
        with suppress(trio.BrokenResourceError):  # it may have sent more before it went
            await self._client.send_all(answer.received[head_bytes:])
        if answer.ending in {_Ending.CLOSED, _Ending.TORN}:
            _log.warning("%s: so is client %d", answer.ending.value, self._number)
        return answer.ending is _Ending.WHOLE

    def _record(self, asked: Asked, answer: _Answer) -> None:
        if answer.ending is _Ending.WHOLE:
            self._recorder.end(asked, answer.received[LENGTH_BYTES:])
        else:
            is_dropped = answer.ending is not _Ending.LEFT
            self._recorder.end(asked, None, is_dropped=is_dropped, note=answer.ending.value)

    async def _answer(self, asked: Asked, text: bytes) -> _Answer:
        received = bytearray()
        ending = _Ending.LEFT
        patience_seconds = 0 if asked.is_wait else HANGUP_SECONDS
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._limit_at_hangup, nursery.cancel_scope, patience_seconds)
            with suppress(trio.BrokenResourceError):  # it may have answered before it closed
                await self._upstream.send_all(frame(text, Framing.LENGTH))
            with suppress(trio.BrokenResourceError):
                while not _is_whole(received):
                    data = await self._upstream.receive_some(RECEIVE_BYTES)
                    if not data:
                        break
                    received += data
            ending = _ending(received)
            nursery.cancel_scope.cancel()
        return _Answer(bytes(received), ending)

    async def _limit_at_hangup(self, scope: trio.CancelScope, patience_seconds: float) -> None:
        """Once the client is gone, cancel `scope` after so long."""
        with trio.CancelScope() as gone:
            await cancel_on_hangup(self._client_socket, gone)
        if gone.cancel_called:
            scope.deadline = trio.current_time() + patience_seconds

    async def _pass_unframed(self, event: Unframed) -> None:
        """Nothing after such a byte is understood, so it stands for all that came."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(cancel_on_hangup, self._client_socket, nursery.cancel_scope)
            with suppress(trio.BrokenResourceError):
                await self._upstream.send_all(bytes([event.first_byte]))
                await self._upstream.send_eof()
                async for data in self._upstream:
                    await self._client.send_all(data)
                await self._client.send_eof()
            nursery.cancel_scope.cancel()
        _discard_rest(self._client_socket)


def _is_whole(received: bytearray) -> bool:
    if len(received) < LENGTH_BYTES:
        return False
    return len(received) >= LENGTH_BYTES + int.from_bytes(received[:LENGTH_BYTES], "big")


def _ending(received: bytearray) -> _Ending:
    if _is_whole(received):
        return _Ending.WHOLE
    return _Ending.TORN if received else _Ending.CLOSED


def _discard_rest(connection: socket.socket) -> None:
    """Read what is there, so that closing does not reset the peer before it reads."""
    with suppress(OSError):
        for _ in range(16):
            if not connection.recv(RECEIVE_BYTES):
                return
