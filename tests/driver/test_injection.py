"""A failure on demand looks as the same failure does when it comes by itself.

Two mappers get the same request: in the one it fails for a reason, in the other, where it
would succeed, on demand.  The replies are the same bytes, but for the words of `standard`,
and so is what is left behind.
"""

import pytest

from netbsd_dm.driver.events import Pending
from netbsd_dm.driver.profile import NETBSD_9, PROFILES, STANDARD, Profile
from netbsd_dm.plist import PlistDict, PlistValue, UInt, dumps
from netbsd_dm.wire.errors import DMError, Errno

from .conftest import MakeRig, Rig, error, line, linear, open_files

EVERY_PROFILE = pytest.mark.parametrize("profile", PROFILES.values(), ids=list(PROFILES))


def shape(reply: PlistDict) -> bytes:
    """A reply without what only says why: the message, and the place of the blame."""
    told = reply.get("error")
    if isinstance(told, dict):
        reply = reply | {"error": {key: told[key] for key in ("errno", "name")}}
    return dumps(reply)


def fail(rig: Rig, request: PlistDict, errno: int, *, privileged: bool = True) -> PlistDict:
    """The reply to `request`, which fails on demand."""
    failure = DMError(errno, "on demand")
    outcome = rig.mapper.execute(dict(request), privileged=privileged, failure=failure)
    assert not isinstance(outcome, Pending)
    return outcome


def left(rig: Rig, *names: str) -> list[bytes]:
    """All that clients can see of a mapper and of those devices."""
    replies = [rig.run("names")]
    for name in names:
        replies += [
            rig.run(command, name=name, flags=UInt(bits))
            for command, bits in (("info", 4), ("table", 0x14), ("table", 0x1014), ("deps", 0x1000))
        ]
    return [shape(reply) for reply in replies]


HISTORIES: dict[str, list[PlistDict]] = {
    "fresh": [],
    "inactive": [{"command": "reload", "cmd_data": [linear(0, 8)]}],
    "live": [{"command": "reload", "cmd_data": [linear(0, 8)]}, {"command": "resume"}],
    "both": [
        {"command": "reload", "cmd_data": [linear(0, 8)]},
        {"command": "resume"},
        {"command": "reload", "cmd_data": [linear(0, 16, "/dev/d1"), line(16, 8, "linear", "x")]},
        {"command": "reload", "cmd_data": [linear(0, 16, "/dev/d1")]},
    ],
    "suspended": [{"command": "suspend"}],
    "stale": [{"command": "reload", "cmd_data": [linear(0, 8), line(8, 8, "nosuch", "")]}],
}
"""What came before on a device; the last leaves entries behind in netbsd-9."""
EVERY_HISTORY = pytest.mark.parametrize("history", HISTORIES.values(), ids=list(HISTORIES))


def prepare(rig: Rig, history: list[PlistDict], name: str = "vol1", **given: PlistValue) -> None:
    """A device with that history."""
    rig.run("create", name=name, **given)
    for each in history:
        rig.execute({**rig.request("", name=name), **each})


TABLE: list[PlistValue] = [linear(0, 8, "/dev/d2"), linear(8, 8, "/dev/d3")]


@EVERY_PROFILE
@EVERY_HISTORY
@pytest.mark.parametrize("errno", [Errno.ENOENT, Errno.EINVAL, Errno.ENOMEM])
@pytest.mark.parametrize("flags", [None, UInt(4), UInt(0x44)])
def test_a_reload_fails_as_one_whose_disk_is_missing(
    make_rig: MakeRig, profile: Profile, history: list[PlistDict], errno: int, flags: UInt | None
) -> None:
    real, double = make_rig(profile), make_rig(profile)
    (real.directory / "d3").unlink()
    request = real.request("reload", name="vol1", cmd_data=TABLE, flags=flags)
    for rig in (real, double):
        prepare(rig, history)
    expected = real.execute(dict(request))
    reply = fail(double, request, errno)
    if profile is STANDARD:
        assert error(expected)[0] == "ENOENT"
        assert error(reply)[0] == Errno(errno).name
        del expected["error"], reply["error"]
    assert shape(reply) == shape(expected)
    assert left(double, "vol1") == left(real, "vol1")
    assert open_files(double.directory) == open_files(real.directory)
    for rig in (real, double):  # and then it is made live
        rig.run("suspend", name="vol1")
    assert shape(double.run("resume", name="vol1")) == shape(real.run("resume", name="vol1"))
    assert left(double, "vol1") == left(real, "vol1")


LOOKS_UP: dict[str, dict[str, PlistValue]] = {
    "info": {},
    "mknodes": {},
    "suspend": {"flags": UInt(6)},
    "resume": {},
    "remove": {},
    "rename": {"cmd_data": ["new"]},
    "clear": {},
    "deps": {"flags": UInt(0x1004)},
    "status": {},
    "table": {"flags": UInt(0x14)},
    "reload": {"cmd_data": TABLE},
}


@EVERY_PROFILE
@pytest.mark.parametrize("command", [each for each in LOOKS_UP if each != "reload"])
@pytest.mark.parametrize("device", [{"name": "vol1"}, {"uuid": "u"}, {"minor": UInt(1)}], ids=str)
@pytest.mark.parametrize("has_flags", [True, False])
def test_with_enoent_the_device_is_not_found(
    make_rig: MakeRig,
    profile: Profile,
    command: str,
    device: dict[str, PlistValue],
    has_flags: bool,
) -> None:
    real, double = make_rig(profile), make_rig(profile)
    prepare(double, HISTORIES["both"], uuid="u")
    before = left(double, "vol1")
    request = real.request(command, **{**device, **LOOKS_UP[command]})
    if not has_flags:
        del request["flags"]
    expected = real.execute(dict(request))
    assert expected["flags"] in (0, 2, 0x10, 0x1000), "the bit EXISTS is cleared"
    assert shape(fail(double, request, Errno.ENOENT)) == shape(expected)
    assert left(double, "vol1") == before


@EVERY_PROFILE
@pytest.mark.parametrize("taken", [{"name": "vol1"}, {"uuid": "u"}], ids=str)
@pytest.mark.parametrize("flags", [None, UInt(0), UInt(4)])
def test_with_eexist_a_create_finds_its_name_or_uuid_taken(
    make_rig: MakeRig, profile: Profile, taken: dict[str, PlistValue], flags: UInt | None
) -> None:
    real, double = make_rig(profile), make_rig(profile)
    real.run("create", **taken)
    request = real.request("create", name="vol1", uuid="u", flags=flags)
    expected = real.execute(dict(request))
    assert "minor" not in expected
    assert shape(fail(double, request, Errno.EEXIST)) == shape(expected)
    assert double.names() == []
    assert double.run("create", name="vol1")["minor"] == 1, "a minor was used up"


CHANGES = ("create", "suspend", "remove", "rename", "resume", "clear", "reload")


@EVERY_PROFILE
@pytest.mark.parametrize("command", CHANGES)
@pytest.mark.parametrize("name", ["vol1", "nosuch"])
def test_with_eperm_a_command_is_not_permitted(
    make_rig: MakeRig, profile: Profile, command: str, name: str
) -> None:
    real, double = make_rig(profile), make_rig(profile)
    for rig in (real, double):
        prepare(rig, HISTORIES["both"])
    before = left(double, "vol1")
    request = real.request(command, name=name, **LOOKS_UP.get(command, {}))
    expected = real.execute(dict(request), privileged=False)
    assert shape(fail(double, request, Errno.EPERM)) == shape(expected)
    assert left(double, "vol1") == before


@EVERY_PROFILE
@pytest.mark.parametrize("command", [*LOOKS_UP, "create", "version", "targets", "names", "nosuch"])
def test_with_eio_the_version_is_not_spoken(
    make_rig: MakeRig, profile: Profile, command: str
) -> None:
    rig = make_rig(profile)
    prepare(rig, HISTORIES["both"])
    before = left(rig, "vol1")
    request = rig.request(command, name="vol1", **LOOKS_UP.get(command, {}))
    wrong: PlistDict = {**request, "version": [5, 0, 0]}
    expected = rig.execute(dict(wrong))
    assert {**expected, "error": None} == {**wrong, "error": None}, "the request is echoed"
    reply = fail(rig, request, Errno.EIO)
    assert shape({**reply, "version": [5, 0, 0]}) == shape(expected)
    assert reply["version"] == [4, 0, 0]
    assert left(rig, "vol1") == before


@pytest.mark.parametrize(
    ("profile", "command"),
    [(STANDARD, each) for each in (*LOOKS_UP, "create", "version", "targets", "names")]
    # What everybody may do never comes back so from the driver; its schema says so.
    + [(NETBSD_9, each) for each in CHANGES],
    ids=lambda each: each.name if isinstance(each, Profile) else each,
)
@pytest.mark.parametrize("errno", [Errno.EINVAL, Errno.EBUSY, Errno.ENOMEM, 4711])
def test_with_another_errno_the_request_comes_back_with_the_version(
    make_rig: MakeRig, profile: Profile, command: str, errno: int
) -> None:
    real, double = make_rig(profile), make_rig(profile)
    prepare(double, HISTORIES["live"])
    before = left(double, "vol1")
    request = real.request(command, name="vol1", **LOOKS_UP.get(command, {}))
    expected = {**request, "version": real.run("version")["version"]}
    if command == "reload":
        expected["minor"] = UInt(1)
    reply = fail(double, request, errno)
    if profile is STANDARD:
        assert error(reply)[0] == DMError(errno, "").name
        del reply["error"]
    assert dumps(reply) == dumps(expected)
    assert left(double, "vol1") == before


def test_with_ebusy_a_device_is_in_use(make_rig: MakeRig) -> None:
    real, double = make_rig(STANDARD), make_rig(STANDARD)
    for rig in (real, double):
        prepare(rig, HISTORIES["live"])
    real.make("vol2", linear(0, 8, "/dev/mapper/vol1"))
    request = real.request("remove", name="vol1")
    expected = real.execute(dict(request))
    assert error(expected)[0] == "EBUSY"
    assert shape(fail(double, request, Errno.EBUSY)) == shape(expected)


def test_with_eexist_a_rename_finds_its_name_taken(make_rig: MakeRig) -> None:
    real, double = make_rig(STANDARD), make_rig(STANDARD)
    for rig in (real, double):
        rig.make("vol1")
    real.make("new")
    request = real.request("rename", name="vol1", cmd_data=["new"])
    expected = real.execute(dict(request))
    assert error(expected)[0] == "EEXIST"
    assert shape(fail(double, request, Errno.EEXIST)) == shape(expected)


def test_with_enxio_a_wait_ends_as_if_the_device_had_gone(make_rig: MakeRig) -> None:
    real, double = make_rig(STANDARD), make_rig(STANDARD)
    for rig in (real, double):
        rig.make("vol1")
    pending = real.wait(name="vol1")
    real.do("remove", name="vol1")
    assert pending.reply is not None
    request = real.request("waitevent", version=None, name="vol1")
    assert shape(fail(double, request, Errno.ENXIO)) == shape(pending.reply)
    assert not double.mapper.find("vol1").watchers


@EVERY_PROFILE
@pytest.mark.parametrize("errno", [Errno.EINVAL, Errno.ENOMEM, Errno.EEXIST, Errno.ENOENT])
@pytest.mark.parametrize(
    ("given", "privileged"),
    [
        ({"command": "info", "name": "nosuch"}, True),
        ({"command": "reload", "name": "nosuch", "cmd_data": TABLE}, True),
        ({"command": "nosuch", "name": "vol1"}, True),
        ({"command": 5, "name": "vol1"}, True),
        ({"command": "info", "name": "vol1", "version": [5, 0, 0]}, True),
        ({"command": "reload", "name": "vol1", "cmd_data": TABLE}, False),
        ({"command": "create", "name": "vol1"}, False),
    ],
    ids=str,
)
def test_what_fails_before_fails_by_itself(
    make_rig: MakeRig,
    profile: Profile,
    errno: int,
    given: dict[str, PlistValue],
    privileged: bool,
) -> None:
    rig = make_rig(profile)
    prepare(rig, HISTORIES["both"])
    request: PlistDict = {**rig.request(""), **given}
    expected = rig.execute(dict(request), privileged=privileged)
    assert dumps(fail(rig, request, errno, privileged=privileged)) == dumps(expected)


@pytest.mark.parametrize("errno", [Errno.ENOENT, Errno.EPERM, Errno.EINVAL])
def test_a_request_in_the_words_of_the_draft_fails_in_them(make_rig: MakeRig, errno: Errno) -> None:
    rig = make_rig(STANDARD)
    rig.make("vol1")
    request: PlistDict = {"command": "info", "version": "4.0.0", "name": "vol1", "flags": UInt(4)}
    reply = fail(rig, request, errno)
    assert error(reply)[0] == errno.name
    assert reply["version"] == "4.16.0"
    assert reply["flags"] == (0 if errno == Errno.ENOENT else 4)
    assert fail(rig, request, Errno.EIO)["version"] == "4.0.0"
