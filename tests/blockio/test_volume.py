"""An open device: reading, writing and the rest, through its table."""

import os

import pytest

from netbsd_dm.pdev.file import Range
from netbsd_dm.wire.errors import Errno

from .conftest import FILLED_SECTORS, IoRig, held, line, linear, refused


@pytest.fixture
def mixed(rig: IoRig) -> IoRig:
    """A device v: 4 sectors of d0 from 10, 2 of zero, 2 of error, 4 of d1 from 20."""
    lines = [linear(0, 4, "/dev/d0", 10), line(4, 2, "zero"), line(6, 2, "error")]
    rig.make("v", *lines, linear(8, 4, "/dev/d1", 20))
    return rig


def test_a_read_gives_what_every_part_holds(mixed: IoRig) -> None:
    volume = mixed.open("v")
    assert volume.size_bytes == 12 * 512
    assert volume.read(0, 6 * 512) == held("d0", 10, 4) + bytes(1024)
    assert volume.read(8 * 512, 2048) == held("d1", 20, 4)
    assert volume.read(700, 5) == held("d0", 10, 4)[700:705]
    assert volume.read(700, 0) == b""


def test_a_read_across_an_error_fails(mixed: IoRig) -> None:
    error = refused(lambda: mixed.open("v").read(5 * 512, 4 * 512))
    assert error.errno == Errno.EIO
    assert "target error" in error.message


def test_a_write_across_an_error_fails_and_what_lies_around_it_is_written(mixed: IoRig) -> None:
    error = refused(lambda: mixed.open("v").write(3 * 512, b"x" * 7 * 512))
    assert error.errno == Errno.EIO
    assert mixed.disk("d0", 10, 5) == held("d0", 10, 3) + b"x" * 512 + held("d0", 14)
    assert mixed.disk("d1", 19, 4) == held("d1", 19) + b"x" * 1024 + held("d1", 22)


def test_what_is_written_to_zero_vanishes(mixed: IoRig) -> None:
    volume = mixed.open("v")
    assert volume.write(3 * 512, b"x" * 3 * 512) == 3 * 512
    assert volume.read(3 * 512, 3 * 512) == b"x" * 512 + bytes(1024)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_anything_with_bytes_can_be_written(mixed: IoRig, kind: type) -> None:
    assert mixed.open("v").write(5, kind(b"abc")) == 3
    assert mixed.disk("d0", 10, 1)[4:9] == held("d0", 10)[4:5] + b"abc" + held("d0", 10)[8:9]


def test_holes_of_a_table_are_einval_and_what_is_covered_is_written(old: IoRig) -> None:
    old.make("v", linear(0, 2), linear(4, 4, "/dev/d1", 4))
    volume = old.open("v")
    assert volume.size_bytes == 6 * 512
    error = refused(lambda: volume.write(0, b"x" * 6 * 512))
    assert error.errno == Errno.EINVAL
    assert "no line of the table" in error.message
    assert old.disk("d0", 0, 3) == b"x" * 1024 + held("d0", 2)
    assert old.disk("d1", 3, 4) == held("d1", 3) + b"x" * 1024 + held("d1", 6)
    assert refused(lambda: volume.read(512, 1024)).errno == Errno.EINVAL
    assert volume.read(0, 1024) == b"x" * 1024


def test_a_file_that_became_shorter_is_eio_and_what_is_there_is_written(mixed: IoRig) -> None:
    mixed.truncate("d0", 12)
    error = refused(lambda: mixed.open("v").write(0, b"x" * 4096))
    assert error.errno == Errno.EIO
    assert str(mixed.directory / "d0") in error.message
    assert mixed.disk("d0", 10) == b"x" * 1024, "it did not grow"


class TestFlush:
    @pytest.fixture
    def synced(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """The files that are made durable, in order."""
        paths: list[str] = []

        def fdatasync(fd: int) -> None:
            paths.append(os.path.basename(os.readlink(f"/proc/self/fd/{fd}")))  # noqa: PTH115, PTH119

        monkeypatch.setattr(os, "fdatasync", fdatasync)
        return paths

    def test_it_is_of_every_file_once(self, mixed: IoRig, synced: list[str]) -> None:
        mixed.make("high", linear(0, 4, "/dev/mapper/v"), linear(4, 4, "/dev/d1"))
        mixed.open("high").flush()
        assert sorted(synced) == ["d0", "d1"]

    def test_with_fua_it_is_of_the_files_written(self, mixed: IoRig, synced: list[str]) -> None:
        volume = mixed.open("v")
        volume.write(0, b"x")
        assert synced == []
        volume.write(0, b"x", fua=True)
        assert synced == ["d0"]
        volume.write_zeroes(8 * 512, 512, fua=True)
        assert synced == ["d0", "d1"]

    def test_one_that_fails_does_not_spare_the_others(
        self, mixed: IoRig, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tried: list[int] = []

        def refuse(fd: int) -> None:
            tried.append(fd)
            raise OSError(5, "played")

        monkeypatch.setattr(os, "fdatasync", refuse)
        assert refused(mixed.open("v").flush).errno == Errno.EIO
        assert len(tried) == 2
        assert mixed.device("v").statistics.errors == 1


def test_zeroes_are_zeroes_whether_punched_or_written(mixed: IoRig) -> None:
    volume = mixed.open("v")
    volume.write_zeroes(512, 512)
    volume.write_zeroes(2 * 512 + 7, 5, may_punch=False)
    expected = bytearray(held("d0", 10, 4))
    expected[512:1024] = bytes(512)
    expected[1031:1036] = bytes(5)
    assert volume.read(0, 2048) == expected


def test_a_discard_leaves_all_around_it(mixed: IoRig) -> None:
    mixed.open("v").discard(512, 1024)
    assert mixed.disk("d0", 0, 11) == held("d0", 0, 11)
    assert mixed.disk("d0", 13, 2) == held("d0", 13, 2)


class TestRanges:
    def test_neighbours_are_joined(self, rig: IoRig) -> None:
        at = FILLED_SECTORS  # the disks are holes from there on
        rig.make(
            "v",
            *(linear(0, 8), linear(8, 8, "/dev/d1"), line(16, 8, "error")),
            *(line(24, 8, "zero"), linear(32, 8, "/dev/d0", at), linear(40, 8, "/dev/d1", at)),
            linear(48, 8),
        )
        found = list(rig.open("v").ranges(0, 56 * 512))
        assert found == [Range(24 * 512, False), Range(24 * 512, True), Range(8 * 512, False)]

    def test_they_are_those_of_the_range(self, rig: IoRig) -> None:
        rig.make("v", linear(0, 8), line(8, 8, "zero"))
        volume = rig.open("v")
        assert list(volume.ranges(4095, 2)) == [Range(1, False), Range(1, True)]
        assert list(volume.ranges(5, 0)) == []


class TestOpening:
    def test_it_is_counted_until_it_is_closed_once(self, rig: IoRig) -> None:
        rig.make("v", linear(0, 8))
        device = rig.device("v")
        first, second = rig.open("v"), rig.open("v")
        assert device.open_count == 2
        first.close()
        first.close()
        assert device.open_count == 1
        with second:
            assert device.open_count == 1
        assert device.open_count == 0
        second.close()
        assert device.open_count == 0

    def test_a_device_without_a_table_has_no_bytes(self, rig: IoRig) -> None:
        rig.make("v")
        volume = rig.open("v")
        assert volume.size_bytes == 0
        assert refused(lambda: volume.read(0, 1)).errno == Errno.EINVAL
        volume.flush()

    def test_the_size_is_that_of_now(self, rig: IoRig) -> None:
        rig.make("v", linear(0, 8))
        volume = rig.open("v")
        rig.load("v", linear(0, 3, "/dev/d1"))
        assert volume.size_bytes == 3 * 512
        assert volume.read(0, 512) == held("d1", 0)


def test_what_is_suspended_is_eagain_and_counts_as_nothing(rig: IoRig) -> None:
    rig.make("low", linear(0, 8))
    rig.make("high", linear(0, 8, "/dev/mapper/low"))
    volume = rig.open("high")
    rig.do("suspend", name="low")
    for work in (lambda: volume.read(0, 5), lambda: volume.write(0, b"x"), volume.flush):
        error = refused(work)
        assert error.errno == Errno.EAGAIN
        assert "low is suspended: resume it first" in error.message
    assert rig.device("high").statistics.requests == 0
    rig.do("resume", name="low")
    assert volume.read(0, 512) == held("d0", 0)


def test_a_table_that_cannot_be_mapped_is_eio_and_an_error_is_counted(old: IoRig) -> None:
    old.make("v", line(0, 8, "striped", "1 0 /dev/d0 0"))
    volume = old.open("v")
    assert refused(lambda: volume.read(0, 512)).errno == Errno.EIO
    counted = old.device("v").statistics
    assert (counted.reads, counted.errors, counted.read_bytes) == (1, 1, 0)
    assert old.device("v").started_io == 0
