"""Following the devices of a session: lvm names them once, and then sends minors."""

from itertools import count
from pathlib import Path

import pytest

from netbsd_dm.capture.format import (
    CommandLine,
    Entry,
    Recorded,
    Step,
    StepClass,
    read_capture,
    read_entry,
)
from netbsd_dm.capture.session import Followed, follow
from netbsd_dm.driver.mapper import Mapper
from netbsd_dm.plist import PlistDict, UInt
from netbsd_dm.wire import calls
from netbsd_dm.wire.calls import Selector

from .conftest import exchange

FIXTURES = Path(__file__).parents[2] / "fixtures"
BY_MINOR = Selector(minor=1)
CREATE = calls.create("vol1", "U-1", False).request


class Recording:
    """What a mapper is asked, as steps."""

    def __init__(self, profile: str) -> None:
        self._mapper = Mapper(profile)
        self._numbers = count(1)
        self.steps: list[Entry] = []

    def ask(self, request: PlistDict, *, restarted: bool = False) -> None:
        asked, reply = exchange(self._mapper, request)
        number = next(self._numbers)
        self.steps.append(
            Step(number, "", StepClass.STABLE, asked, Recorded(reply), restarted_after=restarted)
        )

    def names(self) -> list[str | None]:
        """What the device of each step was called."""
        return [each.name for each in follow(self.steps)]

    def followed(self) -> list[Followed]:
        return list(follow(self.steps))


@pytest.fixture(params=["standard", "netbsd-9"])
def recording(request: pytest.FixtureRequest) -> Recording:
    """An empty one, of either profile."""
    return Recording(request.param)


def test_a_device_is_known_by_its_minor_and_uuid_once_it_was_created(recording: Recording) -> None:
    recording.ask(CREATE)
    recording.ask(calls.info(BY_MINOR).request)
    recording.ask(calls.info(Selector(uuid="U-1")).request)
    recording.ask(calls.info(Selector(minor=2)).request)
    assert recording.names() == [None, "vol1", "vol1", None]
    created, *others = recording.followed()
    assert created.device is not None
    assert created.device.created_by == 1
    assert others[0].device is created.device is others[1].device


def test_a_device_has_another_name_once_it_was_renamed(recording: Recording) -> None:
    recording.ask(CREATE)
    recording.ask(calls.rename(Selector("vol1"), "vol2").request)
    recording.ask(calls.info(BY_MINOR).request)
    recording.ask(calls.info(Selector("vol1")).request)
    assert recording.names() == [None, "vol1", "vol2", None]


def test_a_device_is_forgotten_once_it_was_removed(recording: Recording) -> None:
    recording.ask(CREATE)
    recording.ask(calls.remove(BY_MINOR).request)
    recording.ask(calls.info(BY_MINOR).request)
    recording.ask(CREATE)
    recording.ask(calls.info(Selector(minor=2)).request)
    assert recording.names() == [None, "vol1", None, None, "vol1"]


def test_what_failed_changes_nothing(recording: Recording) -> None:
    recording.ask(CREATE)
    recording.ask(calls.remove(Selector("nobody")).request)
    recording.ask(CREATE)
    recording.ask(calls.info(BY_MINOR).request)
    created, *_, asked = recording.followed()
    assert asked.name == "vol1"
    assert asked.device is created.device


def test_a_fresh_driver_has_no_devices(recording: Recording) -> None:
    recording.ask(CREATE, restarted=True)
    recording.ask(calls.info(BY_MINOR).request)
    assert recording.names() == [None, None]


def test_devices_of_before_the_recording_are_learnt_from_replies(recording: Recording) -> None:
    recording.ask(CREATE)
    recording.ask(calls.create("vol2", None, False).request)
    recording.steps.clear()
    recording.ask(calls.names().request)
    recording.ask(calls.info(BY_MINOR).request)
    recording.ask(calls.info(Selector(minor=2)).request)
    assert recording.names() == [None, "vol1", "vol2"]


def test_what_is_no_exchange_is_followed_too() -> None:
    note = read_entry({"fault": ["rule"], "what": "open of /dev/wd1a"})
    line = CommandLine(1, ("dmsetup", "ls"), None, 0, "")
    flush = {"op": "C", "minor": 1, "off": 0, "len": 0}
    io = read_entry({"n": 1, "class": "stable", "io": flush})
    entries = [note, line, io]
    assert list(follow(entries)) == [Followed(note), Followed(line), Followed(io)]


def test_an_access_is_about_the_device_of_its_minor(recording: Recording) -> None:
    recording.ask(CREATE)
    recording.steps.append(
        read_entry({"n": 2, "class": "stable", "io": {"op": "R", "minor": 1, "off": 0, "len": 512}})
    )
    assert recording.names() == [None, "vol1"]


def test_the_devices_of_the_recorded_dmsetup_are_known_by_name() -> None:
    capture = read_capture(FIXTURES / "lvm2tools" / "dmsetup.jsonl")
    names = [
        each.name
        for each in follow(capture.entries)
        if each.meaning is not None
        and each.meaning.failure is None
        and each.meaning.device.minor is not None
        and each.meaning.device.name is None
    ]
    assert names == ["lin1", "lin1", "lin1", "str"]


def test_a_minor_that_a_client_made_up_is_not_learnt_from_a_failure(recording: Recording) -> None:
    recording.ask({"command": "info", "version": [4, 0, 0], "flags": UInt(4), "minor": UInt(9)})
    recording.ask({"command": "load", "version": [4, 0, 0], "name": "ghost", "minor": UInt(9)})
    recording.ask(calls.info(Selector(minor=9)).request)
    assert recording.names() == [None, None, None]
