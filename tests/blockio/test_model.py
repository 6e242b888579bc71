"""Random I/O on random stacks of tables, against plain arrays of bytes.

The model knows where a sector lies by its own formulas, and of each disk what it
holds; of bytes that were discarded it knows nothing.
"""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from random import Random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from netbsd_dm.driver.profile import STANDARD
from netbsd_dm.plist import PlistDict
from netbsd_dm.wire.errors import DMError

from .conftest import SECTOR, IoRig, line

DISKS = ("d0", "d1", "d2")
DISK_SECTORS = 40
NAMES = ("low", "middle", "high")


@dataclass(frozen=True)
class Line:
    """One line: chunks of `chunk` sectors dealt out to `places`; or a filler."""

    length: int
    chunk: int
    places: tuple[tuple[str, int], ...]
    filler: str = ""

    def request(self, start: int) -> PlistDict:
        if self.filler:
            return line(start, self.length, self.filler)
        words = " ".join(
            f"/dev/{name if name in DISKS else f'mapper/{name}'} {offset}"
            for name, offset in self.places
        )
        if len(self.places) == 1 and self.chunk == self.length:
            return line(start, self.length, "linear", words)
        return line(start, self.length, "striped", f"{len(self.places)} {self.chunk} {words}")

    def place(self, sector: int) -> tuple[str, int]:
        """The disk or device where a sector of the line lies, and its sector of that."""
        if self.filler:
            return self.filler, 0
        number = sector // self.chunk
        name, offset = self.places[number % len(self.places)]
        return name, offset + number // len(self.places) * self.chunk + sector % self.chunk


@dataclass
class Disk:
    """What a disk holds, and which bytes of it are known."""

    data: bytearray
    known: bytearray = field(default_factory=lambda: bytearray(b"\xff" * DISK_SECTORS * SECTOR))

    def differs(self, offset: int, found: bytes) -> bool:
        """Whether `found` is not what is known of that range."""
        known = int.from_bytes(self.known[offset : offset + len(found)])
        held = int.from_bytes(self.data[offset : offset + len(found)])
        return bool((held ^ int.from_bytes(found)) & known)


Piece = tuple[str, int, int, int]
"""Disk or filler, offset there, offset within the range, length: within one sector."""


class Stacks(RuleBasedStateMachine):
    """Does I/O on a mapper and on the model, and compares."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = tempfile.TemporaryDirectory(prefix="netbsd-dm-model-")
        self.rig = IoRig(STANDARD, Path(self.directory.name).resolve())
        self.random = Random(1)  # noqa: S311 (any bytes, the same every time)
        self.disks: dict[str, Disk] = {}
        self.tables: dict[str, list[Line]] = {}
        self.suspended: set[str] = set()

    def teardown(self) -> None:
        try:
            for name, disk in self.disks.items():
                found = self.rig.disk(name, 0, DISK_SECTORS)
                assert len(found) == len(disk.data)
                assert not disk.differs(0, found), f"{name} is not as it should be"
                behind = self.rig.disk(name, DISK_SECTORS, 100)
                assert behind == bytes(len(behind)), f"{name} was written where no table is"
        finally:
            self.rig.close()
            self.directory.cleanup()

    # -- tables ------------------------------------------------------------------

    @initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        for name in DISKS:
            content = self.random.randbytes(DISK_SECTORS * SECTOR)
            self.disks[name] = Disk(bytearray(content))
            (self.rig.directory / name).write_bytes(content + bytes(100 * SECTOR))
        for name in NAMES:
            self.rig.make(name)
            self.swap(name, data)
        self.volumes = {name: self.rig.open(name) for name in NAMES}

    def size(self, name: str) -> int:
        """In sectors."""
        if name in self.disks:
            return DISK_SECTORS
        return sum(each.length for each in self.tables[name])

    def draw_line(self, data: st.DataObject, below: list[str]) -> Line:
        filler = data.draw(st.sampled_from(["", "", "", "", "zero", "error"]))
        length = data.draw(st.integers(1, 12))
        if filler:
            return Line(length, 1, (), filler)
        count = data.draw(st.integers(1, 3))
        chunk = length if count == 1 else data.draw(st.integers(1, 5))
        rows = -(-length // (chunk * count))
        places = []
        for _ in range(count):
            name = data.draw(st.sampled_from(below))
            room = self.size(name) - rows * chunk
            if room < 0:
                name, room = DISKS[0], DISK_SECTORS - rows * chunk
            places.append((name, data.draw(st.integers(0, room))))
        return Line(length, chunk, tuple(places))

    @rule(name=st.sampled_from(NAMES), data=st.data())
    def swap(self, name: str, data: st.DataObject) -> None:
        below = [*DISKS, *NAMES[: NAMES.index(name)] * 2]
        lines = [self.draw_line(data, below) for _ in range(data.draw(st.integers(1, 4)))]
        requests = []
        start = 0
        for each in lines:
            requests.append(each.request(start))
            start += each.length
        self.rig.load(name, *requests)
        self.tables[name] = lines
        self.suspended.discard(name)

    @rule(name=st.sampled_from(NAMES))
    def suspend(self, name: str) -> None:
        self.rig.do("suspend", name=name)
        self.suspended.add(name)

    @rule(name=st.sampled_from(NAMES))
    def resume(self, name: str) -> None:
        self.rig.do("resume", name=name)
        self.suspended.discard(name)

    # -- where bytes lie -----------------------------------------------------------

    def place(self, name: str, sector: int, passed: set[str]) -> tuple[str, int]:
        """The disk and sector, or the filler, where a sector of a device lies."""
        while name in self.tables:
            passed.add(name)
            for each in self.tables[name]:
                if sector < each.length:
                    name, sector = each.place(sector)
                    break
                sector -= each.length
            else:
                return "hole", 0
        return name, sector

    def pieces(self, name: str, offset: int, length: int, passed: set[str]) -> Iterator[Piece]:
        done = 0
        while done < length:
            sector, within = divmod(offset + done, SECTOR)
            count = min(SECTOR - within, length - done)
            disk, there = self.place(name, sector, passed)
            yield disk, there * SECTOR + within, done, count
            done += count

    def expect(self, name: str, offset: int, length: int) -> tuple[str | None, list[Piece]]:
        """The error that I/O on this range must come to, and what is to be done."""
        if offset + length > self.size(name) * SECTOR:
            return "EINVAL", []
        passed = {name}
        pieces = list(self.pieces(name, offset, length, passed))
        if passed & self.suspended:
            return "EAGAIN", []
        faults = {"error": "EIO", "hole": "EINVAL"}
        found = [faults[piece[0]] for piece in pieces if piece[0] in faults]
        return (found[0] if found else None), [each for each in pieces if each[0] in self.disks]

    def range_of(self, name: str, data: st.DataObject) -> tuple[int, int]:
        size = self.size(name) * SECTOR
        offset = data.draw(st.just(0) | st.integers(0, size - 1))
        whole = st.just(size - offset)
        return offset, data.draw(whole | st.integers(0, size - offset) | st.integers(0, 5))

    # -- I/O -----------------------------------------------------------------------

    names = st.sampled_from([*NAMES, "high"])

    @rule(name=names, data=st.data())
    def read(self, name: str, data: st.DataObject) -> None:
        offset, length = self.range_of(name, data)
        error, pieces = self.expect(name, offset, length)
        found = b""

        def read() -> None:
            nonlocal found
            found = self.volumes[name].read(offset, length)

        assert (outcome(read), len(found)) == (error, 0 if error else length)
        if error:
            return
        covered = bytearray(length)
        for disk, there, done, count in pieces:
            covered[done : done + count] = b"\1" * count
            part = found[done : done + count]
            assert not self.disks[disk].differs(there, part), f"byte {offset + done} of {name}"
        zeroes = bytes(byte for byte, is_disk in zip(found, covered, strict=True) if not is_disk)
        assert zeroes == bytes(len(zeroes)), "the target zero gives something else"

    @rule(name=names, data=st.data(), fua=st.booleans())
    def write(self, name: str, data: st.DataObject, fua: bool) -> None:
        offset, length = self.range_of(name, data)
        error, pieces = self.expect(name, offset, length)
        content = self.random.randbytes(length)
        assert outcome(lambda: self.volumes[name].write(offset, content, fua=fua)) == error
        for disk, there, done, count in pieces:
            self.disks[disk].data[there : there + count] = content[done : done + count]
            self.disks[disk].known[there : there + count] = b"\xff" * count

    @rule(name=names, data=st.data(), may_punch=st.booleans())
    def write_zeroes(self, name: str, data: st.DataObject, may_punch: bool) -> None:
        offset, length = self.range_of(name, data)
        error, pieces = self.expect(name, offset, length)
        volume = self.volumes[name]
        assert outcome(lambda: volume.write_zeroes(offset, length, may_punch=may_punch)) == error
        for disk, there, _, count in pieces:
            self.disks[disk].data[there : there + count] = bytes(count)
            self.disks[disk].known[there : there + count] = b"\xff" * count

    @rule(name=names, data=st.data())
    def discard(self, name: str, data: st.DataObject) -> None:
        offset, length = self.range_of(name, data)
        error, pieces = self.expect(name, offset, length)
        assert outcome(lambda: self.volumes[name].discard(offset, length)) == error
        for disk, there, _, count in pieces:
            self.disks[disk].known[there : there + count] = bytes(count)

    @rule(name=names, data=st.data())
    def ranges(self, name: str, data: st.DataObject) -> None:
        offset, length = self.range_of(name, data)
        error, pieces = self.expect(name, offset, length)
        if error == "EAGAIN" or offset + length > self.size(name) * SECTOR:
            assert outcome(lambda: self.volumes[name].ranges(offset, length)) == error
            return
        found = list(self.volumes[name].ranges(offset, length))
        assert sum(each.length_bytes for each in found) == length
        assert all(each.length_bytes for each in found)
        kinds = [each.is_hole for each in found]
        assert all(one is not other for one, other in pairwise(kinds))
        holes = b"".join(bytes([each.is_hole]) * each.length_bytes for each in found)
        for disk, there, done, count in pieces:
            at = holes.find(1, done, done + count)
            if at >= 0:
                zeroes = bytes(holes.count(1, done, done + count))
                assert not self.disks[disk].differs(there + at - done, zeroes), "data in a hole"

    @rule(name=names)
    def flush(self, name: str) -> None:
        below, waiting = {name}, [name]
        while waiting:
            for each in self.tables[waiting.pop()]:
                lower = {place for place, _ in each.places if place in self.tables}
                waiting += lower - below
                below |= lower
        expected = "EAGAIN" if below & self.suspended else None
        assert outcome(self.volumes[name].flush) == expected


def outcome(work: Callable[[], object]) -> str | None:
    """The name of the error that `work` raises."""
    try:
        work()
    except DMError as error:
        return error.name
    return None


def test_random_io_does_what_a_model_says() -> None:
    steps = settings(max_examples=80, stateful_step_count=40, report_multiple_bugs=False)
    run_state_machine_as_test(Stacks, settings=steps)
