"""What a mapper holds, as values."""

from dataclasses import replace

import pytest

from netbsd_dm import Client, DMError, TableLine
from netbsd_dm.testing import DeviceState, DmServer, Location

from .conftest import LINEAR, make_device


def test_a_device_is_told_with_both_tables(dm_server: DmServer, dm_client: Client) -> None:
    dm_client.create("vol1", "uuid-1", read_only=True)
    dm_client.reload("vol1", [LINEAR, TableLine(2048, 8, "zero")])
    dm_client.resume("vol1")
    dm_client.reload("vol1", [LINEAR])
    assert dm_server.devices == [
        DeviceState(
            name="vol1",
            uuid="uuid-1",
            minor=1,
            live=("0 2048 linear /dev/wd1a 384", "2048 8 zero"),
            inactive=("0 2048 linear /dev/wd1a 384",),
            is_suspended=False,
            is_read_only=True,
            open_count=0,
            event_nr=1,
        )
    ]


def test_a_state_stays_as_it_was(device: DmServer, dm_client: Client) -> None:
    before = device.device("vol1")
    dm_client.suspend("vol1")
    assert device.device("vol1") == replace(before, is_suspended=True)
    assert not before.is_suspended


def test_handles_count_the_lines_that_use_them(dm_server: DmServer, dm_client: Client) -> None:
    assert dm_server.handles == {}
    stripes = TableLine(2048, 32, "striped", "2 16 /dev/wd1a 0 /dev/wd2a 0")
    make_device(dm_client, "vol1", LINEAR, stripes)
    make_device(dm_client, "vol2")
    assert dm_server.handles == {"/dev/wd1a": 3, "/dev/wd2a": 1}


def test_a_sector_is_followed_down_to_the_disk(device: DmServer, dm_client: Client) -> None:
    upper = TableLine(0, 100, "linear", "/dev/mapper/vol1 50")
    make_device(dm_client, "upper", upper)
    found = [Location("/dev/mapper/vol1", 67), Location("/dev/wd1a", 451)]
    assert device.locate("upper", 17) == found
    assert " -> ".join(map(str, found)) == "/dev/mapper/vol1 67 -> /dev/wd1a 451"


def test_a_sector_may_lie_on_no_disk(dm_server: DmServer, dm_client: Client) -> None:
    make_device(dm_client, "vol1", TableLine(0, 8, "zero"), TableLine(8, 8, "error"))
    assert [place.device for place in dm_server.locate("vol1", 3)] == ["zero"]
    assert [place.device for place in dm_server.locate("vol1", 8)] == ["error"]
    assert dm_server.locate("vol1", 16) == []


def test_a_device_that_is_not_there_has_no_sectors(dm_server: DmServer) -> None:
    with pytest.raises(DMError, match="no device named vol1"):
        dm_server.locate("vol1", 0)
