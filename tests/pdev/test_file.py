"""An open disk."""

import errno
import os
from pathlib import Path

import pytest

from netbsd_dm.pdev.file import FileHandle, require_disk
from netbsd_dm.wire.errors import DMError, Errno

from .conftest import descriptors, make_disk


@pytest.mark.parametrize(("size", "sectors"), [(0, 0), (511, 0), (512, 1), (51_711, 100)])
def test_the_size_is_in_whole_sectors(tmp_path: Path, size: int, sectors: int) -> None:
    path = tmp_path / "disk"
    path.write_bytes(bytes(size))
    handle = FileHandle(str(path), read_only=True)
    assert handle.size_sectors == sectors
    handle.close()


def test_the_size_is_that_of_now(disk: Path) -> None:
    handle = FileHandle(str(disk), read_only=False)
    os.truncate(disk, 7 * 512)
    assert handle.size_sectors == 7
    handle.close()


def test_a_sparse_disk_may_be_larger_than_any_memory(tmp_path: Path) -> None:
    handle = FileHandle(str(make_disk(tmp_path / "large", 2**33)), read_only=True)
    assert handle.size_sectors == 2**33
    handle.close()


def test_closing_gives_the_descriptor_back(disk: Path) -> None:
    handle = FileHandle(str(disk), read_only=False)
    assert descriptors(disk) == 1
    handle.close()
    assert descriptors(disk) == 0


@pytest.mark.parametrize("name", ["missing", "missing/below", "disk.img/below"])
def test_what_cannot_be_opened_is_enoent_with_the_reason(disk: Path, name: str) -> None:
    path = disk.parent / name
    with pytest.raises(DMError) as caught:
        FileHandle(str(path), read_only=False)
    assert caught.value.errno == Errno.ENOENT
    assert caught.value.message.startswith(f"cannot open {path}: ")


def test_what_is_missing_comes_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(DMError, match="truncate -s 64M"):
        require_disk(str(tmp_path / "missing"))


def test_what_may_not_be_written_comes_with_a_hint(
    disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    really_open = os.open

    def open_as_a_user(path: str, flags: int) -> int:
        if flags & os.O_RDWR:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return really_open(path, flags)

    # Root may write everything, so the kernel's refusal is played.
    monkeypatch.setattr(os, "open", open_as_a_user)
    with pytest.raises(DMError, match=r"Permission denied.*,ro"):
        FileHandle(str(disk), read_only=False)
    FileHandle(str(disk), read_only=True).close()


class TestRanges:
    def told(self, handle: FileHandle, offset: int, length: int) -> list[tuple[int, bool]]:
        return [(each.length_bytes, each.is_hole) for each in handle.ranges(offset, length)]

    def test_a_sparse_disk_is_one_hole(self, handle: FileHandle) -> None:
        assert self.told(handle, 0, 51_200) == [(51_200, True)]
        assert self.told(handle, 700, 5) == [(5, True)]
        assert self.told(handle, 700, 0) == []

    def test_data_and_holes_take_turns(self, handle: FileHandle) -> None:
        block = os.fstat(handle.fd).st_blksize
        handle.write(b"x" * 100, block + 5)
        assert self.told(handle, 0, 51_200) == [
            (block, True),
            (block, False),
            (51_200 - 2 * block, True),
        ]
        assert self.told(handle, block - 10, 20) == [(10, True), (10, False)]
        assert self.told(handle, 2 * block - 10, 20) == [(10, False), (10, True)]

    def test_a_full_disk_is_data(self, handle: FileHandle) -> None:
        handle.write(b"x" * 51_200, 0)
        assert self.told(handle, 0, 51_200) == [(51_200, False)]

    def test_what_cannot_be_told_is_data(
        self, handle: FileHandle, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lseek = os.lseek

        def seek(fd: int, offset: int, how: int) -> int:
            if how == os.SEEK_END:
                return lseek(fd, offset, how)
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

        monkeypatch.setattr(os, "lseek", seek)
        assert self.told(handle, 512, 1024) == [(1024, False)]

    def test_a_hole_that_somebody_punches_meanwhile_is_no_empty_range(
        self, handle: FileHandle, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        handle.write(b"x" * 51_200, 0)
        lseek = os.lseek

        def seek(fd: int, offset: int, how: int) -> int:
            if how == os.SEEK_HOLE:
                handle.discard(0, 51_200)
            return lseek(fd, offset, how)

        monkeypatch.setattr(os, "lseek", seek)
        told = self.told(handle, 0, 51_200)
        assert sum(length for length, _ in told) == 51_200
        assert min(told) > (0, True), "an empty range"


def test_reading_ahead_is_asked_of_the_host_and_changes_nothing(
    handle: FileHandle, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, ...]] = []
    monkeypatch.setattr(os, "posix_fadvise", lambda *given: asked.append(given))
    handle.read_ahead(512, 1024)
    assert asked == [(handle.fd, 512, 1024, os.POSIX_FADV_WILLNEED)]
