"""Files to offer."""

from pathlib import Path

import pytest

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
