"""Which requests an open device refuses, by profile."""

from functools import partial

import pytest

from netbsd_dm.blockio.access import Op
from netbsd_dm.blockio.volume import Volume
from netbsd_dm.plist import UInt
from netbsd_dm.wire.errors import DMError, Errno

from .conftest import IoRig, held, linear, refused

SIZE = 8 * 512


def answer(volume: Volume, op: Op, offset: int, length: int) -> int | str:
    """How many bytes may be moved, or the name of the refusal."""
    try:
        return volume.check(op, offset, length)
    except DMError as error:
        return error.name


@pytest.mark.parametrize(
    ("offset", "length", "standard", "netbsd_9"),
    [
        pytest.param(0, SIZE, SIZE, SIZE, id="all of it"),
        pytest.param(0, 0, 0, 0, id="nothing"),
        pytest.param(512, 512, 512, 512, id="a sector"),
        pytest.param(1, 512, 512, "EINVAL", id="an odd offset"),
        pytest.param(0, 511, 511, "EINVAL", id="an odd length"),
        pytest.param(SIZE - 1, 1, 1, "EINVAL", id="the last byte"),
        pytest.param(SIZE, 0, 0, 0, id="nothing at the end"),
        pytest.param(SIZE, 1, "EINVAL", 0, id="a byte at the end"),
        pytest.param(SIZE, 10**9, "EINVAL", 0, id="much at the end"),
        pytest.param(SIZE - 512, 1024, "EINVAL", "EINVAL", id="across the end"),
        pytest.param(0, SIZE + 512, "EINVAL", "EINVAL", id="more than there is"),
        pytest.param(SIZE + 512, 512, "EINVAL", "EINVAL", id="behind the end"),
        pytest.param(SIZE + 512, 0, "EINVAL", "EINVAL", id="nothing behind the end"),
        pytest.param(2**64, 512, "EINVAL", "EINVAL", id="far away"),
        pytest.param(-512, 512, "EINVAL", "EINVAL", id="before the start"),
        pytest.param(512, -512, "EINVAL", "EINVAL", id="of negative length"),
    ],
)
@pytest.mark.parametrize("op", [op for op in Op if op is not Op.FLUSH])
def test_ranges(
    rig: IoRig,
    old: IoRig,
    op: Op,
    offset: int,
    length: int,
    standard: int | str,
    netbsd_9: int | str,
) -> None:
    for each, expected in ((rig, standard), (old, netbsd_9)):
        each.make("v", linear(0, 8))
        assert answer(each.open("v"), op, offset, length) == expected, each.profile.name


def test_a_refusal_says_why(rig: IoRig, old: IoRig) -> None:
    for each in (rig, old):
        each.make("v", linear(0, 8))
    error = refused(lambda: rig.open("v").read(4000, 1000))
    assert error.message == "bytes 4000 to 5000 are beyond the end of v, which has 4096"
    error = refused(lambda: old.open("v").write(0, b"x"))
    assert error.message == "offset 0 or length 1 is no multiple of 512"


def test_at_the_end_nothing_is_moved_in_netbsd_9(old: IoRig) -> None:
    old.make("v", linear(0, 8))
    volume = old.open("v")
    assert volume.read(SIZE, 512) == b""
    assert volume.write(SIZE, b"x" * 512) == 0
    assert old.disk("d0", 8, 1) == held("d0", 8)


@pytest.mark.parametrize("op", Op)
def test_read_only(rig: IoRig, old: IoRig, op: Op) -> None:
    for each, refusal in ((rig, "EPERM"), (old, 512)):
        each.make("v", linear(0, 8), flags=UInt(5))
        volume = each.open("v")
        assert volume.is_read_only is (each is rig)
        assert answer(volume, op, 0, 512) == (refusal if op.changes else 512)
    rig.make("writable", linear(0, 8))
    assert not rig.open("writable").is_read_only


def test_every_way_to_change_a_read_only_device_is_refused(rig: IoRig) -> None:
    rig.make("v", linear(0, 8), flags=UInt(5))
    volume = rig.open("v")
    for work in (
        lambda: volume.write(0, b"x"),
        lambda: volume.discard(0, 512),
        lambda: volume.write_zeroes(0, 512),
    ):
        error = refused(work)
        assert error.errno == Errno.EPERM
        assert "flag READONLY" in error.message
    volume.flush()
    assert volume.read(0, 4096) == held("d0", 0, 8)


def test_read_only_is_the_device_that_is_written_not_one_above(rig: IoRig) -> None:
    rig.make("low", linear(0, 8))
    rig.make("high", linear(0, 8, "/dev/mapper/low"), flags=UInt(5))
    assert refused(lambda: rig.open("high").write(0, b"x")).errno == Errno.EPERM
    assert rig.open("low").write(0, b"x") == 1


@pytest.mark.parametrize("op", Op)
def test_a_removed_device_is_eio(old: IoRig, op: Op) -> None:
    old.make("v", linear(0, 8))
    volume = old.open("v")
    old.do("remove", name="v")
    for offset in (0, SIZE):
        error = refused(partial(volume.check, op, offset, 512))
        assert error.errno == Errno.EIO
        assert error.message == "v was removed: disconnect"
    volume.close()
    assert volume.device.open_count == 0
    assert old.open_files() == []


def test_behind_the_end_of_a_file_it_is_einval_in_netbsd_9(rig: IoRig, old: IoRig) -> None:
    for each, behind in ((rig, Errno.EIO), (old, Errno.EINVAL)):
        each.make("v", linear(0, 8))
        each.truncate("d0", 4)
        volume = each.open("v")
        for sector, count, expected in ((5, 1, behind), (4, 1, Errno.EIO), (3, 2, Errno.EIO)):
            at, length = sector * 512, count * 512
            assert refused(partial(volume.read, at, length)).errno == expected, sector
            assert refused(partial(volume.write, at, b"x" * length)).errno == expected, sector
        counted = each.device("v").statistics
        assert (counted.reads, counted.writes, counted.errors) == (3, 3, 6)
        assert each.device("v").started_io == 0
