"""Holes, zeroes and the page cache, on file systems that have them and that have not."""

import errno
import os
from pathlib import Path

import pytest

from netbsd_dm.pdev import falloc
from netbsd_dm.pdev.file import FileHandle
from netbsd_dm.wire.errors import Errno

from .conftest import CHANGES, Change, every_change, make_disk, noise, refused

MEMORY = Path("/dev/shm")  # noqa: S108 (whatever lies there, it is not opened)


def refuse_with(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Play a file system that refuses every fallocate with this number."""

    def refuse(fd: int, offset_bytes: int, length_bytes: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(falloc, "punch", refuse)
    monkeypatch.setattr(falloc, "zero", refuse)


@pytest.mark.parametrize("name", ["discard", "punch"])
def test_a_hole_gives_its_space_back_and_reads_as_zeroes(
    handle: FileHandle, disk: Path, name: str
) -> None:
    data = noise(100 * 512)
    handle.write(data, 0)
    handle.sync()
    blocks = disk.stat().st_blocks
    CHANGES[name](handle, 8192, 16_384)
    assert disk.stat().st_blocks <= blocks - 16_384 // 512
    assert disk.read_bytes() == data[:8192] + bytes(16_384) + data[24_576:]


def test_zeroes_that_must_not_be_a_hole_keep_their_space(handle: FileHandle, disk: Path) -> None:
    data = noise(100 * 512)
    handle.write(data, 0)
    handle.sync()
    handle.write_zeroes(8192, 16_384, may_punch=False)
    handle.sync()
    assert disk.stat().st_blocks * 512 >= 100 * 512
    assert disk.read_bytes() == data[:8192] + bytes(16_384) + data[24_576:]


@every_change
def test_a_change_of_no_length_is_none(handle: FileHandle, disk: Path, change: Change) -> None:
    handle.write(b"o" * 51_200, 0)
    for offset in (0, 700, 51_200):
        change(handle, offset, 0)
    assert disk.read_bytes() == b"o" * 51_200


@pytest.mark.parametrize("number", sorted(falloc.CANNOT))
@every_change
def test_where_the_host_has_no_fallocate_zeroes_are_written(
    handle: FileHandle,
    disk: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    change: Change,
) -> None:
    def refuse(fd: int, offset_bytes: int, length_bytes: int) -> None:
        raise OSError(number, os.strerror(number))

    make_disk(disk, 5000)
    handle.write(b"o" * 5000 * 512, 0)
    monkeypatch.setattr(falloc, "punch", refuse)
    monkeypatch.setattr(falloc, "zero", refuse)
    change(handle, 700, 2_300_000)
    filler = {"write": b"w", "discard": b"o", "punch": b"\0", "zero": b"\0"}
    (name,) = (name for name, each in CHANGES.items() if each is change)
    held = disk.read_bytes()
    assert held[:700] == b"o" * 700
    assert held[700:2_300_700] == filler[name] * 2_300_000
    assert held[2_300_700:] == b"o" * (5000 * 512 - 2_300_700)


@pytest.mark.parametrize("name", ["discard", "punch", "zero"])
def test_any_other_failure_of_fallocate_is_told(
    handle: FileHandle, disk: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def refuse(fd: int, offset_bytes: int, length_bytes: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(falloc, "punch", refuse)
    monkeypatch.setattr(falloc, "zero", refuse)
    error = refused(lambda: CHANGES[name](handle, 512, 512))
    assert error.errno == Errno.ENOSPC
    assert str(disk) in error.message


class TestCachedReadFlags:
    """With which preadv(2) never waits for the disk."""

    def test_what_was_just_written_is_read_with_them(self, handle: FileHandle) -> None:
        data = noise(4096)
        handle.write(data, 0)
        flags = handle.cached_flags
        if flags is None:
            pytest.skip("this file system has no such flags")
        buffer = bytearray(4096)
        assert os.preadv(handle.fd, (buffer,), 0, flags) == 4096
        assert buffer == data

    @pytest.mark.skipif(not os.access(MEMORY, os.W_OK), reason=f"no {MEMORY}")
    def test_what_lies_in_memory_can_always_be_read(self) -> None:
        fd = os.open(MEMORY, os.O_TMPFILE | os.O_RDWR)  # it has no name to leave behind
        try:
            os.pwrite(fd, b"x" * 4096, 0)
            flags = falloc.cached_read_flags(fd)
            assert flags in (0, os.RWF_NOWAIT)
            assert os.preadv(fd, (bytearray(4096),), 0, flags or 0) == 4096
        finally:
            os.close(fd)

    @pytest.mark.parametrize(
        ("number", "file_system", "expected"),
        [
            pytest.param(errno.EAGAIN, "ext4", os.RWF_NOWAIT, id="it would wait"),
            pytest.param(errno.EOPNOTSUPP, "ext4", None, id="it has no flags"),
            pytest.param(errno.EOPNOTSUPP, "", None, id="it is not known"),
            pytest.param(errno.EOPNOTSUPP, "tmpfs", 0, id="it needs none"),
            pytest.param(errno.EIO, "tmpfs", None, id="it cannot be read"),
            pytest.param(errno.EINVAL, "ext4", None, id="it knows no flags at all"),
        ],
    )
    def test_they_are_what_the_file_system_has(
        self,
        handle: FileHandle,
        monkeypatch: pytest.MonkeyPatch,
        number: int,
        file_system: str,
        expected: int | None,
    ) -> None:
        asked: list[int] = []

        def refuse(fd: int, buffers: object, offset: int, flags: int) -> int:
            asked.append(flags)
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(os, "preadv", refuse)
        monkeypatch.setattr(falloc, "_file_system", lambda _: file_system)
        assert [handle.cached_flags, handle.cached_flags] == [expected, expected]
        assert asked == [os.RWF_NOWAIT], "once is enough"
