"""The journal as it is written, for those who watch."""

import pytest
from trio.testing import wait_all_tasks_blocked

from netbsd_dm import Settings
from netbsd_dm.client.exchange import framed
from netbsd_dm.clock.timers import ManualClock
from netbsd_dm.faults.plan import Hit
from netbsd_dm.plist import PlistDict, UInt, dumps, loads
from netbsd_dm.server.clients import Client
from netbsd_dm.server.monitor import tail as tail_module
from netbsd_dm.server.monitor.requests import Monitor
from netbsd_dm.server.responding import Cut, Waiting

from ..helpers.control import Bench, Noted, asking, bench
from .conftest import Faulty, Serving, open_raw, receive_frame

LOOK = dumps({"netbsd-dm": "journal"})


def result(text: object) -> PlistDict:
    """What a reply tells: entries, and how much was lost before."""
    assert isinstance(text, bytes), "it waits"
    found = loads(text)["result"]
    assert isinstance(found, dict)
    return found


def taken(text: object) -> list[PlistDict]:
    """The entries in a reply."""
    entries = result(text)["entries"]
    assert isinstance(entries, list)
    return [entry for entry in entries if isinstance(entry, dict)]


class Watcher:
    """A client that watches from now on."""

    def __init__(self, it: Bench, number: int = 9) -> None:
        self.control = it.connect(Client(number))
        assert taken(self.control.run(LOOK)) == [], "what was before is not told"

    def ask(self) -> Waiting:
        """Ask for what comes next."""
        reply = self.control.run(LOOK)
        assert not isinstance(reply, bytes | Cut)
        return reply

    def take(self) -> list[PlistDict]:
        """What is there already."""
        return taken(self.ask().reply)


def has_reply(waiting: Waiting) -> bool:
    return waiting.reply is not None


def test_a_watcher_gets_what_happens_when_it_does() -> None:
    it = bench()
    it.ask("names")
    watch = Watcher(it).ask()
    woken: list[bool] = []
    watch.when_ready(lambda: woken.append(True))
    assert not has_reply(watch)
    assert (watch.work, woken) == (None, [])
    it.advance(1.5)
    reply = it.run(asking("create", name="vol1"))
    assert isinstance(reply, bytes)
    assert woken == [True]
    assert taken(watch.reply) == [
        {
            "client": 7,
            "ns": 1_500_000_000,
            "request": asking("create", name="vol1"),
            "reply": reply,
            "faults": [],
        }
    ]


def test_what_happens_between_two_questions_is_kept() -> None:
    it = bench()
    watcher = Watcher(it)
    it.run(asking("names"))
    it.run(asking("version"))
    watch = watcher.ask()
    woken: list[bool] = []
    watch.when_ready(lambda: woken.append(True))
    assert woken == [True], "it is there already"
    assert [entry["request"] for entry in taken(watch.reply)] == [
        asking("names"),
        asking("version"),
    ]
    assert not has_reply(watcher.ask()), "told twice"


def test_every_watcher_gets_everything() -> None:
    it = bench()
    one, other = Watcher(it, 9), Watcher(it, 10)
    it.run(asking("names"))
    first = one.take()
    it.run(asking("version"))
    assert len(first) == 1
    assert other.take() == first + one.take()


def test_hits_are_told_with_their_rules() -> None:
    it = bench("create cut=10", "names hangup", "info delay=1s")
    watcher = Watcher(it)
    it.run(asking("create", name="vol1"))
    it.run(asking("names"))
    it.begin(asking("info", name="vol1"))
    it.delays.close()
    hit = Hit("open errno=EIO", 1, "open of /dev/wd1a")
    it.journals.hit(hit, 2.5)
    cut, hung_up, dropped, opened = watcher.take()
    assert (cut["faults"], cut["sent"]) == (["create cut=10"], 10)
    assert "reply" in cut
    assert (hung_up["faults"], hung_up["sent"]) == (["names hangup"], 0)
    assert "reply" not in hung_up
    assert dropped["faults"] == ["info delay=1000ms"]
    assert not {"reply", "sent"} & set(dropped)
    assert opened == {"faults": [hit.rule], "what": hit.what, "ns": 2_500_000_000}


def test_looks_at_the_server_are_not_told() -> None:
    it = bench()
    watch = Watcher(it).ask()
    it.look("state")
    it.look("faults", add=["info drop"])
    it.look("clock", advance=UInt(1))
    assert not has_reply(watch)


@pytest.mark.parametrize("is_by_size", [False, True])
def test_who_does_not_ask_loses_the_oldest_and_is_told_how_many(
    is_by_size: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    it = bench()
    watcher = Watcher(it)
    texts = [asking("names", tag=UInt(16 + number)) for number in range(5)]
    size_bytes = len(texts[0]) + len(bytes_of(it, texts[0]))
    if is_by_size:
        monkeypatch.setattr(tail_module, "BYTES_MAX", 3 * size_bytes)
    else:
        monkeypatch.setattr(tail_module, "ENTRIES_MAX", 3)
    for text in texts[1:]:
        it.run(text)
    reply = watcher.ask().reply
    assert [entry["request"] for entry in taken(reply)] == texts[2:]
    assert result(reply)["lost"] == 2
    it.run(texts[0])
    assert result(watcher.ask().reply)["lost"] == 0


def bytes_of(it: Bench, text: bytes) -> bytes:
    """The reply to `text`."""
    reply = it.run(text)
    assert isinstance(reply, bytes)
    return reply


def test_an_entry_that_is_too_large_is_lost_like_others(monkeypatch: pytest.MonkeyPatch) -> None:
    it = bench()
    watch = Watcher(it).ask()
    with monkeypatch.context() as context:
        context.setattr(tail_module, "BYTES_MAX", 10)
        it.run(asking("names"))
        assert not has_reply(watch)
    it.run(asking("names"))
    assert result(watch.reply)["lost"] == 1


def test_a_watcher_that_goes_is_forgotten() -> None:
    it = bench()
    watcher = Watcher(it)
    watch = watcher.ask()
    assert len(it.journals._journals) == 2
    watch.cancel()
    watcher.control.close()
    assert len(it.journals._journals) == 1
    it.run(asking("names"))
    assert not has_reply(watch)


async def test_over_the_socket_a_watcher_is_woken_by_others(
    faulty: Faulty, serving: Serving, clock: ManualClock, noted: Noted
) -> None:
    settings = faulty("create delay=1s")
    async with serving(settings), await open_raw(settings.socket_path) as watcher:
        await watcher.send_all(framed(LOOK) * 3)
        assert taken(await receive_frame(watcher)) == []
        async with await open_raw(settings.socket_path) as stream:
            await stream.send_all(framed(asking("names")) + framed(asking("create", name="vol1")))
            (names,) = taken(await receive_frame(watcher))
            assert (names["client"], names["request"]) == (2, asking("names"))
            await wait_all_tasks_blocked()
            clock.advance(1)
            (create,) = taken(await receive_frame(watcher))
            assert (create["ns"], create["faults"]) == (10**9, ["create delay=1000ms"])
        await watcher.send_all(framed(LOOK))
        await wait_all_tasks_blocked()
    assert len(noted.exchanges) == 2, "watching is in no journal"


async def test_over_the_socket_a_watcher_that_goes_is_forgotten(
    settings: Settings, serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    forgotten: list[int] = []
    monkeypatch.setattr(Monitor, "forget", lambda _, client: forgotten.append(client.number))
    async with serving(settings):
        async with await open_raw(settings.socket_path) as watcher:
            await watcher.send_all(framed(LOOK) * 2)
            await receive_frame(watcher)
            await wait_all_tasks_blocked()
        await wait_all_tasks_blocked()
        assert forgotten == [1]
