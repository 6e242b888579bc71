"""What is told of a server when a test fails."""

import pytest

from netbsd_dm import Client, TableLine
from netbsd_dm.testing import DmServer, Faults
from netbsd_dm.testing.report import sections

from .conftest import make_device

STATE = "netbsd-dm state"
JOURNAL = "netbsd-dm journal"


def test_a_server_that_did_nothing_tells_nothing(dm_server: DmServer) -> None:
    assert sections(dm_server) == {}


def test_the_journal_is_readable(device: DmServer) -> None:
    text = sections(device)[JOURNAL]
    assert "reload vol1 -> ok\n           0 2048 linear /dev/wd1a 384" in text
    assert "<" not in text


def test_the_state_has_devices_tables_and_handles(dm_server: DmServer, dm_client: Client) -> None:
    make_device(dm_client)
    dm_client.reload("vol1", [TableLine(0, 8, "zero")])
    dm_client.suspend("vol1")
    dm_client.create("vol2", read_only=True)
    volume = dm_server.open("vol2")
    assert sections(dm_server)[STATE].split("\n") == [
        "vol1: minor 1, suspended",
        "    live: 0 2048 linear /dev/wd1a 384",
        "    inactive: 0 8 zero",
        "vol2: minor 2, read-only, open 1",
        "open, with the lines that use each: /dev/wd1a (1)",
    ]
    volume.close()


def test_a_long_table_is_cut_short(dm_server: DmServer, dm_client: Client) -> None:
    make_device(dm_client, "vol1", *(TableLine(number, 1, "zero") for number in range(50)))
    assert sections(dm_server)[STATE].endswith("    live: 19 1 zero\n    live: ... 30 more lines")


def test_faults_in_force_are_told(
    dm_server: DmServer, dm_client: Client, dm_faults: Faults
) -> None:
    dm_faults.add("any errno=EIO", "create nth=1 delay=1us", "read errno=EIO")
    for _ in range(2):
        dm_client.exchange({"command": "create"})
    assert sections(dm_server)[STATE].split("\n") == [
        "fault any errno=EIO: 2 hits",
        "fault create nth=1 delay=0.001ms: 1 hit",
        "fault read errno=EIO: no hits",
    ]


def test_a_long_journal_is_cut_short(dm_server: DmServer, dm_client: Client) -> None:
    for _ in range(300):
        dm_client.version()
    lines = sections(dm_server)[JOURNAL].split("\n")
    assert lines[0] == "    ... 100 before"
    assert len(lines) == 201


def test_what_cannot_be_told_does_not_hide_the_rest(
    device: DmServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(mapper: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("netbsd_dm.testing.server.devices_of", fail)
    told = sections(device)
    assert told[STATE] == "it cannot be told: ZeroDivisionError()"
    assert told[JOURNAL]
