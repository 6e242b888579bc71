"""One request on its way: where it goes, and what is kept open for it."""

import time
from collections.abc import Collection
from dataclasses import dataclass, field
from enum import Enum

from ..driver.device import Device
from ..driver.mapper import Mapper
from ..pdev.file import FileHandle
from ..pdev.registry import Pdev
from ..targets.timed import UNTREATED
from .extents import Extent, extents, whole_files


class Op(Enum):
    """What a request does, what kind of I/O it is to a fault, and whether it changes the device."""

    READ = ("read", "read", False)
    WRITE = ("write", "write", True)
    FLUSH = ("flush", "flush", False)
    DISCARD = ("discard", "discard", True)
    WRITE_ZEROES = ("write zeroes", "write", True)
    RANGES = ("ask for data and holes", "", False)

    def __init__(self, _: str, kind: str, changes: bool) -> None:
        self.kind = kind
        self.changes = changes


@dataclass(slots=True)
class Access:
    """A request that has started.  `end` it, or a drain of its devices never ends.

    Until then its physical devices stay open, whatever becomes of the tables, and
    its devices count it.  `extents` may be worked on in another thread.
    """

    op: Op
    extents: list[Extent]
    length_bytes: int
    _mapper: Mapper
    _device: Device
    devices: Collection[Device]
    """Those that it passes, the device asked first and all that it stands on."""
    _pdevs: Collection[Pdev]
    _begun_ns: int = field(default_factory=time.perf_counter_ns)

    @property
    def files(self) -> set[FileHandle]:
        """The files it works on."""
        return {each.place for each in self.extents if isinstance(each.place, FileHandle)}

    @property
    def delay_seconds(self) -> float:
        """How long after its start it is to be done."""
        return max((each.treatment.delay_seconds for each in self.extents), default=0.0)

    @property
    def is_treated(self) -> bool:
        """Whether it is more than its extents: later, or with other data."""
        return any(each.treatment is not UNTREATED for each in self.extents)

    def end(self, *, failed: bool = False) -> None:
        """It is done; whether well or not goes into the statistics."""
        count(self._device, self.op, self.length_bytes, failed=failed)
        if self.op is not Op.RANGES:
            self._device.statistics.took(time.perf_counter_ns() - self._begun_ns)
        self.forget()

    def forget(self) -> None:
        """End it as if it had never been."""
        self._mapper.release(self._pdevs)
        for device in self.devices:
            device.finish_io()


def start(mapper: Mapper, device: Device, op: Op, offset_bytes: int, length_bytes: int) -> Access:
    """Begin a request on a range that has been checked; a flush has none.

    Raises `HeldError` where it must wait, and what a target raises in mapping.
    """
    passed: set[Device] = set()
    if op is Op.FLUSH:
        found = list(whole_files(device, passed))
    else:
        found = extents(device, offset_bytes, length_bytes, passed, op.kind)
    pdevs = {each.pdev for each in found if each.pdev is not None}
    mapper.retain(pdevs)
    for each in passed:
        each.start_io()
        each.is_dirty = each.is_dirty or op.changes
    return Access(op, found, length_bytes, mapper, device, passed, pdevs)


def count(device: Device, op: Op, length_bytes: int, *, failed: bool) -> None:
    """Count a request in the statistics of its device."""
    counted = device.statistics
    if failed:
        counted.errors += 1
    if op is Op.READ:
        counted.reads += 1
        counted.read_bytes += 0 if failed else length_bytes
    elif op is Op.WRITE:
        counted.writes += 1
        counted.written_bytes += 0 if failed else length_bytes
    elif op is Op.FLUSH:
        counted.flushes += 1
    elif op.changes:
        counted.discards += 1
