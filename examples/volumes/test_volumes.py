"""The volume manager against a device-mapper that the tests can look into, and break.

`dm_server` is a device mapper of the test's own, with two disks of 4096 sectors.
"""

import subprocess
import sys

import pytest
import volumes
from volumes import VolumeError, VolumeManager

from netbsd_dm import Client, DMError, NoServerError
from netbsd_dm.testing import DiskImages, DmServer, Faults, HandClock

DISKS = {"/dev/wd1a": 4096, "/dev/wd2a": 4096}
SECTOR_BYTES = 512


@pytest.fixture
def manager(dm_client: Client) -> VolumeManager:
    """What is tested, on the client of the server."""
    return VolumeManager(dm_client, DISKS)


# Where volumes are put


def test_volumes_lie_one_behind_the_other(manager: VolumeManager, dm_server: DmServer) -> None:
    manager.create("vol1", 1000)
    manager.create("vol2", 500)
    dm_server.assert_table("vol1", "0 1000 linear /dev/wd1a 0")
    dm_server.assert_maps("vol2", 0, "/dev/wd1a", 1000)


def test_a_volume_goes_on_on_the_next_disk(
    manager: VolumeManager, dm_server: DmServer, dm_disks: DiskImages
) -> None:
    manager.create("vol1", 5000)
    dm_server.assert_table("vol1", "0 4096 linear /dev/wd1a 0", "4096 904 linear /dev/wd2a 0")
    dm_server.assert_handles({"/dev/wd1a": 1, "/dev/wd2a": 1})
    with dm_server.open("vol1") as volume:
        data = volume.read(4095 * SECTOR_BYTES, 2 * SECTOR_BYTES)
    assert dm_disks.origins(data) == ["/dev/wd1a 4095", "/dev/wd2a 0"]


def test_what_a_removed_volume_had_is_used_again(
    manager: VolumeManager, dm_server: DmServer
) -> None:
    manager.create("vol1", 1000)
    manager.create("vol2", 1000)
    manager.remove("vol1")
    manager.create("vol3", 1500)
    dm_server.assert_table("vol3", "0 1000 linear /dev/wd1a 0", "1000 500 linear /dev/wd1a 2000")


def test_a_striped_volume_takes_turns(
    manager: VolumeManager, dm_server: DmServer, dm_disks: DiskImages
) -> None:
    manager.create("vol1", 100)
    manager.stripe("fast", 2048)
    dm_server.assert_table("fast", "0 2048 striped 2 16 /dev/wd1a 100 /dev/wd2a 0")
    with dm_server.open("fast") as volume:
        data = volume.read(15 * SECTOR_BYTES, 2 * SECTOR_BYTES)
    assert dm_disks.origins(data) == ["/dev/wd1a 115", "/dev/wd2a 0"]


@pytest.mark.dm(disks=3, sectors=128)
def test_a_striped_volume_lies_on_every_disk(dm_client: Client, dm_server: DmServer) -> None:
    manager = VolumeManager(dm_client, {disk.name: disk.sectors for disk in dm_server.disks})
    manager.stripe("fast", 288)
    dm_server.assert_handles({"/dev/wd1a": 1, "/dev/wd2a": 1, "/dev/wd3a": 1})
    manager.create("rest", 96)
    dm_server.assert_table(
        "rest",
        "0 32 linear /dev/wd1a 96",
        "32 32 linear /dev/wd2a 96",
        "64 32 linear /dev/wd3a 96",
    )


def test_a_striped_volume_needs_as_much_of_every_disk(
    manager: VolumeManager, dm_server: DmServer
) -> None:
    manager.create("vol1", 4000)
    with pytest.raises(VolumeError, match="/dev/wd1a has no 112 free sectors in one piece"):
        manager.stripe("fast", 224)
    with pytest.raises(VolumeError, match="multiple of 32"):
        manager.stripe("fast", 100)
    with pytest.raises(VolumeError, match="vol1 already"):
        manager.stripe("vol1", 64)
    dm_server.assert_devices("vol1")


def test_without_room_nothing_is_changed(manager: VolumeManager, dm_server: DmServer) -> None:
    manager.create("vol1", 8000)
    dm_server.forget()
    with pytest.raises(VolumeError, match="200 sectors wanted, 192 are free"):
        manager.create("vol2", 200)
    assert {asked.command for asked in dm_server.journal} == {"names", "table"}


# What can fail


def test_a_table_that_is_refused_leaves_no_device(
    manager: VolumeManager, dm_server: DmServer, dm_faults: Faults
) -> None:
    dm_faults.add("open device=/dev/wd2a")
    with pytest.raises(DMError, match="ENOENT"):
        manager.create("vol1", 5000)
    dm_server.assert_devices()
    dm_server.assert_handles({})


def test_a_name_that_is_taken_is_refused(manager: VolumeManager, dm_server: DmServer) -> None:
    manager.create("vol1", 10)
    with pytest.raises(VolumeError, match="there is a volume vol1 already"):
        manager.create("vol1", 20)
    dm_server.assert_table("vol1", "0 10 linear /dev/wd1a 0")


def test_a_volume_in_use_is_not_removed(manager: VolumeManager, dm_server: DmServer) -> None:
    manager.create("vol1", 10)
    with dm_server.open("vol1"), pytest.raises(VolumeError, match="in use"):
        manager.remove("vol1")
    dm_server.assert_devices("vol1")


def test_a_connection_that_drops_leaves_what_was_done(
    manager: VolumeManager, dm_server: DmServer, dm_faults: Faults
) -> None:
    dm_faults.add("resume drop")
    with pytest.raises(NoServerError):
        manager.create("vol1", 10)
    (volume,) = VolumeManager(dm_server.connect(), DISKS).volumes()
    assert volume.sectors == 10


@pytest.mark.dm(profile="netbsd-9")
def test_no_rename_reaches_a_driver_that_would_lose_the_volume(
    manager: VolumeManager, dm_server: DmServer
) -> None:
    manager.create("vol1", 10)
    manager.create("vol2", 20)
    with pytest.raises(VolumeError, match="vol2 already"):
        manager.rename("vol1", "vol2")
    manager.rename("vol1", "vol3")
    dm_server.assert_devices("vol2", "vol3")
    dm_server.assert_table("vol3", "0 10 linear /dev/wd1a 0")


# A volume that grows


def test_an_extended_volume_keeps_what_it_holds(
    manager: VolumeManager, dm_server: DmServer, dm_disks: DiskImages
) -> None:
    manager.create("vol1", 10)
    with dm_server.open("vol1") as volume:
        volume.write(9 * SECTOR_BYTES, b"x" * SECTOR_BYTES)
        manager.extend("vol1", 10)
        assert volume.size_bytes == 20 * SECTOR_BYTES
        assert volume.read(9 * SECTOR_BYTES, SECTOR_BYTES) == b"x" * SECTOR_BYTES
    assert dm_disks["/dev/wd1a"].changed_sectors() == [9]


def test_tables_are_swapped_while_the_volume_is_suspended(
    manager: VolumeManager, dm_server: DmServer
) -> None:
    manager.create("vol1", 10)
    dm_server.forget()
    manager.extend("vol1", 10)
    dm_server.assert_commands("reload vol1", "suspend vol1", "resume vol1", contains=True)
    dm_server.assert_suspended()


def test_an_extension_that_fails_changes_nothing(
    manager: VolumeManager, dm_server: DmServer, dm_faults: Faults
) -> None:
    dm_faults.add("reload nth=2 errno=ENOENT")
    manager.create("vol1", 10)
    with pytest.raises(DMError, match="ENOENT"):
        manager.extend("vol1", 10)
    dm_server.assert_table("vol1", "0 10 linear /dev/wd1a 0")
    dm_server.assert_suspended()


@pytest.mark.dm(profile="netbsd-9")
def test_nor_does_it_on_netbsd_9(
    manager: VolumeManager, dm_server: DmServer, dm_faults: Faults
) -> None:
    dm_faults.add("open device=/dev/wd2a")
    manager.create("vol1", 4000)
    dm_server.forget()
    with pytest.raises(DMError):
        manager.extend("vol1", 1000)
    assert "resume vol1" not in dm_server.commands
    dm_server.assert_table("vol1", "0 4000 linear /dev/wd1a 0")


def test_an_extension_that_gets_half_way_is_taken_back(
    manager: VolumeManager, dm_server: DmServer, dm_faults: Faults
) -> None:
    dm_faults.add("suspend errno=EIO")
    manager.create("vol1", 4000)
    with pytest.raises(DMError, match="EIO"):
        manager.extend("vol1", 1000)
    dm_server.assert_commands("reload vol1", "suspend vol1", "clear vol1", contains=True)
    dm_server.assert_table("vol1", inactive=True)
    dm_server.assert_handles({"/dev/wd1a": 1})


def test_a_slow_resume_holds_the_volume_for_a_minute(
    manager: VolumeManager, dm_server: DmServer, dm_faults: Faults, dm_clock: HandClock
) -> None:
    manager.create("vol1", 10)
    dm_faults.add("resume delay=60s")
    with dm_server.meanwhile(manager.extend, "vol1", 10):
        dm_clock.wait_for_sleeper()
        dm_clock.advance(59)
        dm_server.assert_suspended("vol1")
        dm_clock.advance(1)  # the minute takes no time
    dm_server.assert_suspended()
    dm_server.assert_table("vol1", "0 10 linear /dev/wd1a 0", "10 10 linear /dev/wd1a 10")


# The command line


def test_the_command_line_lists_volumes(dm_server: DmServer, manager: VolumeManager) -> None:
    manager.create("vol1", 5000)
    finished = subprocess.run(
        [sys.executable, volumes.__file__, "list"],
        env=dm_server.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert finished.stdout == (
        "vol1\n    5000\n    0 4096 linear /dev/wd1a 0\n    4096 904 linear /dev/wd2a 0\n"
    )


def test_the_command_line_says_what_is_wrong(
    dm_server: DmServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NETBSD_DM_SOCKET", str(dm_server.path))
    monkeypatch.setattr(
        sys, "argv", ["volumes.py", "--disk", "/dev/wd1a=100", "create", "v", "101"]
    )
    assert volumes.main() == 1
    assert capsys.readouterr().err == "volumes: 101 sectors wanted, 100 are free\n"
