"""Reading and writing an open disk, up to its end and beyond."""

import errno
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netbsd_dm.pdev.file import FileHandle, Range
from netbsd_dm.wire.errors import Errno

from .conftest import CHANGES, SECTORS, Change, every_change, noise, read, refused


@given(st.integers(0, 40_000), st.binary(max_size=3000))
def test_what_was_written_is_read_and_all_around_it_is_as_it_was(offset: int, data: bytes) -> None:
    fd = os.memfd_create("disk")
    try:
        before = noise(SECTORS * 512)
        os.pwrite(fd, before, 0)
        handle = FileHandle(f"/proc/self/fd/{fd}", read_only=False)
        handle.write(data, offset)
        expected = before[:offset] + data + before[offset + len(data) :]
        assert read(handle, 0, len(before)) == expected
        assert read(handle, offset, len(data)) == data
        handle.close()
    finally:
        os.close(fd)


@pytest.mark.parametrize("pieces", [1, 7, 100])
def test_what_the_kernel_does_in_pieces_is_done_whole(
    handle: FileHandle, monkeypatch: pytest.MonkeyPatch, pieces: int
) -> None:
    data = noise(1000)
    pwrite, preadv = os.pwrite, os.preadv
    monkeypatch.setattr(os, "pwrite", lambda fd, view, at: pwrite(fd, view[:pieces], at))
    handle.write(data, 512)
    monkeypatch.setattr(os, "preadv", lambda fd, views, at: preadv(fd, (views[0][:pieces],), at))
    assert read(handle, 512, 1000) == data


class TestAFileThatBecameShorter:
    """It was truncated to 5 sectors after it was opened."""

    @pytest.fixture(autouse=True)
    def short(self, handle: FileHandle, disk: Path) -> None:
        handle.write(b"o" * SECTORS * 512, 0)
        os.truncate(disk, 5 * 512)

    def test_a_read_beyond_its_end_is_eio_after_what_there_is(
        self, handle: FileHandle, disk: Path
    ) -> None:
        buffer = bytearray(b"?" * 1024)
        error = refused(lambda: handle.read_into(memoryview(buffer), 4 * 512))
        assert error.errno == Errno.EIO
        assert f"{disk} ends at byte 2560" in error.message
        assert buffer[:512] == b"o" * 512

    @every_change
    def test_a_change_beyond_its_end_is_eio_after_what_there_is(
        self, handle: FileHandle, disk: Path, change: Change
    ) -> None:
        error = refused(lambda: change(handle, 4 * 512, 1024))
        assert error.errno == Errno.EIO
        assert f"{disk} ends at byte 2560" in error.message
        held = disk.read_bytes()
        assert len(held) == 5 * 512, "the file grew, or shrank"
        assert held[: 4 * 512] == b"o" * 4 * 512
        if change is not CHANGES["discard"]:
            assert held[4 * 512 :] == (b"w" if change is CHANGES["write"] else b"\0") * 512

    @every_change
    @pytest.mark.parametrize("offset", [5 * 512, 50 * 512])
    def test_a_change_behind_its_end_changes_nothing(
        self, handle: FileHandle, disk: Path, change: Change, offset: int
    ) -> None:
        assert refused(lambda: change(handle, offset, 512)).errno == Errno.EIO
        assert disk.read_bytes() == b"o" * 5 * 512

    @every_change
    def test_half_a_sector_at_its_end_is_not_there(
        self, handle: FileHandle, disk: Path, change: Change
    ) -> None:
        os.truncate(disk, 4 * 512 + 100)
        assert refused(lambda: change(handle, 4 * 512, 50)).errno == Errno.EIO
        assert disk.read_bytes() == b"o" * (4 * 512 + 100)

    def test_behind_its_end_there_is_no_hole_for_nothing_can_be_read(
        self, handle: FileHandle
    ) -> None:
        assert list(handle.ranges(6 * 512, 1024)) == [Range(1024, is_hole=False)]
        across = list(handle.ranges(4 * 512, 1024))
        assert sum(each.length_bytes for each in across) == 1024
        assert not any(each.is_hole for each in across)

    def test_it_is_logged_once(self, handle: FileHandle, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.WARNING):
            for _ in range(3):
                refused(lambda: handle.write(bytes(512), 5 * 512))
        assert [record.levelname for record in caplog.records] == ["WARNING"]


@every_change
def test_what_is_offered_read_only_is_eperm_and_as_it_was(
    read_only: FileHandle, disk: Path, change: Change
) -> None:
    error = refused(lambda: change(read_only, 0, 512))
    assert error.errno == Errno.EPERM
    assert str(disk) in error.message
    assert "without ,ro" in error.message
    assert disk.stat().st_blocks == 0
    assert read(read_only, 0, 512) == bytes(512)


@pytest.mark.parametrize(
    ("number", "expected"), [(errno.ENOSPC, Errno.ENOSPC), (errno.EIO, Errno.EIO), (5, Errno.EIO)]
)
def test_what_the_host_refuses_names_file_and_place(
    handle: FileHandle,
    disk: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    expected: Errno,
) -> None:
    def refuse(*given: object) -> int:
        raise OSError(number, os.strerror(number))

    for name in ("pwrite", "preadv", "fdatasync"):
        monkeypatch.setattr(os, name, refuse)
    for work, doing, place in (
        (lambda: handle.write(b"x", 512), "write", 512),
        (lambda: read(handle, 1024, 5), "read", 1024),
        (handle.sync, "flush", 0),
    ):
        error = refused(work)
        assert error.errno == expected
        assert error.message.startswith(f"cannot {doing} {disk} at byte {place}: ")
        assert os.strerror(number) in error.message


FULL = """
import errno, subprocess, sys
from pathlib import Path
from netbsd_dm.pdev.file import FileHandle
from netbsd_dm.wire.errors import DMError

directory = Path(sys.argv[1])
if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", directory]).returncode:
    sys.exit(77)
path = directory / "disk"
with path.open("wb") as file:
    file.truncate(1_048_576)
handle = FileHandle(str(path), read_only=False)
handle.write(b"a" * 32768, 0)
try:
    handle.write(b"b" * 262_144, 32768)
except DMError as error:
    print(error.name, error.message)
data = path.read_bytes()
print(len(data), data[:32768] == b"a" * 32768, data[32768:36864] == b"b" * 4096)
"""


def test_a_full_file_system_is_enospc(tmp_path: Path) -> None:
    # In a mount namespace of its own, which goes with the process.
    arguments = ["unshare", "--user", "--map-root-user", "--mount", sys.executable, "-c", FULL]
    try:
        done = subprocess.run([*arguments, tmp_path], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("no unshare")
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip(f"no mounts here: {done.stderr.strip()}")
    first, second = done.stdout.splitlines()
    assert first.startswith(f"ENOSPC cannot write {tmp_path}/disk at byte "), done.stderr
    assert "make room" in first
    assert second == "1048576 True True", "what fitted is there, and the file has its size"


def test_a_device_that_is_no_disk_is_never_opened() -> None:
    error = refused(lambda: FileHandle("/dev/full", read_only=False))
    assert error.errno == Errno.ENOENT
    assert "neither a regular file nor a block device" in error.message


def test_a_flush_that_fails_is_eio_and_can_be_tried_again(
    handle: FileHandle, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(fd: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", refuse)
        assert refused(handle.sync).errno == Errno.EIO
    handle.sync()


def test_where_writes_must_end(handle: FileHandle, read_only: FileHandle) -> None:
    assert handle.writable_bytes == handle.size_bytes
    assert read_only.writable_bytes == -1
