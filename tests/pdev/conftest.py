"""Files to offer."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from netbsd_dm.pdev.file import FileHandle
from netbsd_dm.wire.errors import DMError

SECTORS = 100


def make_disk(path: Path, sectors: int = SECTORS) -> Path:
    """A sparse file of that size."""
    with path.open("wb") as file:
        file.truncate(sectors * 512)
    return path


def descriptors(path: Path) -> int:
    """How many descriptors of this process are open on the file."""
    status = path.stat()
    count = 0
    for link in Path("/proc/self/fd").iterdir():
        try:
            found = link.stat()
        except OSError:
            continue  # that of the listing itself, or no file
        count += (found.st_dev, found.st_ino) == (status.st_dev, status.st_ino)
    return count


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """A disk of 100 sectors."""
    return make_disk(tmp_path / "disk.img")


@pytest.fixture
def handle(disk: Path) -> Iterator[FileHandle]:
    """The disk, open for writing."""
    handle = FileHandle(str(disk), read_only=False)
    yield handle
    handle.close()


@pytest.fixture
def read_only(disk: Path) -> Iterator[FileHandle]:
    """The disk, open for reading only."""
    handle = FileHandle(str(disk), read_only=True)
    yield handle
    handle.close()


Change = Callable[[FileHandle, int, int], object]

CHANGES: dict[str, Change] = {
    "write": lambda handle, offset, length: handle.write(b"w" * length, offset),
    "discard": lambda handle, offset, length: handle.discard(offset, length),
    "punch": lambda handle, offset, length: handle.write_zeroes(offset, length, may_punch=True),
    "zero": lambda handle, offset, length: handle.write_zeroes(offset, length, may_punch=False),
}
"""What changes a range of an open disk."""

every_change = pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)


def refused(work: Callable[[], object]) -> DMError:
    """The error that `work` raises."""
    with pytest.raises(DMError) as caught:
        work()
    return caught.value


def noise(length: int) -> bytes:
    """Bytes without a pattern, the same every time."""
    return random.Random(1).randbytes(length)  # noqa: S311


def read(handle: FileHandle, offset: int, length: int) -> bytes:
    """What a range of an open disk holds."""
    buffer = bytearray(length)
    handle.read_into(memoryview(buffer), offset)
    return bytes(buffer)
