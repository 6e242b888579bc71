"""Profile standard: waitevent and the event counter."""

from functools import partial

from netbsd_dm.driver.events import Pending
from netbsd_dm.plist import PlistDict, UInt, dumps, loads
from netbsd_dm.server.control import Control
from netbsd_dm.server.conversation import Conversation
from netbsd_dm.wire.framing import Framing, frame

from .conftest import Rig, error, linear


def event_nr(rig: Rig, name: str) -> object:
    return rig.do("info", name=name)["event_nr"]


def swap(rig: Rig, name: str) -> None:
    """Cause an event."""
    rig.do("reload", name=name, cmd_data=[linear(0, 8)])
    rig.do("resume", name=name)


def done(pending: Pending) -> PlistDict:
    assert pending.reply is not None, "it still waits"
    return pending.reply


def test_the_counter_counts_swaps_and_nothing_else(rig: Rig) -> None:
    rig.make("v")
    for command in ("suspend", "resume", "clear", "status", "deps"):
        rig.do(command, name="v")
    rig.do("reload", name="v", cmd_data=[linear(0, 8)])
    assert event_nr(rig, "v") == 0
    for number in (1, 2, 3):
        swap(rig, "v")
        assert event_nr(rig, "v") == number


def test_what_is_over_is_answered_at_once(rig: Rig) -> None:
    rig.make("v", linear(0, 8))
    swap(rig, "v")
    for known in (0, 1):
        reply = rig.do("waitevent", name="v", version=None, event_nr=UInt(known))
        written = {key: reply[key] for key in ("event_nr", "minor", "flags", "open_count")}
        assert written == {"event_nr": 2, "minor": 1, "flags": 0x24, "open_count": 0}
        assert reply["target_count"] == 0, "NetBSD's library loops over it"
        assert {type(value) for value in written.values()} == {UInt}
        assert "version" not in reply


def test_it_waits_for_the_next_swap(rig: Rig) -> None:
    rig.make("v", linear(0, 8), flags=UInt(5))
    pending = rig.wait(name="v")
    rig.do("suspend", name="v")
    rig.do("reload", name="v", cmd_data=[linear(0, 8)])
    rig.do("info", name="v")
    assert pending.reply is None
    rig.do("resume", name="v")
    assert done(pending)["event_nr"] == 2
    assert done(pending)["flags"] == 0x24


def test_a_resume_without_a_swap_wakes_nobody(rig: Rig) -> None:
    rig.make("v", linear(0, 8))
    pending = rig.wait(name="v")
    rig.do("suspend", name="v")
    rig.do("resume", name="v")
    assert pending.reply is None


def test_it_waits_until_the_counter_is_beyond_the_number_given(rig: Rig) -> None:
    rig.make("v", linear(0, 8))
    pending = rig.wait(name="v", event_nr=UInt(3))
    for _ in range(2):
        swap(rig, "v")
        assert pending.reply is None
    swap(rig, "v")
    assert done(pending)["event_nr"] == 4


def test_a_number_of_no_use_counts_as_absent(rig: Rig) -> None:
    rig.make("v", linear(0, 8))
    pending = [rig.wait(name="v", event_nr=number) for number in ("0", -1, 2**40, True)]
    swap(rig, "v")
    assert [done(each)["event_nr"] for each in pending] == [2] * 4


def test_the_device_being_removed_ends_the_wait(rig: Rig) -> None:
    rig.make("v", linear(0, 8))
    pending = rig.wait(name="v", event_nr=UInt(99))
    rig.do("remove", name="v")
    name, message, _ = error(done(pending))
    assert (name, "v was removed" in message) == ("ENXIO", True)
    assert "errno" not in done(pending)


def test_remove_all_and_the_end_of_the_mapper_do_too(rig: Rig) -> None:
    rig.make("v", linear(0, 8))
    first = rig.wait(name="v")
    rig.do("remove_all")
    rig.make("w")
    second = rig.wait(name="w")
    rig.mapper.close()
    assert [error(done(each))[0] for each in (first, second)] == ["ENXIO"] * 2


def test_it_follows_its_device_through_a_rename(rig: Rig) -> None:
    rig.make("v", linear(0, 8))
    pending = rig.wait(name="v")
    rig.do("rename", name="v", cmd_data=["w"])
    rig.make("v", linear(0, 8))
    swap(rig, "v")
    assert pending.reply is None
    swap(rig, "w")
    assert done(pending)["minor"] == 1


def test_everybody_who_waits_is_woken(rig: Rig) -> None:
    rig.make("v", linear(0, 8))
    rig.make("other", linear(0, 8))
    pending = [rig.wait(name="v", tag=str(number)) for number in range(5)]
    elsewhere = rig.wait(name="other")
    swap(rig, "v")
    assert [done(each)["tag"] for each in pending] == ["0", "1", "2", "3", "4"]
    assert elsewhere.reply is None


def test_a_listener_is_called_once_when_the_reply_is_there(rig: Rig) -> None:
    rig.make("v", linear(0, 8))
    calls: list[str] = []
    early = rig.wait(name="v")
    early.when_ready(lambda: calls.append("early"))
    assert calls == []
    swap(rig, "v")
    assert calls == ["early"]
    early.when_ready(lambda: calls.append("late"))
    assert calls == ["early", "late"]
    swap(rig, "v")
    assert calls == ["early", "late"]


def test_who_cancelled_is_not_called_and_not_remembered(rig: Rig) -> None:
    rig.make("v", linear(0, 8))
    calls: list[str] = []
    pending = rig.wait(name="v")
    pending.when_ready(lambda: calls.append("called"))
    pending.cancel()
    pending.cancel()
    assert rig.mapper.find("v").watchers == set()
    swap(rig, "v")
    assert (pending.reply, calls) == (None, [])


def test_whoever_cancelled_nobody_is_watched_when_all_are_done(rig: Rig) -> None:
    rig.make("v", linear(0, 8))
    device = rig.mapper.find("v")
    pending = [rig.wait(name="v") for _ in range(1000)]
    assert len(device.watchers) == 1000
    for each in pending[::2]:
        each.cancel()
    assert len(device.watchers) == 500
    swap(rig, "v")
    assert [each.reply is None for each in pending] == [True, False] * 500
    assert device.watchers == set()


def test_the_removal_is_an_event_of_its_own(rig: Rig) -> None:
    rig.make("v", linear(0, 8))
    device = rig.mapper.find("v")
    rig.wait(name="v")
    rig.do("remove", name="v")
    assert (device.event_nr, device.watchers) == (2, set())


def test_a_target_may_raise_one_at_any_time(rig: Rig) -> None:
    rig.make("v", linear(0, 8))
    rig.make("other", linear(0, 8))
    pending, elsewhere = rig.wait(name="v"), rig.wait(name="other")
    (entry,) = rig.mapper.find("v").live
    entry.devices.raise_event()
    assert (done(pending)["event_nr"], elsewhere.reply) == (2, None)


def test_an_event_that_causes_another_calls_each_listener_once(rig: Rig) -> None:
    rig.make("v", linear(0, 8))
    calls: list[int] = []
    pending = [rig.wait(name="v") for _ in range(4)]

    def listen(number: int) -> None:
        calls.append(number)
        if len(calls) == 1:
            swap(rig, "v")

    for number, each in enumerate(pending):
        each.when_ready(partial(listen, number))
    swap(rig, "v")
    assert sorted(calls) == [0, 1, 2, 3]


def test_a_listener_may_cancel_another_and_issue_commands(rig: Rig) -> None:
    rig.make("v", linear(0, 8))
    first, second = rig.wait(name="v"), rig.wait(name="v")
    seen: list[object] = []

    def listen(other: Pending) -> None:
        other.cancel()
        seen.append(event_nr(rig, "v"))

    first.when_ready(lambda: listen(second))
    second.when_ready(lambda: listen(first))
    swap(rig, "v")
    assert set(seen) == {2}


def text(command: str, **given: object) -> bytes:
    request: dict[str, object] = {"command": command, "version": [4, 0, 0], "name": "v", **given}
    return dumps(request)  # type: ignore[arg-type]


class TestInAConversation:
    """Replies come in the order of the requests, whoever waits."""

    def test_what_comes_after_a_wait_waits_with_it(self, rig: Rig) -> None:
        rig.make("v", linear(0, 8))
        conversation = Conversation(Control(rig.mapper, True), rig.profile, 65_536)
        requests = [text("info"), text("waitevent"), text("names"), text("info")]
        conversation.feed(b"".join(frame(request, Framing.TEXT) for request in requests))
        assert commands(conversation.answer()) == ["info"]
        assert conversation.waiting is not None
        assert conversation.answer() == b""
        conversation.feed(text("deps"))
        assert conversation.answer() == b""
        swap(rig, "v")
        assert commands(conversation.answer()) == ["waitevent", "names", "info", "deps"]
        assert conversation.waiting is None

    def test_two_conversations_wait_for_themselves(self, rig: Rig) -> None:
        rig.make("v", linear(0, 8))
        waiting, busy = (
            Conversation(Control(rig.mapper, True), rig.profile, 65_536) for _ in range(2)
        )
        waiting.feed(text("waitevent"))
        assert waiting.answer() == b""
        for request in (text("info"), reload_text(), text("resume")):
            busy.feed(request)
            assert len(commands(busy.answer())) == 1
        assert commands(waiting.answer()) == ["waitevent"]

    def test_a_peer_that_is_gone_is_forgotten(self, rig: Rig) -> None:
        rig.make("v", linear(0, 8))
        conversation = Conversation(Control(rig.mapper, True), rig.profile, 65_536)
        conversation.feed(text("waitevent"))
        conversation.answer()
        conversation.close()
        assert rig.mapper.find("v").watchers == set()


def reload_text() -> bytes:
    return text("reload", cmd_data=[linear(0, 8)])


def commands(replies: bytes) -> list[object]:
    """The commands of the replies, in order."""
    parts = replies.split(b"</plist>\n")
    return [loads(part + b"</plist>\n")["command"] for part in parts if part]
