"""A mapped device that a test has open."""

import pytest

from netbsd_dm import Client, DMError
from netbsd_dm.testing import DiskImages, DmServer

SECTOR_BYTES = 512


def test_it_reads_what_is_on_the_disk(device: DmServer, dm_disks: DiskImages) -> None:
    with device.open("vol1") as volume:
        assert volume.size_bytes == 2048 * SECTOR_BYTES
        data = volume.read(17 * SECTOR_BYTES, 2 * SECTOR_BYTES)
    assert dm_disks.origins(data) == ["/dev/wd1a 401", "/dev/wd1a 402"]


def test_it_writes_onto_the_disk(device: DmServer, dm_disks: DiskImages) -> None:
    with device.open("vol1") as volume:
        assert volume.write(0, b"x" * SECTOR_BYTES) == SECTOR_BYTES
        assert volume.write(SECTOR_BYTES, b"y" * SECTOR_BYTES, fua=True) == SECTOR_BYTES
        volume.flush()
    assert dm_disks[0].read(384, 2) == b"x" * SECTOR_BYTES + b"y" * SECTOR_BYTES
    assert dm_disks[0].changed_sectors() == [384, 385]


def test_what_is_discarded_is_no_longer_there(device: DmServer, dm_disks: DiskImages) -> None:
    with device.open("vol1") as volume:
        volume.discard(0, 8 * SECTOR_BYTES)
    assert dm_disks[0].changed_sectors() == list(range(384, 392))


def test_it_counts_as_open_until_it_is_closed(device: DmServer, dm_client: Client) -> None:
    volume = device.open("vol1")
    assert dm_client.info("vol1").open_count == 1
    with pytest.raises(DMError, match="EBUSY"):
        dm_client.remove("vol1")
    volume.close()
    volume.close()
    assert device.device("vol1").open_count == 0
    dm_client.remove("vol1")


def test_a_device_that_is_not_there_does_not_open(dm_server: DmServer) -> None:
    with pytest.raises(DMError, match="no device named vol1"):
        dm_server.open("vol1")


def test_what_is_refused_is_raised(device: DmServer) -> None:
    with device.open("vol1") as volume, pytest.raises(DMError, match="EINVAL"):
        volume.read(2048 * SECTOR_BYTES, 1)
