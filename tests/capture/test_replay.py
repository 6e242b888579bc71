"""Replaying: what is compared, what is not, and what is said of it."""

import os
import tempfile
from pathlib import Path
from typing import Any

import pytest

from netbsd_dm.capture.access import Access, Outcome
from netbsd_dm.capture.format import Capture, read_capture
from netbsd_dm.capture.replay import FreshServer, Result, Verdict, play_on, replay
from netbsd_dm.capture.replay import play as play_all
from netbsd_dm.driver.profile import NETBSD_9, STANDARD, Profile
from netbsd_dm.pdev.devnum import makedev
from netbsd_dm.plist import PlistDict, loads

from .conftest import HEAD, Write, request, step


def play(path: Path, profile: Profile = NETBSD_9) -> list[Result]:
    """What becomes of each step."""
    capture = read_capture(path)
    with FreshServer(profile, capture.disks) as server:
        return list(replay(capture, server))


def verdicts(results: list[Result]) -> list[Verdict]:
    return [result.verdict for result in results]


def answered(text: str, profile: Profile = NETBSD_9) -> str:
    """What a fresh server replies."""
    with FreshServer(profile, ()) as server:
        return server.exchange(text.encode()).decode()


NAMES = request("names")


def test_a_reply_as_recorded_is_equal(write: Write) -> None:
    (only,) = play(write(HEAD, step(1, request=NAMES, reply=answered(NAMES))))
    assert (only.verdict, only.reason) == (Verdict.EQUAL, "")
    assert only.reply == answered(NAMES).encode()
    assert only.step.label == "step-1"


@pytest.mark.parametrize(
    "doctor",
    [
        pytest.param(lambda text: text.replace("0x10", "0x11"), id="a number"),
        pytest.param(lambda text: text.replace("<array/>", "<array />"), id="a blank"),
        pytest.param(lambda text: text + "\n", id="a line feed more"),
        pytest.param(lambda text: text[:-1], id="a byte less"),
        pytest.param(lambda text: text[:0], id="nothing"),
    ],
)
def test_a_doctored_reply_is_different(write: Write, doctor: Any) -> None:
    good = answered(NAMES)
    assert doctor(good) != good
    lines = [step(1, request=NAMES, reply=doctor(good)), step(2, request=NAMES, reply=good)]
    first, second = play(write(HEAD, *lines))
    assert (first.verdict, second.verdict) == (Verdict.DIFFERENT, Verdict.EQUAL)
    assert first.reply == good.encode()


def test_a_reply_of_another_profile_is_different(write: Write) -> None:
    text = request("info", name="nobody")
    path = write(HEAD, step(1, request=text, reply=answered(text)))
    assert verdicts(play(path)) == [Verdict.EQUAL]
    assert verdicts(play(path, STANDARD)) == [Verdict.DIFFERENT]


def test_a_long_reply_is_compared_by_its_hash(write: Write) -> None:
    bad = step(1, request=NAMES, reply_sha256="00", reply_bytes=len(answered(NAMES)))
    assert verdicts(play(write(HEAD, bad))) == [Verdict.DIFFERENT]


def test_an_access_to_a_disk_is_compared(write: Write) -> None:
    io = {"op": "R", "minor": 1, "off": 0, "len": 512}
    good, bad = step(1, io=io | {"errno": 5}), step(2, io=io | {"errno": 22})
    first, second = play(write(HEAD, good, bad))
    assert (first.verdict, first.reply, first.reason) == (Verdict.EQUAL, None, "")
    assert (second.verdict, second.outcome) == (Verdict.DIFFERENT, Outcome(5))


@pytest.mark.parametrize("answer", [{}, {"errno": 5}], ids=["no answer", "an answer"])
def test_an_access_that_was_not_stable_is_done_but_not_compared(
    write: Write, answer: dict[str, int]
) -> None:
    io = {"op": "R", "minor": 1, "off": 0, "len": 512, **answer}
    (only,) = play(write(HEAD, step(1, io=io) | {"class": "undefined"}))
    assert (only.verdict, only.outcome) == (Verdict.SKIPPED, Outcome(5))
    assert "undefined" in only.reason


def test_what_is_neither_request_nor_access_is_skipped_and_says_so(write: Write) -> None:
    (only,) = play(write(HEAD, step(1)))
    assert (only.verdict, only.reply, only.outcome) == (Verdict.SKIPPED, None, None)
    assert "neither" in only.reason


@pytest.mark.parametrize("kind", ["undefined", "panic"])
def test_what_was_not_stable_is_sent_but_not_compared(write: Write, kind: str) -> None:
    create = step(1, request=request("create", name="v"), reply="nonsense") | {"class": kind}
    info = request("info", name="v")
    first, second = play(write(HEAD, create, step(2, request=info, reply="x")))
    assert first.verdict is Verdict.SKIPPED
    assert kind in first.reason
    assert first.reply is not None
    assert second.reply is not None
    assert loads(second.reply)["minor"] == 1, "it was not sent"


def test_after_a_restart_the_driver_is_fresh(write: Write) -> None:
    create = request("create", name="v")
    info = request("info", name="v")
    lines = [
        step(1, request=create, reply=answered(create)),
        step(2, request=info, server_restarted_after=True) | {"class": "panic"},
        step(3, request=info, reply=answered(info)),
        step(4, request=create, reply=answered(create)),
    ]
    equal = Verdict.EQUAL
    assert verdicts(play(write(HEAD, *lines))) == [equal, Verdict.SKIPPED, equal, equal]


class Lasting:
    """A server of somebody else: its disks are out of reach, and it goes on for ever."""

    def __init__(self) -> None:
        self.asked = 0

    def exchange(self, request: bytes) -> bytes:
        self.asked += 1
        return b"reply"

    def access(self, access: Access) -> Outcome | None:
        return None

    def restart(self) -> bool:
        return False


def test_an_access_to_a_disk_out_of_reach_is_skipped_and_says_so(write: Write) -> None:
    io = {"op": "R", "minor": 1, "off": 0, "len": 512, "errno": 5}
    (only,) = replay(read_capture(write(HEAD, step(1, io=io))), Lasting())
    assert (only.verdict, only.reply, only.outcome) == (Verdict.SKIPPED, None, None)
    assert "disk" in only.reason


def test_what_a_fault_was_injected_into_is_not_compared_and_says_so(write: Write) -> None:
    hit = step(1, request=NAMES, reply="x", fault=["names once errno=EIO"])
    (only,) = play(write(HEAD, hit | {"class": "undefined"}))
    assert (only.verdict, only.reason) == (Verdict.SKIPPED, "a fault was injected")
    assert only.reply == answered(NAMES).encode()


def test_a_reply_that_was_not_recorded_is_skipped_and_says_so(write: Write) -> None:
    (only,) = play(write(HEAD, step(1, request=NAMES)))
    assert (only.verdict, only.reason) == (Verdict.SKIPPED, "no reply was recorded")


def written(write: Write, *further: dict[str, Any]) -> Capture:
    """A capture in which a device is made, written to, and what follows."""
    line: PlistDict = {"start": 0, "length": 8, "type": "linear", "params": "/dev/wd1a 0"}
    texts = [
        request("create", name="v"),
        request("reload", name="v", cmd_data=[line]),
        request("resume", name="v"),
    ]
    io = {"op": "W", "minor": 1, "off": 512, "len": 512, "write_fill": 65, "errno": 0}
    lines = [step(number, request=text, reply="x") for number, text in enumerate(texts, 1)]
    return read_capture(write(HEAD, *lines, step(4, io=io | {"written": 512}), *further))


def test_a_reply_that_waits_for_a_flush_comes(write: Write) -> None:
    capture = written(write, step(5, request=request("suspend", name="v"), reply="x"))
    suspended = play_all(capture, STANDARD).results[-1]
    assert loads(suspended.reply or b"")["minor"] == 1


def test_all_of_a_capture_is_its_results_and_what_changed_on_the_disks(write: Write) -> None:
    played = play_all(written(write), NETBSD_9)
    assert [result.answer for result in played.results] == [
        *(result.reply for result in played.results[:3]),
        Outcome(0, written_bytes=512),
    ]
    assert played.changes is not None
    assert {name: list(sectors) for name, sectors in played.changes.items()} == {"wd1a": [1]}


def test_without_accesses_nobody_looks_at_the_disks(write: Write) -> None:
    assert play_all(read_capture(write(HEAD, step(1, request=NAMES))), NETBSD_9).changes is None


def test_a_server_that_starts_over_has_no_devices_another_profile_and_its_disks_again(
    write: Write,
) -> None:
    capture = written(write)
    with FreshServer(STANDARD, capture.disks, filled=True) as server:
        first = play_on(capture, server)
        server.start_over(NETBSD_9)
        assert server.changes() == {}
        assert loads(server.exchange(NAMES.encode()))["cmd_data"] == []
        targets = loads(server.exchange(request("targets").encode()))["cmd_data"]
        assert isinstance(targets, list)
        assert len(targets) == 2, "those of netbsd-9"
        server.start_over(STANDARD)
        assert play_on(capture, server) == first


def test_a_peer_that_cannot_restart_skips_the_rest(write: Write) -> None:
    lines = [
        step(1, request=NAMES, reply="reply"),
        step(2, request=NAMES, reply="reply", server_restarted_after=True),
        step(3, request=NAMES, reply="reply"),
        step(4, request=NAMES, reply="reply"),
    ]
    peer = Lasting()
    results = list(replay(read_capture(write(HEAD, *lines)), peer))
    skipped = Verdict.SKIPPED
    assert verdicts(results) == [Verdict.EQUAL, Verdict.EQUAL, skipped, skipped]
    assert "restart" in results[-1].reason
    assert peer.asked == 2


def test_a_request_that_would_wait_has_no_reply_and_does_not_stop_the_rest(write: Write) -> None:
    create = request("create", name="v")
    lines = [
        step(1, request=create, reply=answered(create, STANDARD)),
        step(2, request=request("waitevent", name="v"), reply="x"),
        step(3, request=NAMES, reply="x"),
    ]
    _, waited, after = play(write(HEAD, *lines), STANDARD)
    assert (waited.verdict, waited.reply) == (Verdict.DIFFERENT, b"")
    assert loads(after.reply or b"")["cmd_data"]


def test_a_request_over_the_limit_is_answered_by_it(write: Write) -> None:
    text = NAMES.replace("<dict>", "<dict>" + " " * 70_000)
    (only,) = play(write(HEAD, step(1, request=text, reply="x")))
    assert only.reply is not None
    assert loads(only.reply) == {"errno": 22}


def test_the_disks_are_there_with_size_and_number_and_gone_at_the_end(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    line: PlistDict = {"start": 0, "length": 8, "type": "linear", "params": "/dev/wd1a 0"}
    texts = [
        request("create", name="v"),
        request("reload", name="v", cmd_data=[line]),
        request("resume", name="v"),
        request("deps", name="v"),
    ]
    lines = [step(number, request=text, reply="x") for number, text in enumerate(texts, 1)]
    results = play(write(HEAD, *lines))
    assert loads(results[-1].reply or b"")["cmd_data"] == [makedev(197, 0)]
    assert sorted(os.listdir(tmp_path)) == ["made-up.jsonl"]  # noqa: PTH208 (names only)
