"""What a server tells of itself, read into values."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netbsd_dm.plist import PlistDict, PlistValue, UInt, dumps, loads
from netbsd_dm.wire import keys, monitoring
from netbsd_dm.wire.state import (
    ClientState,
    ClockState,
    DeviceState,
    DevNumber,
    FaultState,
    JournalEntry,
    LineState,
    OfferState,
    PdevId,
    PdevState,
    ServerState,
    TableState,
    UseState,
)

NAMED = sorted(
    {text for name, text in vars(monitoring).items() if name.isupper() and isinstance(text, str)}
)
DOCUMENT = Path(__file__).parents[2] / "protocol" / "monitor.md"

DISK: PlistDict = {keys.NAME: "/dev/wd1a", keys.DEV: [UInt(197), UInt(16)]}
DISK_ID = PdevId("/dev/wd1a", DevNumber(197, 16))
LINE: PlistDict = {
    "start": UInt(8),
    "length": UInt(64),
    "type": "linear",
    "params": "/dev/wd1a 384",
    "uses": [DISK | {"start": UInt(384), "end": UInt(448)}],
}
DEVICE: PlistDict = {
    "name": "vol1",
    "uuid": "LVM-1",
    "minor": UInt(3),
    "suspended": True,
    "read_only": False,
    "open_count": UInt(2),
    "event_nr": UInt(5),
    "live": [LINE],
    "live_lines": UInt(40),
    "live_sectors": UInt(2048),
    "inactive": [],
    "inactive_lines": UInt(0),
    "inactive_sectors": UInt(0),
    "uses": [DISK],
}
STATE: PlistDict = {
    "version": "0.1.0",
    "profile": "standard",
    "pid": UInt(77),
    "clock": {"kind": "manual", "ns": UInt(30)},
    "devices": [DEVICE],
    "pdevs": [
        DISK
        | {
            "sectors": UInt(2048),
            "references": UInt(1),
            "path": "/srv/disk.img",
            "read_only": True,
        },
        {
            "name": "/dev/mapper/low",
            "dev": [UInt(169), UInt(1)],
            "sectors": UInt(8),
            "references": UInt(2),
            "minor": UInt(1),
        },
    ],
    "offers": [DISK | {"path": "/srv/disk.img", "read_only": True}],
    "directories": ["/srv/dev"],
    "clients": [
        {"number": UInt(1), "requests": UInt(9), "pid": UInt(5), "uid": UInt(1000)},
        {"number": UInt(2), "requests": UInt(0)},
    ],
    "faults": [{"rule": "reload errno=EIO", "matches": UInt(4), "hits": UInt(3)}],
}


def test_every_part_of_the_state_is_read() -> None:
    live = LineState(
        start_sector=8,
        length_sectors=64,
        type="linear",
        params="/dev/wd1a 384",
        uses=(UseState(pdev=DISK_ID, start_sector=384, end_sector=448),),
    )
    assert monitoring.read_state(loads(dumps(STATE))) == ServerState(
        version="0.1.0",
        profile="standard",
        pid=77,
        clock=ClockState(manual=True, time_ns=30),
        devices=(
            DeviceState(
                name="vol1",
                uuid="LVM-1",
                minor=3,
                suspended=True,
                read_only=False,
                open_count=2,
                event_nr=5,
                live=TableState(lines=(live,), line_count=40, size_sectors=2048),
                inactive=TableState(lines=(), line_count=0, size_sectors=0),
                uses=(DISK_ID,),
            ),
        ),
        pdevs=(
            PdevState(
                id=DISK_ID,
                size_sectors=2048,
                references=1,
                path="/srv/disk.img",
                read_only=True,
                minor=None,
            ),
            PdevState(
                id=PdevId("/dev/mapper/low", DevNumber(169, 1)),
                size_sectors=8,
                references=2,
                path=None,
                read_only=False,
                minor=1,
            ),
        ),
        offers=(
            OfferState(
                name="/dev/wd1a", path="/srv/disk.img", dev=DevNumber(197, 16), read_only=True
            ),
        ),
        directories=("/srv/dev",),
        clients=(
            ClientState(number=1, requests=9, pid=5, uid=1000),
            ClientState(number=2, requests=0, pid=None, uid=None),
        ),
        faults=(FaultState(rule="reload errno=EIO", matches=4, hits=3),),
    )


def test_a_line_may_tell_less() -> None:
    use: PlistDict = DISK | {"start": -1}
    line: PlistDict = {"start": 0, "length": 8, "type": "mirror", "uses": [use]}
    state = monitoring.read_state({"devices": [{"live": [line]}]})
    (read,) = state.devices[0].live.lines
    assert read.params is None
    assert read.uses == (UseState(pdev=DISK_ID, start_sector=None, end_sector=None),)


def test_a_device_without_a_name_is_called_by_its_minor() -> None:
    unnamed, named = monitoring.read_state({"devices": [{"minor": UInt(7)}, DEVICE]}).devices
    assert (unnamed.title, named.title) == ("minor 7", "vol1")


@pytest.mark.parametrize("dev", [[], [UInt(1)], [UInt(1), "2"], "197:0", {}])
def test_what_is_no_device_number_is_none(dev: PlistValue) -> None:
    (pdev,) = monitoring.read_state({"pdevs": [DISK | {"dev": dev}]}).pdevs
    assert pdev.id == PdevId("/dev/wd1a", DevNumber(0, 0))


def values() -> st.SearchStrategy[PlistValue]:
    """What may stand in a property list, under the names that mean something here."""
    names = st.sampled_from([*NAMED, keys.NAME, keys.DEV, keys.MINOR, keys.START, keys.PARAMS])
    leaves: st.SearchStrategy[PlistValue] = st.one_of(
        st.booleans(), st.integers(), st.text(max_size=4), st.binary(max_size=4)
    )
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=6),
    )


@given(st.dictionaries(st.sampled_from(NAMED), values()))
def test_whatever_a_server_sends_can_be_read(result: PlistDict) -> None:
    devices = result.get(monitoring.DEVICES)
    told = [each for each in devices if isinstance(each, dict)] if isinstance(devices, list) else []
    assert len(monitoring.read_state(result).devices) == len(told)
    assert all(entry.time_ns >= 0 for entry in monitoring.read_journal(result))


def entries(*given: PlistValue, lost: int = 0) -> list[JournalEntry]:
    """The journal that a server sends so, as it is read."""
    sent: PlistDict = {"entries": list(given), "lost": UInt(lost)}
    return list(monitoring.read_journal(loads(dumps(sent))))


def test_an_exchange_has_its_texts_and_what_was_sent() -> None:
    (entry,) = entries(
        {
            "client": UInt(3),
            "ns": UInt(12),
            "request": b"<plist>",
            "reply": b"<plist/>",
            "sent": UInt(4),
            "faults": ["any drop"],
        }
    )
    assert entry == JournalEntry(
        time_ns=12,
        client=3,
        request=b"<plist>",
        reply=b"<plist/>",
        sent_bytes=4,
        faults=("any drop",),
        what=None,
        lost=0,
    )


def test_a_text_of_no_bytes_is_not_one_that_never_came() -> None:
    (empty,) = entries({"client": UInt(1), "request": "", "reply": ""})
    (missing,) = entries({"client": UInt(1), "request": ""})
    assert (empty.request, empty.reply) == (b"", b"")
    assert (missing.request, missing.reply) == (b"", None)


def test_a_hit_has_no_texts() -> None:
    (entry,) = entries({"ns": UInt(1), "faults": ["open errno=EIO"], "what": "open of /dev/wd1a"})
    assert (entry.request, entry.reply, entry.client) == (None, None, None)
    assert entry.what == "open of /dev/wd1a"


def test_the_first_entry_knows_what_was_lost() -> None:
    assert [entry.lost for entry in entries({}, {}, {}, lost=5)] == [5, 0, 0]


@pytest.mark.parametrize("word", NAMED)
def test_every_word_is_documented(word: str) -> None:
    assert f"`{word}`" in DOCUMENT.read_text(encoding="utf-8")
