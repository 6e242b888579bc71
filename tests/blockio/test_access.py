"""A request on its way: what it counts, and what it keeps open."""

import pytest

from netbsd_dm.blockio import access, operations
from netbsd_dm.blockio.access import Access, Op
from netbsd_dm.blockio.layout import HeldError

from .conftest import IoRig, held, line, linear


def start(rig: IoRig, name: str, op: Op = Op.READ, sector: int = 0, count: int = 1) -> Access:
    return access.start(rig.mapper, rig.device(name), op, sector * 512, count * 512)


def started(rig: IoRig) -> dict[str, int]:
    """By device the requests that work on it."""
    return {device.name: device.started_io for device in rig.mapper.devices}


def dirty(rig: IoRig) -> list[str]:
    return [device.name for device in rig.mapper.devices if device.is_dirty]


@pytest.fixture
def stacked(rig: IoRig) -> IoRig:
    """A device high: 8 sectors on low, which lies on d0, and 8 on d1."""
    rig.make("low", linear(0, 8, "/dev/d0", 50))
    rig.make("other", linear(0, 8, "/dev/d2"))
    rig.make("high", linear(0, 8, "/dev/mapper/low"), linear(8, 8, "/dev/d1"))
    return rig


def test_every_device_on_its_way_counts_it_until_its_end(stacked: IoRig) -> None:
    first = start(stacked, "high", count=16)
    assert started(stacked) == {"low": 1, "other": 0, "high": 1}
    second = start(stacked, "high", sector=8)
    assert started(stacked) == {"low": 1, "other": 0, "high": 2}
    first.end()
    assert started(stacked) == {"low": 0, "other": 0, "high": 1}
    second.end(failed=True)
    assert started(stacked) == {"low": 0, "other": 0, "high": 0}


@pytest.mark.parametrize("op", Op)
def test_what_changes_something_makes_every_device_on_its_way_dirty(stacked: IoRig, op: Op) -> None:
    start(stacked, "high", op).end()
    assert dirty(stacked) == (
        ["low", "high"] if op in (Op.WRITE, Op.DISCARD, Op.WRITE_ZEROES) else []
    )
    assert op.changes is bool(dirty(stacked))


def test_what_is_held_has_not_begun(stacked: IoRig) -> None:
    stacked.do("suspend", name="low")
    with pytest.raises(HeldError):
        start(stacked, "high", Op.WRITE, count=16)
    assert started(stacked) == {"low": 0, "other": 0, "high": 0}
    assert dirty(stacked) == []
    assert {pdev.name: pdev.references for pdev in stacked.mapper.opened} == {
        **dict.fromkeys(("/dev/d0", "/dev/d1", "/dev/d2"), 1),
        "/dev/mapper/low": 1,
    }
    start(stacked, "high", sector=8).end()


def test_its_files_are_those_it_touches_and_of_a_flush_all(stacked: IoRig) -> None:
    for begun, expected in (
        (start(stacked, "high", count=2), ["d0"]),
        (start(stacked, "high", sector=6, count=4), ["d0", "d1"]),
        (start(stacked, "high", Op.FLUSH, count=0), ["d0", "d1"]),
        (start(stacked, "low", Op.FLUSH, count=0), ["d0"]),
    ):
        paths = sorted(file.path.removeprefix(f"{stacked.directory}/") for file in begun.files)
        begun.end()
        assert paths == expected


def test_a_flush_counts_on_every_device_below(stacked: IoRig) -> None:
    begun = start(stacked, "high", Op.FLUSH, count=0)
    assert started(stacked) == {"low": 1, "other": 0, "high": 1}
    begun.end()


class TestItsFilesStayOpen:
    def read_to_the_end(self, rig: IoRig, begun: Access, expected: bytes) -> None:
        assert rig.open_files() == ["d0"]
        buffer = bytearray(len(expected))
        operations.read(begun.extents, memoryview(buffer))
        assert buffer == expected
        begun.end()
        assert rig.open_files() == []

    def test_after_the_table_is_gone(self, old: IoRig) -> None:
        old.make("v", linear(0, 8, "/dev/d0", 50))
        begun = start(old, "v", count=2)
        old.do("resume", name="v")  # to an empty table, in this profile
        assert old.device("v").live.entries == ()
        self.read_to_the_end(old, begun, held("d0", 50, 2))

    def test_after_its_device_is_gone(self, old: IoRig) -> None:
        old.make("v", linear(0, 8, "/dev/d0", 50))
        begun = start(old, "v", count=2)
        old.begin("remove", name="v")
        self.read_to_the_end(old, begun, held("d0", 50, 2))

    def test_after_the_device_below_is_gone(self, old: IoRig) -> None:
        old.make("low", linear(0, 8, "/dev/d0", 50))
        old.make("high", linear(0, 8, "/dev/mapper/low"))
        begun = start(old, "high", count=2)
        old.begin("remove", name="high")
        old.begin("remove", name="low")
        self.read_to_the_end(old, begun, held("d0", 50, 2))

    def test_two_may_keep_the_same_file(self, old: IoRig) -> None:
        old.make("v", linear(0, 8), linear(8, 8))
        first, second = start(old, "v", count=16), start(old, "v", sector=8)
        old.begin("remove", name="v")
        first.end()
        assert old.open_files() == ["d0"]
        second.end()
        assert old.open_files() == []

    def test_not_after_the_mapper_is_gone_which_closed_them_all(self, rig: IoRig) -> None:
        rig.make("v", linear(0, 8))
        begun = start(rig, "v")
        rig.mapper.close()
        assert rig.open_files() == []
        begun.end()


class TestStatistics:
    def counted(self, rig: IoRig, name: str) -> dict[str, int]:
        """What the device has counted, without zeroes and times."""
        counted = rig.device(name).statistics
        found = {key: getattr(counted, key) for key in type(counted).__slots__}
        return {key: value for key, value in found.items() if value and not key.endswith("_ns")}

    @pytest.mark.parametrize(
        ("op", "expected"),
        [
            (Op.READ, {"reads": 1, "read_bytes": 1024}),
            (Op.WRITE, {"writes": 1, "written_bytes": 1024}),
            (Op.FLUSH, {"flushes": 1}),
            (Op.DISCARD, {"discards": 1}),
            (Op.WRITE_ZEROES, {"discards": 1}),
            (Op.RANGES, {}),
        ],
    )
    def test_each_kind_is_counted_and_of_a_failure_no_bytes(
        self, rig: IoRig, op: Op, expected: dict[str, int]
    ) -> None:
        rig.make("v", linear(0, 8))
        start(rig, "v", op, count=2).end()
        assert self.counted(rig, "v") == expected
        start(rig, "v", op, count=2).end(failed=True)
        twice = {key: n if key.endswith("_bytes") else 2 * n for key, n in expected.items()}
        assert self.counted(rig, "v") == {**twice, "errors": 1}
        assert rig.device("v").statistics.requests == sum(expected.get(key, 0) for key in KINDS) * 2

    def test_what_is_forgotten_was_never_there(self, rig: IoRig) -> None:
        rig.make("v", linear(0, 8))
        start(rig, "v").forget()
        assert self.counted(rig, "v") == {}
        assert started(rig) == {"v": 0}
        rig.do("remove", name="v")
        assert rig.open_files() == []

    def test_it_is_not_counted_before_its_end(self, rig: IoRig) -> None:
        rig.make("v", linear(0, 8))
        begun = start(rig, "v")
        assert self.counted(rig, "v") == {}
        begun.end()

    def test_only_the_device_that_was_asked_counts(self, stacked: IoRig) -> None:
        start(stacked, "high").end()
        assert self.counted(stacked, "high") == {"reads": 1, "read_bytes": 512}
        assert self.counted(stacked, "low") == {}

    def test_time_is_summed_and_the_slowest_kept(self, rig: IoRig) -> None:
        rig.make("v", line(0, 8, "zero"))
        counted = rig.device("v").statistics
        start(rig, "v").end()
        assert counted.latency_ns == counted.slowest_ns > 0
        counted.took(7, requests=3)
        counted.took(10**18)
        assert counted.slowest_ns == 10**18
        assert counted.latency_ns > 10**18 + 21


KINDS = ("reads", "writes", "flushes", "discards")
