"""Small requests, answered straight from the receive buffer.

A read whose bytes are in the page cache and a write that goes there take a
microsecond or three; a task and a thread for it take much more.  So this goes over
the buffer in one loop, as long as the requests are of that kind, and gathers the
replies in one buffer, to be sent at once.  Anything else ends the loop and goes
the long way: flags, errors, holes, files that might wait.

Measured with 4 KiB reads, 32 sent at once, one core: 3.6 us a request all in all,
and 72 us the long way.
"""

import os
import time
from typing import Final

from ..blockio.layout import HeldError, Layout, Window, layout_of, look_through
from ..blockio.volume import Volume
from ..driver.device import Device
from ..pdev.file import FileHandle
from ..pdev.handle import SECTOR_BYTES
from ..wire.errors import DMError
from .constants import (
    REPLY_FLAG_DONE,
    REQUEST_MAGIC,
    SIMPLE_REPLY_MAGIC,
    STRUCTURED_REPLY_MAGIC,
    Command,
    CommandFlag,
    ReplyType,
)
from .replies import DATA_CHUNK, OFFSET_BYTES, SIMPLE
from .requests import HEADER, RequestReader

SMALL_BYTES: Final = 65_536
"""The largest request that is answered here; a larger read need not be copied."""
OUT_BYTES: Final = 262_144
"""So much is gathered before it is sent."""

_SLOW_NS: Final = 5_000_000
_PAUSE_FACTOR: Final = 20
"""After writes that took longer than they should, as when the host throttles who
dirties too many pages, they go to threads for so many times as long."""

_NOWHERE: Final = Window(0, 0, None, 0)


class FastLane:
    """Answers what needs no waiting, for one connection.

    After `run`, the first so many bytes of `view` are to be sent.
    """

    def __init__(self, volume: Volume, *, structured: bool) -> None:
        self._volume = volume
        self._structured = structured
        self._out = bytearray(OUT_BYTES)
        self.view = memoryview(self._out)
        self._alignment = 0 if volume.profile.byte_granular else SECTOR_BYTES - 1
        self._no_writes_before_ns = 0
        self._passed: set[Device] = set()

    def run(self, reader: RequestReader) -> int:
        """Answer requests from the front of `reader`; gives the bytes to send."""
        device = self._volume.device
        if device.stops_io or device.is_removed or self._volume.is_watched:
            return 0
        begun_ns = time.perf_counter_ns()
        may_write = not self._volume.is_read_only and begun_ns > self._no_writes_before_ns
        counted = device.statistics
        reads, writes = counted.reads, counted.writes
        filled = -1
        after = 0
        while filled < after and reader.end - reader.start >= HEADER.size:
            filled = after
            command = reader.buffer[reader.start + _COMMAND_AT]
            if command == Command.READ:
                after = self._reads(reader, device, filled)
            elif command == Command.WRITE and may_write:
                after = self._writes(reader, device, filled)
        requests = counted.reads - reads + counted.writes - writes
        if requests:
            took_ns = time.perf_counter_ns() - begun_ns
            counted.took(took_ns // requests, requests)
            if took_ns > _SLOW_NS and counted.writes != writes:
                self._no_writes_before_ns = begun_ns + took_ns * _PAUSE_FACTOR
        return after

    def _reads(self, reader: RequestReader, device: Device, filled: int) -> int:
        """Answer the reads at the front; gives how much of the output is filled then."""
        buffer, start, end, out, view = (
            reader.buffer,
            reader.start,
            reader.end,
            self._out,
            self.view,
        )
        layout, window = layout_of(device.live), _NOWHERE
        size_bytes = device.live.size_sectors * SECTOR_BYTES
        unpack, read, alignment = HEADER.unpack_from, os.preadv, self._alignment
        pack = _pack_data if self._structured else _pack_simple
        header = DATA_CHUNK.size if self._structured else SIMPLE.size
        count = count_bytes = 0
        try:
            while end - start >= 28:
                magic, flags, command, cookie, offset, length = unpack(buffer, start)
                stop = offset + length
                data = filled + header
                after = data + length
                if (
                    command
                    or magic != REQUEST_MAGIC
                    or flags & _NOT_FOR_READ
                    or not 0 < length <= SMALL_BYTES
                    or (alignment and (offset | length) & alignment)
                    or stop > size_bytes
                    or after > OUT_BYTES
                ):
                    break
                if offset < window.start or stop > window.end:
                    window = self._window(layout, offset)
                if stop > window.end:
                    if not self._read_across(layout, window, offset, view[data:after]):
                        break
                elif window.cached_flags is None:
                    break
                else:
                    place = offset + window.shift
                    if read(window.fd, (view[data:after],), place, window.cached_flags) != length:
                        break
                pack(out, filled, cookie, offset, length)
                start += 28
                filled = after
                count += 1
                count_bytes += length
        except (OSError, DMError, HeldError):
            pass  # it would wait, or fail: the long way finds out, and says so
        reader.start = start
        device.statistics.reads += count
        device.statistics.read_bytes += count_bytes
        return filled

    def _writes(self, reader: RequestReader, device: Device, filled: int) -> int:
        """As `_reads`, for writes."""
        buffer, start, end, out, view = (
            reader.buffer,
            reader.start,
            reader.end,
            self._out,
            reader.view,
        )
        layout, window = layout_of(device.live), _NOWHERE
        size_bytes = device.live.size_sectors * SECTOR_BYTES
        unpack, write, alignment = HEADER.unpack_from, os.pwrite, self._alignment
        limits: dict[FileHandle, int] = {}
        count = count_bytes = 0
        try:
            while end - start >= 28:
                magic, flags, command, cookie, offset, length = unpack(buffer, start)
                stop = offset + length
                body = start + 28
                after = body + length
                if (
                    command != 1
                    or magic != REQUEST_MAGIC
                    or flags
                    or not 0 < length <= SMALL_BYTES
                    or (alignment and (offset | length) & alignment)
                    or stop > size_bytes
                    or after > end
                    or filled + 16 > OUT_BYTES
                ):
                    break
                if offset < window.start or stop > window.end:
                    window = self._window(layout, offset)
                place = window.place
                if stop > window.end:
                    if not self._write_across(layout, window, offset, view[body:after]):
                        break
                elif window.gates or not isinstance(place, FileHandle):
                    break
                else:
                    limit = limits.get(place)
                    if limit is None:
                        limit = limits[place] = place.writable_bytes
                    where = offset + window.shift
                    if where + length > limit or write(place.fd, view[body:after], where) != length:
                        break
                _pack_simple(out, filled, cookie, offset, length)
                start = after
                filled += 16
                count += 1
                count_bytes += length
        except (OSError, DMError, HeldError):
            pass
        reader.start = start
        self._wrote(device, count, count_bytes)
        return filled

    def _read_across(self, layout: Layout, window: Window, offset: int, view: memoryview) -> bool:
        """Fill `view` from several windows; False if one of them has it not at hand."""
        while True:
            length = min(len(view), window.end - offset)
            if window.cached_flags is None:
                return False
            place = offset + window.shift
            if os.preadv(window.fd, (view[:length],), place, window.cached_flags) != length:
                return False
            if length == len(view):
                return True
            view, offset = view[length:], offset + length
            window = self._window(layout, offset)

    def _write_across(self, layout: Layout, window: Window, offset: int, view: memoryview) -> bool:
        """Write `view` to several windows; False if one of them is no file, or ends."""
        while True:
            length = min(len(view), window.end - offset)
            place = window.place
            if window.gates or not isinstance(place, FileHandle):
                return False
            where = offset + window.shift
            if where + length > place.writable_bytes:
                return False
            if os.pwrite(place.fd, view[:length], where) != length:
                return False
            if length == len(view):
                return True
            view, offset = view[length:], offset + length
            window = self._window(layout, offset)

    def _wrote(self, device: Device, count: int, count_bytes: int) -> None:
        if count:
            device.statistics.writes += count
            device.statistics.written_bytes += count_bytes
            for each in (device, *self._passed):
                each.is_dirty = True

    def _window(self, layout: Layout, offset_bytes: int) -> Window:
        window = layout.window(offset_bytes)
        if isinstance(window.place, Device):
            return look_through(window, offset_bytes, self._passed)
        return window


_COMMAND_AT: Final = 7
"""Where the low byte of a request's type lies."""
_NOT_FOR_READ: Final = ~int(CommandFlag.DF)
_DATA: Final = int(ReplyType.OFFSET_DATA)


def _pack_data(out: bytearray, at: int, cookie: int, offset_bytes: int, length_bytes: int) -> None:
    size = length_bytes + OFFSET_BYTES
    DATA_CHUNK.pack_into(
        out, at, STRUCTURED_REPLY_MAGIC, REPLY_FLAG_DONE, _DATA, cookie, size, offset_bytes
    )


def _pack_simple(
    out: bytearray, at: int, cookie: int, offset_bytes: int, length_bytes: int
) -> None:
    SIMPLE.pack_into(out, at, SIMPLE_REPLY_MAGIC, 0, cookie)
