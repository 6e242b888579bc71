"""Profile standard: admission, privileges, and what an error says."""

import pytest

from netbsd_dm.driver.commands.table import COMMANDS
from netbsd_dm.plist import PlistDict, PlistValue, UInt
from netbsd_dm.server.control import Control
from netbsd_dm.server.conversation import Conversation
from netbsd_dm.wire.framing import Framing, frame

from .conftest import MakeRig, Rig, error, linear

READING = {
    *("version", "targets", "info", "mknodes", "names", "deps", "status", "table"),
    *("waitevent", "iostat"),
}


@pytest.mark.parametrize(
    "version",
    [
        None,
        [],
        [4],
        4,
        {},
        True,
        b"4.0.0",
        [4, 17, 0],
        [5, 0, 0],
        [3, 0, 0],
        [-4, 0, 0],
        [4, -1, 0],
        [True, 0, 0],
        [4, False, 0],
        ["4", "0", "0"],
        [4, [], 0],
        [2**32 + 4, 0, 0],
        [4, 2**62, 0],
    ],
    ids=repr,
)
def test_another_version_is_refused_before_anything_else(
    rig: Rig, version: PlistValue | None
) -> None:
    rig.make("v")
    for command in ("remove", "nonsense", "create"):
        before = rig.request(command, name="v", version=version)
        reply = rig.execute(dict(before), privileged=False)
        name, message, where = error(reply)
        assert (name, where) == ("EIO", "version")
        assert len(message) < 200
        assert {key: value for key, value in reply.items() if key != "error"} == before
    assert rig.names() == ["v"]


@pytest.mark.parametrize("version", [[4, 0, 0], [4, 16, 99], [UInt(4), UInt(16)], [4, 0, "x", {}]])
def test_an_older_minor_version_is_taken(rig: Rig, version: list[PlistValue]) -> None:
    assert "error" not in rig.run("names", version=version)


@pytest.mark.parametrize("command", ["remove_all", "waitevent", "message", "setgeometry"])
def test_what_netbsds_library_sends_without_a_version_needs_none(rig: Rig, command: str) -> None:
    rig.make("v")
    reply = rig.run(command, name="nobody", version=None)
    assert "version" not in reply
    if command == "remove_all":
        assert rig.names() == []
    else:
        assert error(reply)[0] == "ENOENT", "past the version check"
    assert error(rig.run(command, name="v", version=[5, 0, 0]))[0] == "EIO", "but not a wrong one"


@pytest.mark.parametrize(
    "command",
    [None, "", "Create", "create ", "creat", "list", 5, True, ["create"], {"create": 1}, b"create"],
    ids=repr,
)
def test_an_unknown_command_is_refused_and_the_known_are_named(
    rig: Rig, command: PlistValue | None
) -> None:
    request = rig.request(None, name="v")
    if command is not None:
        request["command"] = command
    before = dict(request)
    reply = rig.execute(request)
    name, message, where = error(reply)
    assert (name, where) == ("EINVAL", "command")
    assert all(known in message for known in COMMANDS)
    assert reply["version"] == [4, 16, 0], "the version check was passed"
    assert {**before, "version": reply["version"], "error": reply["error"]} == reply


@pytest.mark.parametrize("command", COMMANDS)
def test_everybody_may_read_and_only_the_privileged_may_change(rig: Rig, command: str) -> None:
    rig.make("v", linear(0, 8))
    before = rig.do("info", name="v"), rig.names()
    message: PlistDict = {"message": "m"}
    request = rig.request(command, name="v", event_nr=UInt(0), cmd_data=[message])
    reply = rig.execute(request, privileged=False)
    if command in READING:
        assert "error" not in reply
    else:
        name, text, where = error(reply)
        assert (name, where) == ("EPERM", "command")
        assert f"'{command}'" in text
        assert "--superuser" in text
        assert reply["version"] == [4, 16, 0]
    assert (rig.do("info", name="v"), rig.names()) == before


@pytest.mark.parametrize("command", ["nonsense", None, 5])
def test_an_unknown_command_is_for_the_privileged_too(rig: Rig, command: PlistValue | None) -> None:
    request = rig.request(None)
    if command is not None:
        request["command"] = command
    assert error(rig.execute(request, privileged=False))[0] == "EPERM"


def test_in_netbsd_9_what_is_not_permitted_is_echoed(old: Rig) -> None:
    request = old.request("create", name="v")
    expected = {**request, "version": [4, 16, 0]}
    assert old.execute(request, privileged=False) == expected
    assert old.names() == []


class TestErrorDictionary:
    def test_it_has_number_name_message_and_where_it_can_place(self, rig: Rig) -> None:
        reply = rig.run("info", name="nobody")
        assert reply["error"] == {
            "errno": UInt(2),
            "message": "no device named nobody",
            "name": "ENOENT",
        }
        failure = reply["error"]
        assert isinstance(failure, dict)
        assert type(failure["errno"]) is UInt

    def test_a_failed_command_never_has_an_errno_at_the_top(self, rig: Rig) -> None:
        # NetBSD's library aborts on it (driver spec section 15).
        rig.make("v")
        for command in (*COMMANDS, "nonsense"):
            if command != "waitevent":
                assert "errno" not in rig.run(command, name="v", cmd_data=[5])

    def test_an_error_of_the_request_is_replaced_and_does_not_survive_a_failure(
        self, rig: Rig
    ) -> None:
        reply = rig.run("info", name="nobody", error="mine")
        assert error(reply)[0] == "ENOENT"

    @pytest.mark.parametrize(
        ("text", "errno", "part"),
        [
            (b"junk", b"0x5", b"line 1"),
            (b"<plist><dict><real>1</real></dict></plist>", b"0x5", b"no property list"),
            (b"<plist><array/></plist>", b"0x5", b"root"),
            (b"", b"0x5", b"no property list"),
            (b"x" * 2_000_000, b"0x7", b"--max-request"),
        ],
    )
    def test_where_the_ioctl_would_fail_there_is_an_errno_at_the_top(
        self, rig: Rig, text: bytes, errno: bytes, part: bytes
    ) -> None:
        conversation = Conversation(
            Control(rig.mapper, True), rig.profile, rig.profile.max_request_bytes
        )
        conversation.feed(frame(text, Framing.LENGTH))
        reply = conversation.answer()
        assert b"<dict>\n\t<key>errno</key>\n\t<integer>%s</integer>" % errno in reply
        assert b"\t\t<key>errno</key>\n\t\t<integer>%s</integer>" % errno in reply
        assert part in reply

    def test_in_netbsd_9_the_number_is_all_there_is(self, old: Rig) -> None:
        conversation = Conversation(
            Control(old.mapper, True), old.profile, old.profile.max_request_bytes
        )
        conversation.feed(frame(b"junk", Framing.LENGTH))
        assert conversation.answer().endswith(
            b'<plist version="1.0">\n<dict>\n'
            b"\t<key>errno</key>\n\t<integer>0x5</integer>\n"
            b"</dict>\n</plist>\n"
        )


def test_closing_gives_every_file_back(make_rig: MakeRig, rig: Rig) -> None:
    rig.make("a", linear(0, 8), linear(8, 8, "/dev/d1"))
    rig.do("reload", name="a", cmd_data=[linear(0, 8, "/dev/d2")])
    rig.make("b", linear(0, 8, "/dev/mapper/a"))
    assert rig.open_files() == ["d0", "d1", "d2"]
    rig.mapper.close()
    assert rig.open_files() == []
    rig.mapper.close()


def test_the_reply_is_the_request_itself_changed(rig: Rig) -> None:
    request = rig.request("names")
    assert rig.mapper.execute(request) is request
