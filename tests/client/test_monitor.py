"""Looking at a running server, and steering its faults and its clock."""

import os
import threading
from pathlib import Path

import pytest

from netbsd_dm import (
    NETBSD_9,
    STANDARD,
    Client,
    DMError,
    Errno,
    Monitor,
    Profile,
    Settings,
    TableLine,
    Target,
)
from netbsd_dm.plist import PlistDict, UInt
from netbsd_dm.targets.arguments import Arguments
from netbsd_dm.targets.interface import Devices, Place
from netbsd_dm.targets.registry import _registered
from netbsd_dm.wire.state import DevNumber, PdevId, UseState
from tests.helpers.looking import make, until
from tests.helpers.threads import serving

DISK = PdevId("/dev/wd1a", DevNumber(197, 0))
OTHER = PdevId("/dev/wd2a", DevNumber(14, 0))


class TestState:
    def test_a_fresh_server_has_nothing_but_its_offers(
        self, monitor: Monitor, chosen: Profile, tmp_path: Path
    ) -> None:
        state = monitor.state()
        assert (state.profile, state.pid) == (chosen.name, os.getpid())
        assert (state.devices, state.pdevs, state.faults) == ((), (), ())
        assert [(each.name, each.path) for each in state.offers] == [
            ("/dev/wd1a", str(tmp_path / "wd1a")),
            ("/dev/wd2a", str(tmp_path / "wd2a")),
        ]
        assert [each.read_only for each in state.offers] == [False, True]

    def test_a_device_shows_both_tables(self, dm: Client, monitor: Monitor) -> None:
        make(dm, "vol1", TableLine(0, 64, "linear", "/dev/wd1a 384"))
        dm.reload("vol1", [TableLine(0, 8, "linear", "/dev/wd2a 5")])
        dm.suspend("vol1")
        (device,) = monitor.state().devices
        assert (device.name, device.minor, device.suspended) == ("vol1", 1, True)
        (live,), (inactive,) = device.live.lines, device.inactive.lines
        assert (live.start_sector, live.length_sectors) == (0, 64)
        assert (live.type, live.params) == ("linear", "/dev/wd1a 384")
        assert live.uses == (UseState(pdev=DISK, start_sector=384, end_sector=448),)
        assert inactive.uses == (UseState(pdev=OTHER, start_sector=5, end_sector=13),)
        assert (device.live.size_sectors, device.inactive.size_sectors) == (64, 8)
        assert device.uses == (DISK, OTHER)

    def test_a_stripe_lies_where_its_chunks_do(self, dm: Client, monitor: Monitor) -> None:
        make(dm, "vol1", TableLine(0, 100, "striped", "2 16 /dev/wd1a 32 /dev/wd2a 1000"))
        (line,) = monitor.state().devices[0].live.lines
        assert line.uses == (
            UseState(pdev=DISK, start_sector=32, end_sector=32 + 48 + 4),
            UseState(pdev=OTHER, start_sector=1000, end_sector=1000 + 48),
        )

    def test_a_device_used_twice_by_a_line_is_told_from_its_first_sector_to_its_last(
        self, dm: Client, monitor: Monitor
    ) -> None:
        make(dm, "vol1", TableLine(0, 64, "striped", "2 16 /dev/wd1a 1000 /dev/wd1a 32"))
        (line,) = monitor.state().devices[0].live.lines
        assert line.uses == (UseState(pdev=DISK, start_sector=32, end_sector=1032),)

    def test_physical_devices_are_counted(
        self, dm: Client, monitor: Monitor, tmp_path: Path
    ) -> None:
        lines = [TableLine(0, 8, "linear", "/dev/wd2a 0"), TableLine(8, 8, "linear", "/dev/wd2a 8")]
        make(dm, "low", *lines)
        make(dm, "top", TableLine(0, 8, "linear", "/dev/mapper/low 8"))
        mapped, disk = monitor.state().pdevs
        assert (disk.id, disk.references, disk.size_sectors) == (OTHER, 2, 2048)
        assert (disk.path, disk.read_only, disk.minor) == (str(tmp_path / "wd2a"), True, None)
        assert (mapped.id.name, mapped.references, mapped.size_sectors) == (
            "/dev/mapper/low",
            1,
            16,
        )
        assert (mapped.path, mapped.minor) == (None, 1)

    def test_only_so_many_lines_of_a_table_are_told(self, dm: Client, monitor: Monitor) -> None:
        lines = [TableLine(at, 8, "linear", f"/dev/wd1a {at}") for at in range(0, 80, 8)]
        make(dm, "vol1", *lines, TableLine(80, 8, "linear", "/dev/wd2a 0"))
        for lines_max, count in ((0, 0), (3, 3), (11, 11), (2**64 - 1, 11), (None, 11)):
            (device,) = monitor.state(lines_max).devices
            assert len(device.live.lines) == count
            assert (device.live.line_count, device.live.size_sectors) == (11, 88)
            assert device.uses == (DISK, OTHER)

    def test_other_clients_are_counted_with_their_commands(
        self, dm: Client, monitor: Monitor
    ) -> None:
        dm.version()
        dm.names()
        monitor.state()
        (other,) = monitor.state().clients
        assert (other.number, other.requests) == (1, 2)
        assert (other.pid, other.uid) == (os.getpid(), os.getuid())

    @pytest.mark.parametrize("chosen", [NETBSD_9], indirect=True)
    def test_a_place_beyond_all_sectors_is_not_told(self, dm: Client, monitor: Monitor) -> None:
        make(dm, "vol1", TableLine(0, 8, "linear", f"/dev/wd1a {2**64 - 1}"))
        (line,) = monitor.state().devices[0].live.lines
        assert line.uses == (UseState(pdev=DISK, start_sector=None, end_sector=None),)

    @pytest.mark.parametrize("chosen", [NETBSD_9], indirect=True)
    def test_a_device_that_was_removed_under_another_is_still_in_use(
        self, dm: Client, monitor: Monitor
    ) -> None:
        make(dm, "low", TableLine(0, 8, "linear", "/dev/wd1a 0"))
        make(dm, "top", TableLine(0, 8, "linear", "/dev/mapper/low 0"))
        dm.remove("low")
        state = monitor.state()
        assert [device.name for device in state.devices] == ["top"]
        assert [pdev.minor for pdev in state.pdevs] == [1]


class Broken(Target):
    """A target that can say nothing of itself."""

    name = "broken"
    version = (1, 0, 0)

    def __init__(self, arguments: Arguments, devices: Devices) -> None:
        self.pdev = devices.open(arguments.word(0, "device"))

    def map(self, sector: int) -> Place:
        raise RuntimeError("not this one")

    def table(self) -> str:
        raise RuntimeError("nor this")


class Unwritable(Broken):
    """A target whose params no property list holds."""

    name = "unwritable"

    def table(self) -> str:
        return "\0"


@pytest.mark.parametrize("chosen", [STANDARD], indirect=True)
class TestTargetsOfPackages:
    @pytest.fixture(autouse=True)
    def _installed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for target in (Broken, Unwritable):
            monkeypatch.setitem(_registered, target.name, target)

    def test_one_that_fails_is_shown_without_what_it_cannot_tell(
        self, dm: Client, monitor: Monitor
    ) -> None:
        make(dm, "vol1", TableLine(0, 8, "broken", "/dev/wd1a"))
        (line,) = monitor.state().devices[0].live.lines
        assert (line.type, line.params) == ("broken", None)
        assert line.uses == (UseState(pdev=DISK, start_sector=None, end_sector=None),)

    def test_params_that_no_property_list_holds_are_left_out(
        self, dm: Client, monitor: Monitor
    ) -> None:
        make(dm, "vol1", TableLine(0, 8, "unwritable", "/dev/wd1a"))
        (line,) = monitor.state().devices[0].live.lines
        assert (line.type, line.params) == ("unwritable", None)


class TestFaults:
    def test_rules_are_counted_and_taken_back(self, dm: Client, monitor: Monitor) -> None:
        monitor.add_fault("create nth=2 ioctl=EIO")
        dm.create("vol1")
        with pytest.raises(DMError):
            dm.create("vol2")
        dm.create("vol3")
        (rule,) = monitor.faults()
        assert (rule.rule, rule.matches, rule.hits) == ("create nth=2 ioctl=EIO", 3, 1)
        monitor.remove_fault("create nth=2 ioctl=EIO")
        assert monitor.faults() == ()

    def test_all_are_cleared(self, monitor: Monitor) -> None:
        monitor.add_fault("any drop")
        monitor.add_fault("any hangup")
        monitor.clear_faults()
        assert monitor.faults() == ()

    def test_changes_are_made_in_one_go(self, monitor: Monitor) -> None:
        monitor.add_fault("any drop")
        faults = monitor.change_faults(clear=True, add=["info errno=EIO", "table errno=EIO"])
        assert [each.rule for each in faults] == ["info errno=EIO", "table errno=EIO"]
        faults = monitor.change_faults(remove=["info errno=EIO"], add=["clear errno=EIO"])
        assert [each.rule for each in faults] == ["table errno=EIO", "clear errno=EIO"]

    @pytest.mark.parametrize(
        ("changes", "where"),
        [
            ({"add": ["any drop", "nonsense"]}, "add[1]"),
            ({"remove": ["info errno=ENOENT"]}, "remove[0]"),
            ({"remove": ["info errno=EIO", "info errno=EIO"]}, "remove[1]"),
            ({"clear": True, "remove": ["info errno=EIO"]}, "remove[0]"),
            ({"clear": True, "add": ["any"]}, "add[0]"),
            ({"clear": True, "add": [UInt(5)]}, "add[0]"),
            ({"clear": True, "add": "any drop"}, "add"),
            ({"clear": "yes", "add": ["any drop"]}, "clear"),
        ],
    )
    def test_a_wrong_change_changes_nothing(
        self, monitor: Monitor, changes: PlistDict, where: str
    ) -> None:
        monitor.add_fault("info errno=EIO")
        with pytest.raises(DMError) as caught:
            monitor.ask("faults", **changes)
        assert (caught.value.errno, caught.value.where) == (Errno.EINVAL, where)
        assert [each.rule for each in monitor.faults()] == ["info errno=EIO"]


class TestClock:
    def test_a_manual_clock_goes_on_when_told(self, monitor: Monitor) -> None:
        assert monitor.time_ns() == 0
        assert monitor.advance(1.5) == 1_500_000_000
        assert monitor.advance(0) == 1_500_000_000
        assert (monitor.clock().manual, monitor.time_ns()) == (True, 1_500_000_000)

    def test_what_was_delayed_comes(self, dm: Client, monitor: Monitor) -> None:
        monitor.add_fault("create delay=2min")
        minors: list[int] = []
        thread = threading.Thread(target=lambda: minors.append(dm.create("vol1")))
        thread.start()
        until(lambda: monitor.faults()[0].hits == 1)
        monitor.advance(119)
        assert monitor.state().devices == ()
        monitor.advance(1)
        thread.join()
        assert minors == [1]

    @pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), 1e300])
    def test_no_other_time_can_pass(self, monitor: Monitor, seconds: float) -> None:
        with pytest.raises(ValueError, match="cannot be advanced by"):
            monitor.advance(seconds)
        assert monitor.time_ns() == 0

    def test_a_time_that_is_no_number_is_refused(self, monitor: Monitor) -> None:
        with pytest.raises(DMError) as caught:
            monitor.ask("clock", advance=-5)
        assert (caught.value.errno, caught.value.where) == (Errno.EINVAL, "advance")


def test_a_clock_of_the_wall_is_not_to_be_moved(tmp_path: Path) -> None:
    settings = Settings(socket_path=tmp_path / "dm.sock")
    with serving(settings), Monitor(settings.socket_path) as monitor:
        assert not monitor.clock().manual
        with pytest.raises(DMError, match="start it with --clock manual"):
            monitor.advance(1)
