"""What is done to extents, one after the other, whatever fails on the way."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from netbsd_dm.blockio import operations
from netbsd_dm.blockio.extents import Extent
from netbsd_dm.pdev.file import FileHandle, Range
from netbsd_dm.targets.interface import Filler
from netbsd_dm.wire.errors import Errno

from .conftest import held, refused


@pytest.fixture
def file(tmp_path: Path) -> Iterator[FileHandle]:
    """A file of 8 filled sectors."""
    path = tmp_path / "d0"
    path.write_bytes(held("d0", 0, 8))
    handle = FileHandle(str(path), read_only=False)
    yield handle
    handle.close()


def contents(file: FileHandle) -> bytes:
    return Path(file.path).read_bytes()


def gapped(file: FileHandle, fault: Filler | None) -> list[Extent]:
    """Two sectors of the file, a sector that fails, a sector of zero, and two of the file."""
    return [
        Extent(file, 512, 1024),
        Extent(fault, 0, 512),
        Extent(Filler.ZERO, 0, 512),
        Extent(file, 3072, 1024),
    ]


faults = pytest.mark.parametrize(
    ("fault", "errno"), [(Filler.ERROR, Errno.EIO), (None, Errno.EINVAL)], ids=["error", "hole"]
)


@faults
def test_a_read_goes_on_behind_a_fault(
    file: FileHandle, fault: Filler | None, errno: Errno
) -> None:
    buffer = bytearray(b"?" * 3072)
    error = refused(lambda: operations.read(gapped(file, fault), memoryview(buffer)))
    assert error.errno == errno
    assert buffer == held("d0", 1, 2) + b"?" * 512 + bytes(512) + held("d0", 6, 2)


DOES: dict[str, Callable[[list[Extent]], None]] = {
    "write": lambda extents: operations.write(extents, memoryview(b"x" * 3072)),
    "discard": operations.discard,
    "punch": lambda extents: operations.write_zeroes(extents, may_punch=True),
    "zero": lambda extents: operations.write_zeroes(extents, may_punch=False),
}


@faults
@pytest.mark.parametrize("name", DOES)
def test_a_change_goes_on_behind_a_fault(
    file: FileHandle, name: str, fault: Filler | None, errno: Errno
) -> None:
    assert refused(lambda: DOES[name](gapped(file, fault))).errno == errno
    held_now = contents(file)
    assert held_now[:512] == held("d0", 0)
    assert held_now[1536:3072] == held("d0", 3, 3)
    if name != "discard":
        filler = b"x" if name == "write" else b"\0"
        assert held_now[512:1536] == held_now[3072:] == filler * 1024


@pytest.mark.parametrize("name", DOES)
def test_of_several_faults_the_first_is_told(file: FileHandle, name: str) -> None:
    extents = [Extent(None, 0, 512), Extent(Filler.ERROR, 0, 512), Extent(file, 4096, 2048)]
    assert refused(lambda: DOES[name](extents)).errno == Errno.EINVAL
    assert refused(lambda: DOES[name](extents[1:])).message.startswith("the target error")
    assert refused(lambda: DOES[name](extents[2:])).errno == Errno.EIO


def test_to_read_ahead_is_asked_of_every_file(
    file: FileHandle, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "posix_fadvise", lambda _, at, length, __: asked.append((at, length)))
    error = refused(lambda: operations.cache(gapped(file, Filler.ERROR)))
    assert error.errno == Errno.EIO
    assert asked == [(512, 1024), (3072, 1024)]


def test_neighbours_of_one_kind_are_one_range(file: FileHandle) -> None:
    os.truncate(file.path, 0)
    os.truncate(file.path, 65_536)
    file.write(b"x" * 4096, 32_768)
    extents = [
        Extent(file, 0, 8192),
        Extent(Filler.ZERO, 0, 512),
        Extent(file, 32_768, 4096),
        Extent(Filler.ERROR, 0, 512),
        Extent(None, 0, 512),
        Extent(Filler.ZERO, 0, 512),
    ]
    assert list(operations.ranges(extents)) == [
        Range(8704, is_hole=True),
        Range(5120, is_hole=False),
        Range(512, is_hole=True),
    ]
    assert list(operations.ranges([])) == []


def test_ranges_are_looked_for_only_as_far_as_they_are_asked_for(file: FileHandle) -> None:
    def extents() -> Iterator[Extent]:
        yield Extent(file, 0, 512)
        yield Extent(Filler.ZERO, 0, 512)
        pytest.fail("it looked further")

    assert next(operations.ranges(extents())) == Range(512, is_hole=False)
