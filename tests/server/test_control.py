"""The requests of one client, without a socket: what faults make of them, and the journal."""

import pytest

from netbsd_dm.driver.mapper import Mapper
from netbsd_dm.driver.profile import PROFILES, Profile
from netbsd_dm.faults.plan import Plan
from netbsd_dm.plist import PlistDict, PlistValue, UInt, dumps, loads
from netbsd_dm.server.control import Control
from netbsd_dm.server.journal import Exchange
from netbsd_dm.server.responding import Cut

from ..helpers.control import asking, bench

EVERY_PROFILE = pytest.mark.parametrize("profile", PROFILES.values(), ids=list(PROFILES))
CREATE = asking("create", name="vol1", flags=UInt(4))
INFO = asking("info", name="vol1", flags=UInt(4))
NAMES = asking("names")


# Without faults


@EVERY_PROFILE
def test_every_exchange_is_in_the_journal_as_it_was(profile: Profile) -> None:
    it = bench(profile=profile)
    texts = [CREATE, b"junk", INFO]
    replies = [it.run(text) for text in texts]
    assert it.noted.exchanges == [
        Exchange(client=7, at_seconds=0.0, request=text, reply=reply)
        for text, reply in zip(texts, replies, strict=True)
        if isinstance(reply, bytes)
    ]
    assert it.client.requests == 2, "junk is no request to the mapper"


def test_without_rules_nobody_is_asked_for_faults(monkeypatch: pytest.MonkeyPatch) -> None:
    def unexpected(*_: object) -> None:
        raise AssertionError("asked for faults")

    it = bench()
    monkeypatch.setattr(Plan, "command", unexpected)
    monkeypatch.setattr(Plan, "opening", unexpected)
    assert "error" not in it.ask("create", name="vol1")
    assert "error" not in it.ask("names")
    it.mapper.faults.add("open errno=EIO")
    with pytest.raises(AssertionError, match="asked for faults"):
        it.ask("names")


def test_a_wait_that_nobody_wants_any_more_is_in_the_journal_without_a_reply() -> None:
    it = bench()
    it.run(CREATE)
    waiting = it.begin(asking("waitevent", name="vol1"))
    assert len(it.noted.exchanges) == 1
    waiting.cancel()
    assert (it.last.reply, it.last.sent_bytes) == (None, None)
    assert not it.mapper.find("vol1").watchers


def test_a_wait_that_ends_is_in_the_journal_when_it_does() -> None:
    it = bench()
    it.run(CREATE)
    waiting = it.begin(asking("waitevent", name="vol1"))
    it.advance(3)
    it.run(asking("remove", name="vol1"))
    assert waiting.reply == it.last.reply
    assert it.last.at_seconds == 3
    waiting.cancel()
    assert len(it.noted.exchanges) == 3, "told twice"


# What rules do


@EVERY_PROFILE
def test_the_second_reload_fails_with_enoent(profile: Profile) -> None:
    it = bench("reload nth=2 errno=ENOENT", profile=profile)
    it.run(CREATE)
    line: PlistDict = {"start": UInt(0), "length": UInt(8), "type": "linear", "params": "/dev/x 0"}
    replies = [it.ask("reload", name="vol1", cmd_data=[line]) for _ in range(3)]
    own = "there is no /dev/x: the server's own ENOENT"
    rules = [exchange.faults for exchange in it.noted.exchanges]
    assert rules == [(), (), ("reload nth=2 errno=ENOENT",), ()]
    if profile.reports_errors:
        errors = [reply["error"] for reply in replies]
        assert [isinstance(error, dict) and error["errno"] for error in errors] == [2, 2, 2], own
        assert "fault reload nth=2 errno=ENOENT" in str(errors[1])
        assert "fault" not in str(errors[0])
    else:
        assert replies[0] == replies[1] == replies[2]


@EVERY_PROFILE
def test_a_hangup_carries_nothing_out(profile: Profile) -> None:
    it = bench("create hangup", profile=profile)
    assert it.run(CREATE) == Cut(b"", 0)
    assert it.names == []
    assert (it.last.reply, it.last.sent_bytes, it.last.faults) == (None, 0, ("create hangup",))


@EVERY_PROFILE
def test_a_drop_carries_it_out_and_sends_nothing(profile: Profile) -> None:
    it = bench("create name=vol* drop", profile=profile)
    reply = it.run(CREATE)
    assert isinstance(reply, Cut)
    assert reply.sent_bytes == 0
    assert it.names == ["vol1"]
    assert it.last.reply == reply.text
    assert loads(reply.text)["minor"] == 1
    assert (it.last.sent_bytes, it.last.faults) == (0, ("create name=vol* drop",))


def test_a_reply_that_is_cut_is_whole_in_the_journal() -> None:
    it = bench("create cut=100")
    reply = it.run(CREATE)
    assert isinstance(reply, Cut)
    assert (reply.sent_bytes, it.last.sent_bytes) == (100, 100)
    assert loads(reply.text)["minor"] == 1
    assert it.last.reply == reply.text


def test_a_truncated_reply_is_truncated_in_the_journal_too() -> None:
    whole = bench().run(CREATE)
    it = bench("create truncate=100")
    reply = it.run(CREATE)
    assert isinstance(whole, bytes)
    assert reply == whole[:100] == it.last.reply
    assert it.last.sent_bytes is None
    assert it.names == ["vol1"]
    assert bench("create truncate=100000").run(CREATE) == whole


@EVERY_PROFILE
def test_an_ioctl_that_fails_replies_a_top_level_errno(profile: Profile) -> None:
    it = bench("create ioctl=ENOMEM", profile=profile)
    reply = it.ask("create", name="vol1")
    assert reply["errno"] == 12
    assert ("error" in reply) is profile.reports_errors
    assert it.names == []
    assert it.last.faults == ("create ioctl=ENOMEM",)


@pytest.mark.parametrize(
    ("given", "hits"),
    [
        ({"name": "vol1"}, True),
        ({"uuid": "u1"}, True),
        ({"minor": UInt(1)}, True),
        ({"minor": UInt(2)}, False),
        ({"name": "other"}, False),
        ({"name": "nosuch", "uuid": "u1"}, True),
    ],
    ids=str,
)
@pytest.mark.parametrize("selector", ["name=vol?", "uuid=u?", "minor=1"])
def test_a_device_is_known_by_all_its_names_however_it_is_called(
    given: dict[str, PlistValue], hits: bool, selector: str
) -> None:
    it = bench()
    it.ask("create", name="vol1", uuid="u1")
    it.ask("create", name="other")
    it.mapper.faults.add(f"info {selector} errno=EBUSY")
    reply = it.ask("info", **given)
    assert ("EBUSY" in str(reply.get("error"))) is hits


def test_a_device_that_is_not_there_has_the_names_of_the_request() -> None:
    it = bench("info name=nosuch drop", "info minor=9 drop")
    assert isinstance(it.run(asking("info", name="nosuch")), Cut)
    assert isinstance(it.run(asking("info", minor=UInt(9))), Cut)
    assert isinstance(it.run(asking("info", name="other")), bytes)


def test_a_create_is_about_the_new_device_whatever_minor_comes_with_it() -> None:
    it = bench("create name=vol2 errno=EINVAL")
    it.ask("create", name="vol1", uuid="u1")
    assert "error" in it.ask("create", name="vol2", minor=UInt(1))
    it.mapper.faults.add("create name=vol1 errno=EINVAL")
    assert "error" not in it.ask("create", name="vol3", minor=UInt(1))


def test_a_rule_follows_a_device_that_is_renamed() -> None:
    it = bench("info name=new errno=EBUSY")
    it.run(CREATE)
    assert "error" not in it.ask("info", minor=UInt(1))
    it.ask("rename", name="vol1", cmd_data=["new"])
    assert "EBUSY" in str(it.ask("info", minor=UInt(1))["error"])


def test_requests_in_the_words_of_the_draft_meet_the_same_faults() -> None:
    it = bench("info minor=1 errno=EBUSY")
    it.run(CREATE)
    dev = UInt(169 << 8 | 1)
    answer = it.run(dumps({"command": "info", "version": "4.0.0", "dev": dev}))
    assert isinstance(answer, bytes)
    reply = loads(answer)
    assert reply["version"] == "4.16.0"
    assert "EBUSY" in str(reply["error"])


def test_what_is_no_property_list_meets_no_fault() -> None:
    it = bench("any once hangup")
    assert isinstance(it.run(b"junk"), bytes)
    assert it.last.faults == ()
    assert isinstance(it.run(NAMES), Cut)


def test_two_rules_go_together() -> None:
    it = bench("create errno=EEXIST", "any truncate=50 delay=1s")
    waiting = it.begin(CREATE)
    it.advance(1)
    assert isinstance(waiting.reply, bytes)
    assert len(waiting.reply) == 50
    assert it.last.faults == ("create errno=EEXIST", "any delay=1000ms truncate=50")
    assert it.names == []


# Looking at the server


def test_a_look_at_the_server_meets_no_fault_and_leaves_no_trace() -> None:
    it = bench("any hangup")
    look = dumps({"netbsd-dm": "clock", "command": "create", "name": "vol1"})
    reply = it.run(look)
    assert isinstance(reply, bytes)
    assert "result" in loads(reply)
    assert it.names == []
    assert it.noted.exchanges == []
    assert it.client.requests == 0
    (armed,) = it.mapper.faults
    assert armed.matches == 0


def test_without_a_monitor_such_a_request_is_one_like_others() -> None:
    control = Control(Mapper(), True)
    reply = control.run(dumps({"netbsd-dm": "state", "command": "version", "version": [4, 0, 0]}))
    assert isinstance(reply, bytes)
    assert loads(reply) == {"netbsd-dm": "state", "command": "version", "version": [4, 16, 0]}


@pytest.mark.parametrize("name", ["/dev/wd1a", "/dev/mapper/low"])
def test_an_open_that_fails_is_told_with_the_command_that_opens(name: str) -> None:
    rule = f"open device={name} errno=ENOENT"
    client = bench(rule)
    client.ask("create", name="low")
    line: PlistDict = {"start": UInt(0), "length": UInt(8), "type": "linear", "params": f"{name} 0"}
    client.ask("create", name="vol1")
    client.ask("reload", name="vol1", cmd_data=[line])
    client.ask("info", name="vol1")
    *_, reload, info = (exchange.faults for exchange in client.noted.exchanges)
    assert (list(reload), list(info)) == ([rule], [])
    assert [hit.what for hit, _ in client.noted.hits] == [f"open of {name}"]
