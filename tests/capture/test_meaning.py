"""What an exchange means, whatever its request looks like."""

import subprocess
import sys

import pytest

from netbsd_dm.capture.meaning import device_text, meaning_of, name_text
from netbsd_dm.driver.mapper import Mapper
from netbsd_dm.plist import PlistDict, UInt, dumps
from netbsd_dm.wire.calls import Selector
from netbsd_dm.wire.errors import Errno

from .conftest import exchange, request

ERRNO_EIO = dumps({"errno": UInt(5)})


def test_the_command_and_the_device_of_a_request_are_known() -> None:
    text = request("rename", name="old", uuid="U", minor=UInt(3), cmd_data=["new"])
    meaning = meaning_of(text.encode(), None)
    assert meaning.command == "rename"
    assert meaning.device == Selector("old", "U", 3)
    assert meaning.new_name == "new"
    assert (meaning.reply, meaning.failure) == (None, None)


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"command": ["info"], "name": 5, "uuid": [], "minor": "1"},
        {"command": "rename", "name": "", "uuid": "", "minor": UInt(0), "cmd_data": [5]},
        {"command": "rename", "cmd_data": "new", "minor": -1},
    ],
    ids=repr,
)
def test_what_has_not_its_form_names_nothing(asked: PlistDict) -> None:
    meaning = meaning_of(dumps(asked), None)
    assert meaning.command in {"", "rename"}
    assert meaning.device == Selector()
    assert meaning.new_name is None


def test_a_request_is_read_as_the_server_read_it() -> None:
    """netbsd-9 refuses what standard takes."""
    text = b"<plist ><dict ><key>command</key><string>names</string></dict></plist>"
    taken = meaning_of(text, dumps({"command": "names"}))
    refused = meaning_of(text, ERRNO_EIO)
    assert taken.command == "names"
    assert taken.refusal is None
    assert refused.request is None
    assert refused.refusal is not None
    assert refused.failure is not None
    assert refused.failure.errno == Errno.EIO


def test_a_reply_may_hold_what_proplib_writes_but_does_not_read() -> None:
    meaning = meaning_of(request("names").encode(), dumps({"command": "names", "data": b""}))
    assert meaning.reply == {"command": "names", "data": b""}


def test_a_draft_is_understood_as_what_it_stands_for() -> None:
    mapper = Mapper("standard")
    version: PlistDict = {"version": "4.0.0"}
    exchange(mapper, version | {"command": "create", "name": "vol1"})
    listed = meaning_of(*exchange(mapper, version | {"command": "names"}))
    asked = meaning_of(*exchange(mapper, version | {"command": "info", "dev": UInt(0xA901)}))
    targets = meaning_of(*exchange(mapper, version | {"command": "targets"}))
    table: PlistDict = {"sector_start": UInt(0), "length": UInt(8), "target_type": "zero"}
    loaded = meaning_of(
        *exchange(mapper, version | {"command": "reload", "name": "vol1", "cmd_data": table})
    )
    assert listed.reply is not None
    assert listed.reply["cmd_data"] == [{"dev": UInt(1), "name": "vol1"}]
    assert asked.device == Selector(minor=1)
    assert targets.reply is not None
    assert isinstance(targets.reply["cmd_data"], list)
    assert {"name": "zero", "version": "1.0.0", "ver": [1, 0, 0]} in targets.reply["cmd_data"]
    assert loaded.request is not None
    assert loaded.request["cmd_data"] == [{"start": 0, "length": 8, "type": "zero"}]


def test_a_refused_draft_is_understood_too() -> None:
    text = dumps({"version": "4.0.0", "command": "info"})
    assert meaning_of(text, ERRNO_EIO).reply == {"errno": UInt(5)}


@pytest.mark.parametrize(
    ("device", "known_name", "expected"),
    [
        (Selector("vol1"), None, "vol1"),
        (Selector("vol1", "U"), "other", "vol1"),
        (Selector("vol1", "U", 3), None, "vol1 (minor 3)"),
        (Selector(minor=3), "vol1", "vol1 (minor 3)"),
        (Selector(minor=3), None, "minor 3"),
        (Selector(uuid="U"), "vol1", "vol1 (uuid U)"),
        (Selector(None, "U 1", 3), None, 'minor 3, uuid "U 1"'),
        (Selector(), None, ""),
        (Selector(), "vol1", "vol1"),
    ],
)
def test_a_device_in_words(device: Selector, known_name: str | None, expected: str) -> None:
    assert device_text(device, known_name) == expected


@pytest.mark.parametrize(
    ("name", "expected"), [("a&b", "a&b"), ("", '""'), ("a b", '"a b"'), ("\n", r'"\n"')]
)
def test_a_name_that_is_no_word_is_quoted(name: str, expected: str) -> None:
    assert name_text(name) == expected


def test_neither_lxml_nor_trio_is_imported_for_what_servers_and_libraries_send() -> None:
    program = (
        "import sys; from netbsd_dm.capture.readable import describe;"
        "from netbsd_dm.plist import dumps;"
        "describe(dumps({'command': 'names'}), dumps({'command': 'names', 'cmd_data': []}));"
        "describe(b'nonsense', dumps({'errno': 5}));"
        "print([m for m in ('lxml', 'trio', 'typer', 'rich') if m in sys.modules])"
    )
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert finished.stdout == b"[]\n"
