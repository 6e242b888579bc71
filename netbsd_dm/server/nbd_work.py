"""One NBD request, done: checked, started when its device lets it, worked on in a thread."""

from collections.abc import Callable
from typing import TypeVar

import trio

from ..blockio import operations
from ..blockio.access import Access, Op
from ..blockio.layout import HeldError
from ..blockio.volume import Volume
from ..clock.timers import Clock
from ..driver.device import Device
from ..faults.plan import AccessFault
from ..nbd import replies
from ..nbd.constants import AllocationState, Command, CommandFlag
from ..nbd.requests import Request
from ..pdev.file import Range
from ..targets.interface import Filler
from ..wire.errors import DMError, Errno
from .threads import in_thread

T = TypeVar("T")

_RANGES_MAX = 8192
"""So many ranges a reply about block status has at most; the client asks again."""
_RANGE_BYTES_MAX = 2**32 - 4096

OPS = {
    Command.READ: Op.READ,
    Command.WRITE: Op.WRITE,
    Command.FLUSH: Op.FLUSH,
    Command.TRIM: Op.DISCARD,
    Command.WRITE_ZEROES: Op.WRITE_ZEROES,
    Command.CACHE: Op.RANGES,
    Command.BLOCK_STATUS: Op.RANGES,
}
"""What a command does to the device."""


class Worker:
    """Does the requests of one connection that the fast lane leaves."""

    def __init__(self, volume: Volume, *, structured: bool) -> None:
        self._volume = volume
        self._structured = structured

    def fault(self, request: Request) -> AccessFault | None:
        """What a request meets on demand; to be asked in the order in which they come.

        None if that cannot be told yet, for a device on the way holds its I/O, or ever,
        for the request will be refused.
        """
        asked = _asked(request)
        try:
            self._check(*asked)
            return self._volume.fault(*asked)
        except (DMError, HeldError):
            return None

    async def reply(self, request: Request, fault: AccessFault | None) -> bytes | bytearray:
        """Do `request`, whose command is one of `OPS`; raises `DMError`.

        `fault` is what was told of it; if that was nothing, it is asked for again.
        """
        command = Command(request.command)
        access = await self._start(*_asked(request), fault)
        failed = True
        try:
            if delay_seconds := access.delay_seconds:
                await _passed(self._volume.mapper.clock, delay_seconds)
            answer = await self._do(command, request, access)
            if request.flags & CommandFlag.FUA and access.op.changes:
                await in_thread(lambda: operations.flush(access.files))
            failed = False
        finally:
            access.end(failed=failed)
        return answer

    async def _start(
        self, op: Op, offset_bytes: int, length_bytes: int, fault: AccessFault | None
    ) -> Access:
        asked = op, offset_bytes, length_bytes
        if fault is None:
            fault = await self._when_free(self._volume.fault, *asked)
        if fault.delay_seconds:
            await _passed(self._volume.mapper.clock, fault.delay_seconds)
        if fault.problem is not None:
            raise fault.problem
        return await self._when_free(self._volume.start, *asked)

    async def _when_free(
        self, work: Callable[[Op, int, int], T], op: Op, offset_bytes: int, length_bytes: int
    ) -> T:
        """What `work` gives, as soon as no device on the way holds its I/O."""
        while True:
            self._check(op, offset_bytes, length_bytes)
            try:
                return work(op, offset_bytes, length_bytes)
            except HeldError as held:
                await _released(held.device)

    def _check(self, op: Op, offset_bytes: int, length_bytes: int) -> None:
        if self._volume.check(op, offset_bytes, length_bytes) < length_bytes:
            raise DMError(Errno.EINVAL, f"byte {offset_bytes} is the end of the device")

    async def _do(self, command: Command, request: Request, access: Access) -> bytes | bytearray:
        if command is Command.READ:
            return await self._read(request, access)
        if command is Command.BLOCK_STATUS:
            return await self._block_status(request, access)
        await in_thread(_work_of(command, request, access))
        return replies.simple(request.cookie)

    async def _read(self, request: Request, access: Access) -> bytes | bytearray:
        offset, length = request.offset_bytes, request.length_bytes
        if self._structured and not length:
            return replies.done(request.cookie)  # a chunk of data has at least a byte
        is_whole = bool(request.flags & CommandFlag.DF)
        if self._structured and not is_whole and _is_zero(access):
            return replies.hole(request.cookie, offset, length)
        header = (
            replies.data_header(request.cookie, offset, length, is_last=True)
            if self._structured
            else replies.simple(request.cookie)
        )
        buffer = bytearray(len(header) + length)
        buffer[: len(header)] = header
        view = memoryview(buffer)[len(header) :]
        await in_thread(lambda: operations.read(access.extents, view))
        return buffer

    async def _block_status(self, request: Request, access: Access) -> bytes:
        most = 1 if request.flags & CommandFlag.REQ_ONE else _RANGES_MAX

        def look() -> list[Range]:
            found = []
            for each in operations.ranges(access.extents):
                found.append(each)
                if len(found) == most:
                    break
            return found

        ranges = await in_thread(look)
        return replies.block_status(request.cookie, [_descriptor(each) for each in ranges])


def _asked(request: Request) -> tuple[Op, int, int]:
    """What a request does to the device, and to which bytes of it."""
    if request.command == Command.FLUSH:
        return Op.FLUSH, 0, 0
    return OPS[Command(request.command)], request.offset_bytes, request.length_bytes


def _work_of(command: Command, request: Request, access: Access) -> Callable[[], None]:
    """What blocks, in a request that has no data to give."""
    if command is Command.WRITE:
        payload = request.payload
        if payload is None:
            raise DMError(Errno.EINVAL, "the write is larger than the largest we announce")
        return lambda: operations.write(access.extents, payload)
    if command is Command.FLUSH:
        return lambda: operations.flush(access.files)
    if command is Command.TRIM:
        return lambda: operations.discard(access.extents)
    if command is Command.WRITE_ZEROES:
        may_punch = not request.flags & CommandFlag.NO_HOLE
        return lambda: operations.write_zeroes(access.extents, may_punch=may_punch)
    return lambda: operations.cache(access.extents)


def _is_zero(access: Access) -> bool:
    return all(each.place is Filler.ZERO for each in access.extents)


def _descriptor(found: Range) -> tuple[int, AllocationState]:
    state = AllocationState.HOLE | AllocationState.ZERO if found.is_hole else AllocationState(0)
    return min(found.length_bytes, _RANGE_BYTES_MAX), state


async def _passed(clock: Clock, seconds: float) -> None:
    """Wait until so much time has passed by that clock."""
    due = trio.Event()
    timer = clock.call_later(seconds, due.set)
    try:
        await due.wait()
    finally:
        timer.cancel()


async def _released(device: Device) -> None:
    """Wait until something happens to a device that holds its I/O."""
    happened = trio.Event()
    device.watchers.add(happened.set)
    try:
        await happened.wait()
    finally:
        device.watchers.discard(happened.set)
