"""The journal in memory, and what it tells."""

from pathlib import Path

import pytest

from netbsd_dm import Client, DMError, Errno, NoServerError
from netbsd_dm.testing import DmServer, Faults
from netbsd_dm.testing.control import HandClock

from .conftest import LINEAR, make_device


def test_commands_are_told_with_the_name_however_it_was_asked(
    dm_server: DmServer, dm_client: Client
) -> None:
    dm_client.version()
    dm_client.create("vol1", "uuid-1")
    dm_client.info(minor=1)
    dm_client.rename(None, "vol2", uuid="uuid-1")
    dm_client.suspend(uuid="uuid-1")
    dm_client.remove(minor=1)
    assert dm_server.commands == [
        "version",
        "create vol1",
        "info vol1",
        "rename vol1",
        "suspend vol2",
        "remove vol2",
    ]


def test_a_device_nobody_knows_is_told_as_asked(dm_server: DmServer, dm_client: Client) -> None:
    with pytest.raises(DMError):
        dm_client.info(minor=7)
    with pytest.raises(DMError):
        dm_client.info(uuid="uuid-7")
    with pytest.raises(DMError):
        dm_client.info("two words")
    assert dm_server.commands == ["info minor 7", "info uuid uuid-7", 'info "two words"']


def test_requests_without_a_meaning_are_told(dm_server: DmServer, dm_client: Client) -> None:
    dm_client.exchange_text(b"<plist></plist>")
    dm_client.exchange({})
    assert dm_server.commands == ["not a property list", "no command"]


def test_an_exchange_has_its_dictionaries_and_failure(device: DmServer, dm_client: Client) -> None:
    with pytest.raises(DMError):
        dm_client.create("vol1")
    (asked,) = device.journal
    assert (asked.command, asked.device, asked.client) == ("create", "vol1", 1)
    assert asked.request is not None
    assert asked.request["name"] == "vol1"
    assert asked.reply is not None
    assert asked.reply["version"] == [4, 16, 0]
    assert asked.failure is not None
    assert asked.failure.errno == Errno.EEXIST
    assert asked.request_text.endswith(b"</plist>\n")
    assert asked.reply_text is not None
    assert b"EEXIST" in asked.reply_text


def test_a_fault_is_told_and_a_reply_that_never_came(
    dm_server: DmServer, dm_client: Client, dm_faults: Faults
) -> None:
    dm_faults.add("create hangup")
    with pytest.raises(NoServerError):
        dm_client.create("vol1")
    (asked,) = dm_server.journal
    assert asked.faults == ("create hangup",)
    assert asked.reply is None
    assert asked.reply_text is None


def test_what_is_forgotten_is_still_known(device: DmServer, dm_client: Client) -> None:
    dm_client.info(minor=1)
    assert device.commands == ["info vol1"]
    assert len(device.journal_lines()) > len(device.commands)


def test_lines_show_tables_and_no_xml(device: DmServer) -> None:
    assert device.journal_lines() == [
        "    1  create vol1 -> minor 1",
        "    2  reload vol1 -> ok",
        "           0 2048 linear /dev/wd1a 384",
        "    3  resume vol1 -> ok",
    ]


def test_lines_may_be_the_last_only(device: DmServer) -> None:
    assert device.journal_lines(1) == ["    ... 2 before", "    3  resume vol1 -> ok"]


def test_lines_tell_a_second_client(device: DmServer) -> None:
    device.connect().version()
    assert device.journal_lines(1)[-1].endswith("[client 2]")


def test_lines_tell_the_time_of_a_manual_clock(
    dm_server: DmServer, dm_client: Client, dm_clock: HandClock
) -> None:
    dm_clock.advance(90)
    dm_client.version()
    assert dm_server.journal_lines()[-1].endswith("[at 90 s]")
    assert dm_server.journal[0].at_seconds == 90


def test_lines_tell_faults_of_accesses(device: DmServer, dm_faults: Faults) -> None:
    dm_faults.add("read name=vol1 sectors=3 errno=EIO")
    with device.open("vol1") as volume, pytest.raises(DMError, match="EIO"):
        volume.read(0, 4096)
    (line,) = device.journal_lines()[4:]
    assert "fault read name=vol1 sectors=3-3 errno=EIO: read of vol1, sectors 0-7" in line


def test_a_recording_holds_the_same_exchanges(tmp_path: Path) -> None:
    from netbsd_dm.capture.format import read_capture

    path = tmp_path / "test.jsonl"
    with DmServer(record=path) as server:
        make_device(server.connect(), "vol1", LINEAR)
        asked = server.journal
    capture = read_capture(path)
    assert [step.request for step in capture.steps] == [each.request_text for each in asked]
    assert [disk.name for disk in capture.disks] == ["/dev/wd1a", "/dev/wd2a"]
