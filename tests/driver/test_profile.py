"""The choices in which the two profiles differ: each has a test that shows it.

The functions are named after the fields of `Profile`.
"""

import os
from collections.abc import Callable
from dataclasses import fields, replace

import pytest

from netbsd_dm.blockio.volume import Volume
from netbsd_dm.driver.events import Pending
from netbsd_dm.driver.profile import NETBSD_9, PROFILES, STANDARD, Profile, find_profile
from netbsd_dm.plist import PlistDict, UInt
from netbsd_dm.server.control import Control
from netbsd_dm.server.conversation import Conversation
from netbsd_dm.wire.errors import DMError
from netbsd_dm.wire.framing import Framing, frame

from .conftest import LONG_DISK, MakeRig, Rig, error, line, linear


def flags_of(reply: PlistDict) -> int:
    flags = reply["flags"]
    assert isinstance(flags, int)
    return int(flags)


def ask(rig: Rig, text: bytes) -> bytes:
    """The text of the reply to a request that is only text."""
    profile = rig.profile
    conversation = Conversation(Control(rig.mapper, True), rig.profile, profile.max_request_bytes)
    conversation.feed(frame(text, Framing.LENGTH))
    return conversation.answer()[4:]


def volume(rig: Rig, name: str) -> Volume:
    """The device of that name, open."""
    return Volume(rig.mapper, rig.mapper.find(name))


def refusal(work: Callable[[], object]) -> str | None:
    """The name of the error that `work` comes to; None for none."""
    try:
        work()
    except DMError as error:
        return error.name
    return None


def is_refused(reply: bytes) -> bool:
    """Whether the ioctl itself would have failed."""
    return b'<plist version="1.0">\n<dict>\n\t<key>errno</key>' in reply


def padded(size: int) -> bytes:
    """A valid request of that many bytes."""
    text = b"<plist><dict>%s</dict></plist>"
    return text % (b" " * (size - len(text) + 2))


def nested(depth: int) -> bytes:
    """A valid request whose values nest that deep, the root counted."""
    inner = b"<array>" * (depth - 1) + b"</array>" * (depth - 1)
    return b"<plist><dict><key>k</key>%s</dict></plist>" % inner


def test_every_choice_has_a_test_here() -> None:
    tests = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    assert {field.name for field in fields(Profile)} <= tests


def test_every_choice_differs_between_the_profiles() -> None:
    for field in fields(Profile):
        assert getattr(STANDARD, field.name) != getattr(NETBSD_9, field.name), field.name


def test_name() -> None:
    assert PROFILES == {"standard": STANDARD, "netbsd-9": NETBSD_9}
    assert find_profile("standard") is STANDARD
    assert find_profile("netbsd-9") is NETBSD_9
    with pytest.raises(ValueError, match="no profile 'netbsd': choose standard or netbsd-9"):
        find_profile("netbsd")


def test_grammar(rig: Rig, old: Rig) -> None:
    text = b"<plist><dict ></dict></plist>"
    assert not is_refused(ask(rig, text))
    assert is_refused(ask(old, text))


@pytest.mark.parametrize("profile", PROFILES.values(), ids=list(PROFILES))
def test_max_request_bytes(make_rig: MakeRig, profile: Profile) -> None:
    rig = make_rig(profile)
    limit = {"netbsd-9": 65_534, "standard": 1_048_576}[profile.name]
    assert not is_refused(ask(rig, padded(limit)))
    assert not is_refused(ask(rig, padded(limit) + b"\0"))
    assert is_refused(ask(rig, padded(limit + 1)))


def test_oversize_errno(rig: Rig, old: Rig) -> None:
    text = padded(2_000_000)
    assert b"<key>errno</key>\n\t<integer>0x7</integer>" in ask(rig, text), "E2BIG"
    assert b"<key>errno</key>\n\t<integer>0x16</integer>" in ask(old, text), "EINVAL"


def test_max_depth(rig: Rig, old: Rig, make_rig: MakeRig) -> None:
    assert not is_refused(ask(rig, nested(256)))
    assert is_refused(ask(rig, nested(257)))
    # What the driver's limit on the size allows, its depth allows.
    deepest = (65_534 - len(nested(1))) // len(b"<array></array>") + 1
    assert not is_refused(ask(old, nested(deepest)))
    raised = make_rig(replace(NETBSD_9, max_request_bytes=10_000_000))
    assert is_refused(ask(raised, nested(100_000)))


def test_targets(rig: Rig, old: Rig) -> None:
    def listed(rig: Rig) -> list[object]:
        entries = rig.run("targets")["cmd_data"]
        assert isinstance(entries, list)
        return [(entry["name"], entry["ver"]) for entry in entries if isinstance(entry, dict)]

    assert listed(old) == [("linear", [1, 0, 2]), ("striped", [1, 0, 3])]
    assert listed(rig)[:4] == [*listed(old), ("zero", [1, 0, 0]), ("error", [1, 0, 0])]
    for each in (rig, old):
        each.run("create", name="v")
    zero = [line(0, 8, "zero")]
    assert flags_of(rig.run("reload", name="v", cmd_data=[*zero])) & 0x40
    assert not flags_of(old.run("reload", name="v", cmd_data=[*zero])) & 0x40


@pytest.mark.parametrize("command", ["remove_all", "waitevent", "message", "setgeometry", "iostat"])
def test_extra_commands(rig: Rig, old: Rig, command: str) -> None:
    message: PlistDict = {"sector": UInt(0), "message": "m"}
    geometry: PlistDict = dict.fromkeys(("cylinders", "heads", "sectors", "start"), UInt(1))
    for each in (rig, old):
        each.run("create", name="v")
        request = each.request(command, name="v", cmd_data=[message | geometry])
        before = dict(request)
        outcome = each.mapper.execute(request)
        if each is old:
            version = [UInt(4), UInt(16), UInt(0)]
            assert outcome == before | {"version": version}, "an echo"
            assert old.names() == ["v"]
        else:
            known = isinstance(outcome, Pending) or "no command" not in str(outcome.get("error"))
            assert known


def test_accepts_draft(rig: Rig, old: Rig) -> None:
    request: PlistDict = {"command": "create", "name": "v", "version": "4.0.0"}
    assert rig.execute(dict(request))["dev"] == 0xA901
    assert old.execute(dict(request)) == request, "another version is echoed"
    assert (rig.names(), old.names()) == (["v"], [])


def test_reports_errors(rig: Rig, old: Rig) -> None:
    assert error(rig.run("info", name="v"))[0] == "ENOENT"
    assert "error" not in old.run("info", name="v")
    assert b"<key>error</key>" in ask(rig, b"junk")
    assert b"<key>error</key>" not in ask(old, b"junk")


@pytest.mark.parametrize("command", ["info", "mknodes"])
def test_reports_event_nr(rig: Rig, old: Rig, command: str) -> None:
    for each in (rig, old):
        each.make("v")
        each.run("reload", name="v", cmd_data=[linear(0, 8)])
        each.run("resume", name="v")
    assert rig.run(command, name="v")["event_nr"] == 1
    assert "event_nr" not in old.run(command, name="v")


@pytest.mark.parametrize(("key", "longest"), [("name", 127), ("uuid", 129)])
def test_refuses_long_names(rig: Rig, old: Rig, key: str, longest: int) -> None:
    for each in (rig, old):
        assert "minor" in each.run("create", **{key: "x" * longest})
        reply = each.run("create", **{key: "y" * (longest + 1)})
        assert reply[key] == "y" * (longest + 1)
        if each is rig:
            name, message, where = error(reply)
            assert (name, where) == ("EINVAL", key)
            assert str(longest) in message
        assert ("minor" in reply) is (each is old)
        found = each.run("info", **{key: "y" * longest})
        assert flags_of(found) & 4 == (4 if each is old else 0)


def test_cuts_device_names(rig: Rig, old: Rig) -> None:
    name = f"/dev/{LONG_DISK}"
    for each, stored in ((rig, name), (old, name[:31])):
        each.make("v", linear(0, 8, name))
        assert each.table("v") == [f"0 8 linear {stored} 0"]


def test_opens_exclusively(rig: Rig, old: Rig) -> None:
    for each, loaded in ((rig, True), (old, False)):
        each.make("v")
        lines = [linear(0, 8, "/dev/d0"), linear(8, 8, f"{each.directory}/d0")]
        reply = each.run("reload", name="v", cmd_data=[*lines])
        assert bool(flags_of(reply) & 0x40) is loaded, "one device under two names"


def test_resume_keeps_live_table(rig: Rig, old: Rig) -> None:
    for each, kept in ((rig, ["0 8 linear /dev/d0 0"]), (old, [])):
        each.make("v", linear(0, 8))
        each.do("suspend", name="v")
        each.do("resume", name="v")
        assert each.table("v") == kept
        assert each.open_files() == ["d0"] * len(kept)


def test_rename_refuses_existing(rig: Rig, old: Rig) -> None:
    for each in (rig, old):
        each.make("a", linear(0, 8))
        each.make("b")
        reply = each.run("rename", name="a", cmd_data=["b"])
        if each is rig:
            assert error(reply)[::2] == ("EEXIST", "cmd_data[0]")
    assert (rig.names(), rig.open_files()) == (["a", "b"], ["d0"])
    assert (old.names(), old.open_files()) == (["b"], []), "the driver loses the device"


def test_rename_finds_by_uuid(rig: Rig, old: Rig) -> None:
    for each in (rig, old):
        each.make("a", uuid="u")
        each.run("rename", uuid="u", cmd_data=["b"])
    assert (rig.names(), old.names()) == (["b"], ["a"])
    # The driver compares the uuid with names.
    for each in (rig, old):
        each.make("u2")
        each.run("rename", uuid="u2", cmd_data=["c"])
    assert (rig.names(), old.names()) == (["b", "u2"], ["a", "c"])


def test_remove_refuses_users(rig: Rig, old: Rig) -> None:
    for each in (rig, old):
        each.make("low", linear(0, 100))
        each.make("high", linear(0, 100, "/dev/mapper/low"))
        each.run("remove", name="low")
    assert (rig.names(), old.names()) == (["low", "high"], ["high"])
    for each, left in ((rig, ["low", "high"]), (old, [])):
        with volume(each, "high") as device:
            reply = each.run("remove", name="high")
            assert each.names() == left
            if each is rig:
                name, message, _ = error(reply)
                assert name == "EBUSY"
                assert message.startswith("high is open")
            assert refusal(lambda: device.read(0, 512)) == (None if each is rig else "EIO")
    rig.do("remove", name="high")


@pytest.mark.parametrize("command", ["info", "mknodes", "suspend", "resume"])
def test_counts_opens(rig: Rig, old: Rig, command: str) -> None:
    for each, counted in ((rig, 2), (old, 0)):
        each.make("v", linear(0, 8))
        with volume(each, "v"), volume(each, "v"):
            assert each.run(command, name="v")["open_count"] == counted
        assert each.run(command, name="v")["open_count"] == 0


def test_suspend_stops_io(rig: Rig, old: Rig) -> None:
    for each, stopped in ((rig, "EAGAIN"), (old, None)):
        each.make("v", linear(0, 8))
        with volume(each, "v") as device:
            each.do("suspend", name="v")
            assert refusal(lambda: device.read(0, 512)) == stopped
            assert refusal(lambda: device.write(0, bytes(512))) == stopped
            each.do("resume", name="v")
            if each is rig:
                assert device.read(0, 512) == bytes(512)


@pytest.mark.parametrize(("bits", "waits"), [(0x4, True), (0x804, False)])
def test_suspend_stops_io_and_flushes_unless_told_not_to(
    rig: Rig, old: Rig, bits: int, waits: bool
) -> None:
    for each in (rig, old):
        each.make("v", linear(0, 8))
        with volume(each, "v") as device:
            device.write(0, b"x" * 512)
        outcome = each.mapper.execute(each.request("suspend", name="v", flags=UInt(bits)))
        assert isinstance(outcome, Pending) is (waits and each is rig)
        reply = outcome.run_work() if isinstance(outcome, Pending) else outcome
        assert flags_of(reply) & 0x2
        assert rig.mapper.find("v").is_dirty is not waits


def test_reload_is_atomic(rig: Rig, old: Rig) -> None:
    for each in (rig, old):
        each.make("v")
        each.do("reload", name="v", cmd_data=[linear(0, 8)])
        each.run("reload", name="v", cmd_data=[linear(0, 8, "/dev/d1"), linear(8, 8, "/dev/no")])
    assert (rig.inactive("v"), rig.open_files()) == (["0 8 linear /dev/d0 0"], ["d0"])
    assert (old.inactive("v"), old.open_files()) == ([], []), "the driver empties the slot"
    for each in (rig, old):
        each.do("reload", name="v", cmd_data=[linear(0, 8)])
        each.run("reload", name="v", cmd_data=[linear(0, 8, "/dev/d1"), line(8, 8, "nonsense")])
    assert (rig.inactive("v"), rig.open_files()) == (["0 8 linear /dev/d0 0"], ["d0"])
    assert (old.inactive("v"), old.open_files()) == (["0 8 linear /dev/d1 0"], ["d1"])


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([linear(8, 8)], id="not from 0"),
        pytest.param([linear(0, 8), linear(9, 8)], id="a gap"),
        pytest.param([linear(0, 8), linear(7, 8)], id="an overlap"),
        pytest.param([linear(8, 8), linear(0, 8)], id="out of order"),
        pytest.param([linear(0, 0)], id="nothing"),
        pytest.param([linear(0, 10_001)], id="beyond the device"),
        pytest.param([linear(0, 1, offset=10_000)], id="behind the device"),
    ],
)
def test_validates_tables(rig: Rig, old: Rig, lines: list[PlistDict]) -> None:
    for each in (rig, old):
        each.make("v")
    assert error(rig.run("reload", name="v", cmd_data=[*lines]))[0] == "EINVAL"
    assert flags_of(old.run("reload", name="v", cmd_data=[*lines])) & 0x40
    assert (rig.open_files(), old.open_files()) == ([], ["d0"])


@pytest.mark.parametrize("params", ["/dev/d0 7abc", "/dev/d0 -5", "/dev/d0 5 and more"])
def test_strict_arguments(rig: Rig, old: Rig, params: str) -> None:
    for each in (rig, old):
        each.make("v")
    lines = [line(0, 8, "linear", params)]
    assert error(rig.run("reload", name="v", cmd_data=[*lines]))[::2] == (
        "EINVAL",
        "cmd_data[0].params",
    )
    assert flags_of(old.run("reload", name="v", cmd_data=[*lines])) & 0x40


def test_enforces_readonly(rig: Rig, old: Rig) -> None:
    for each, refused in ((rig, "EPERM"), (old, None)):
        each.make("v", linear(0, 8), flags=UInt(0x5))
        with volume(each, "v") as device:
            assert device.is_read_only is (each is rig)
            assert refusal(lambda: device.write(0, b"x" * 512)) == refused
            assert device.read(0, 512) == (bytes(512) if each is rig else b"x" * 512)


def test_refuses_io_at_end(rig: Rig, old: Rig) -> None:
    for each in (rig, old):
        each.make("v", linear(0, 8))
        with volume(each, "v") as device:
            assert refusal(lambda: device.read(8 * 512, 512)) == ("EINVAL" if each is rig else None)
            assert refusal(lambda: device.read(7 * 512, 1024)) == "EINVAL", "across the end"
    with volume(old, "v") as device:
        assert device.read(8 * 512, 512) == b""
        assert device.write(8 * 512, bytes(512)) == 0


def test_byte_granular(rig: Rig, old: Rig) -> None:
    for each, refused in ((rig, None), (old, "EINVAL")):
        each.make("v", linear(0, 8))
        with volume(each, "v") as device:
            assert refusal(lambda: device.write(511, b"xy")) == refused
            assert refusal(lambda: device.read(0, 511)) == refused
            assert device.read(0, 1024)[511:513] == (b"xy" if each is rig else bytes(2))


def test_backing_errors_are_eio(rig: Rig, old: Rig) -> None:
    for each, behind in ((rig, "EIO"), (old, "EINVAL")):
        each.make("v", linear(0, 10_000))
        os.truncate(each.directory / "d0", 4 * 512)
        with volume(each, "v") as device:
            assert device.read(3 * 512, 512) == bytes(512)
            assert refusal(lambda: device.read(3 * 512, 1024)) == "EIO", "across the end"
            assert refusal(lambda: device.read(5 * 512, 512)) == behind
            assert refusal(lambda: device.write(5 * 512, bytes(512))) == behind
