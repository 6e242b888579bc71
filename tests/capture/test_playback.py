"""Answering from a recording alone: which exchange answers, and what is said of departures."""

import logging
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netbsd_dm.capture.format import Capture, Recorded, Step, StepClass, read_capture
from netbsd_dm.capture.playback import Match, Playback, playback_of
from netbsd_dm.driver.profile import NETBSD_9, STANDARD
from netbsd_dm.plist import PlistDict, UInt, dumps, loads
from netbsd_dm.server.responding import Cut

from .conftest import HEAD, Write, request, step

FIXTURES = Path(__file__).parents[2] / "fixtures"
CREATE, LOAD, RESUME, INFO = (
    request("create", name="vol1"),
    request("reload", name="vol1", cmd_data=[{"start": 0, "length": UInt(64), "type": "zero"}]),
    request("resume", name="vol1"),
    request("info", name="vol1"),
)
LIFE = (CREATE, LOAD, RESUME, INFO)


def recording(*texts: str, name: str = "life", **given: Any) -> Capture:
    """A capture of these requests, the reply to step N being `reply N`."""
    steps = (
        Step(n, "", StepClass.STABLE, text.encode(), Recorded(b"reply %d" % n), False, **given)
        for n, text in enumerate(texts, 1)
    )
    return Capture(name, "", (), tuple(steps))


def played(capture: Capture, *texts: str, match: Match = Match.ORDER) -> Playback:
    """A playback that was asked for these."""
    playback = Playback(capture, match)
    for text in texts:
        playback.run(text.encode())
    return playback


def replies(playback: Playback, *texts: str) -> list[str]:
    """The texts of the replies; `EIO` for an ioctl that failed."""
    return [_shown(playback.run(text.encode())) for text in texts]


def _shown(reply: bytes | Cut) -> str:
    assert isinstance(reply, bytes)
    if reply.startswith(b"reply"):
        return reply.decode()
    assert loads(reply)["errno"] == 5
    return "EIO"


def test_in_order_the_recorded_replies_come_byte_for_byte() -> None:
    playback = Playback(recording(*LIFE))
    assert replies(playback, *LIFE) == ["reply 1", "reply 2", "reply 3", "reply 4"]
    assert playback.departures == []
    assert playback.remaining == []
    assert playback.summary() == [
        "4 of 4 exchanges of life were asked for, 0 requests departed from it"
    ]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(INFO.replace("\t", "  ").replace("\n", ""), id="layout"),
        pytest.param(INFO.replace(">4<", ">0x4<"), id="notation of numbers"),
        pytest.param(
            "<plist><dict><key>version</key><array><integer>4</integer><integer>0</integer>"
            "<integer>0</integer></array><key>name</key><string>vol1</string><key>command</key>"
            "<string>info</string></dict></plist>",
            id="order of keys",
        ),
        pytest.param(
            INFO.replace("<string>", "<string><![CDATA[").replace("</string>", "]]></string>"),
            id="what only lenient reads",
        ),
    ],
)
@pytest.mark.parametrize("match", Match)
def test_how_a_request_is_written_does_not_matter(other: str, match: Match) -> None:
    assert other != INFO
    assert replies(Playback(recording(INFO), match), other) == ["reply 1"]


@pytest.mark.parametrize("match", Match)
def test_a_string_that_looks_like_a_number_is_not_one(match: Match) -> None:
    texts = [request("info", name=name) for name in ("<integer>0x10</integer>", "0x10", "16")]
    assert replies(Playback(recording(*texts), match), *texts) == ["reply 1", "reply 2", "reply 3"]


@pytest.mark.parametrize("match", Match)
def test_what_is_no_property_list_must_be_the_same_bytes(match: Match) -> None:
    playback = Playback(recording("<plist>  nonsense", INFO), match)
    assert replies(playback, "<plist> nonsense", "<plist>  nonsense") == ["EIO", "reply 1"]


def test_a_departure_is_a_failed_ioctl_that_says_where() -> None:
    playback = Playback(recording(CREATE, LOAD))
    playback.run(CREATE.encode())
    reply = playback.run(RESUME.encode())
    assert isinstance(reply, bytes)
    message = "step 2 of life: recorded reload vol1, got resume vol1; it has no such command"
    assert loads(reply) == {
        "errno": 5,
        "error": {"errno": 5, "name": "EIO", "message": message},
    }
    (departure,) = playback.departures
    assert (str(departure), departure.step) == (message, 2)


def test_in_netbsd_9_a_departure_is_a_failed_ioctl_and_nothing_else() -> None:
    reply = Playback(recording(CREATE), profile=NETBSD_9).run(INFO.encode())
    assert isinstance(reply, bytes)
    assert loads(reply) == {"errno": 5}


def test_of_the_same_command_the_parts_that_differ_are_named() -> None:
    line: PlistDict = {"start": 0, "length": 128, "type": "linear"}
    other = request("reload", name="vol1", cmd_data=[line])
    playback = played(recording(LOAD), other)
    assert str(playback.departures[0]) == (
        "step 1 of life: recorded reload vol1, got another:"
        ' cmd_data[0].length: 0x40 -> 128, cmd_data[0].type: "zero" -> "linear"'
    )


def test_of_many_differences_the_first_are_shown_and_the_rest_counted() -> None:
    many: PlistDict = {f"key{number}": number for number in range(10)}
    other = request("info", name="vol1", cmd_data=[many])
    recorded = request("info", name="vol1", cmd_data=[dict.fromkeys(many, 99)])
    assert str(played(recording(recorded), other).departures[0]).endswith(
        "cmd_data[0].key0: 99 -> 0, cmd_data[0].key1: 99 -> 1, cmd_data[0].key2: 99 -> 2,"
        " and 7 more"
    )


def test_the_step_that_comes_nearest_is_named() -> None:
    others = [request("info", name="vol1", uuid="u", minor=7), INFO]
    playback = played(recording(CREATE, *others), request("info", name="vol2"))
    assert str(playback.departures[0]) == (
        "step 1 of life: recorded create vol1, got info vol2;"
        ' nearest is step 3, info vol1: name: "vol1" -> "vol2"'
    )


def test_a_request_too_many_does_not_move_the_recording() -> None:
    playback = Playback(recording(*LIFE))
    names = request("names")
    assert replies(playback, CREATE, names, LOAD, RESUME, names, INFO) == [
        *("reply 1", "EIO", "reply 2", "reply 3", "EIO", "reply 4"),
    ]
    assert [departure.step for departure in playback.departures] == [2, 4]


def test_steps_left_out_are_counted_and_the_recording_goes_on_behind_them() -> None:
    playback = Playback(recording(*LIFE))
    assert replies(playback, CREATE, INFO) == ["reply 1", "reply 4"]
    (departure,) = playback.departures
    assert str(departure) == (
        "step 2 of life: recorded reload vol1, got info vol1: that is step 4, 2 are left out"
    )
    assert playback.remaining == [2, 3]
    assert playback.summary()[1] == "never asked for: step 2, step 3"


def test_what_was_left_out_can_be_asked_for_later() -> None:
    playback = Playback(recording(*LIFE))
    assert replies(playback, LOAD, CREATE, RESUME, INFO) == [
        *("reply 2", "reply 1", "reply 3", "reply 4"),
    ]
    assert [str(departure).rpartition(": ")[2] for departure in playback.departures] == [
        "that is step 2, 1 is left out",
        "that is step 1, which was left out before",
    ]
    assert playback.remaining == []


def test_of_equal_steps_out_of_turn_the_nearest_answers() -> None:
    playback = Playback(recording(INFO, CREATE, LOAD, INFO, RESUME))
    assert replies(playback, CREATE, LOAD, RESUME) == ["reply 2", "reply 3", "reply 5"]
    assert replies(playback, INFO, INFO) == ["reply 4", "reply 1"]


def test_the_end_of_the_recording_is_named() -> None:
    playback = played(recording(INFO), INFO, INFO, CREATE)
    assert [str(departure) for departure in playback.departures] == [
        "life has ended, got info vol1; nearest is step 1, info vol1, asked for already",
        "life has ended, got create vol1; it has no such command",
    ]
    assert [departure.step for departure in playback.departures] == [None, None]


def test_by_keys_the_order_does_not_matter() -> None:
    playback = Playback(recording(*LIFE), Match.KEYS)
    assert replies(playback, *reversed(LIFE)) == ["reply 4", "reply 3", "reply 2", "reply 1"]
    assert playback.departures == []


def test_by_keys_equal_requests_take_turns_and_the_last_stays() -> None:
    playback = Playback(recording(INFO, CREATE, INFO), Match.KEYS)
    assert replies(playback, *[INFO] * 4) == ["reply 1", "reply 3", "reply 3", "reply 3"]
    assert playback.departures == []
    assert playback.remaining == [2]


def test_by_keys_what_was_not_recorded_is_a_departure_with_the_nearest() -> None:
    playback = Playback(recording(*LIFE), Match.KEYS)
    assert replies(playback, request("info", name="vol2"), INFO) == ["EIO", "reply 4"]
    assert [str(departure) for departure in playback.departures] == [
        'no step of life is this info vol2; nearest is step 4, info vol1: name: "vol1" -> "vol2"'
    ]


@pytest.mark.parametrize("match", Match)
@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (None, "step 1, info vol1, has no recorded reply"),
        (
            Recorded(None, "00", 200_000),
            "step 1, info vol1, was recorded without the text of its reply, which had 200000 bytes",
        ),
    ],
)
def test_a_reply_that_was_not_recorded_is_a_departure(
    reply: Recorded | None, said: str, match: Match
) -> None:
    one = Step(1, "", StepClass.UNDEFINED, INFO.encode(), reply, restarted_after=False)
    playback = Playback(Capture("life", "", (), (one, *recording(CREATE).steps)), match)
    assert replies(playback, INFO, CREATE) == ["EIO", "reply 1"]
    assert [(str(each), each.step) for each in playback.departures] == [(said, 1)]


def test_a_connection_that_was_cut_is_cut_again() -> None:
    dropped = Playback(recording(INFO, is_dropped=True))
    assert dropped.run(INFO.encode()) == Cut(b"", 0)
    truncated = Playback(recording(INFO, truncated_bytes=5))
    assert truncated.run(INFO.encode()) == Cut(b"reply 1", 5)
    assert dropped.departures == truncated.departures == []


def test_who_would_look_at_the_server_does_not_depart() -> None:
    playback = Playback(recording(INFO))
    reply = playback.run(dumps({"netbsd-dm": "state"}))
    assert isinstance(reply, bytes)
    error = loads(reply)["error"]
    assert isinstance(error, dict)
    assert error["name"] == "EINVAL"
    assert playback.departures == []
    assert replies(playback, INFO) == ["reply 1"]


def test_accesses_to_disks_are_passed_over(write: Write) -> None:
    io = {"op": "R", "minor": 1, "off": 0, "len": 512, "errno": 5}
    path = write(HEAD, step(1, io=io), step(2, request=INFO, reply="reply 2"))
    playback = playback_of(path, Match.ORDER, STANDARD)
    assert replies(playback, INFO) == ["reply 2"]
    assert playback.summary()[0].startswith("1 of 1 exchanges of made-up")


def test_a_departure_is_logged_as_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    playback = played(recording(CREATE), INFO)
    assert caplog.record_tuples == [
        ("netbsd_dm.capture.playback", logging.WARNING, str(playback.departures[0]))
    ]


def test_of_many_steps_never_asked_for_some_are_named() -> None:
    summary = Playback(recording(*[INFO] * 20)).summary()
    assert summary[-1].startswith("never asked for: step 1, step 2, ")
    assert summary[-1].endswith(", step 8, and 12 more")


@pytest.mark.parametrize("match", Match)
@pytest.mark.parametrize("path", sorted(FIXTURES.rglob("*.jsonl")), ids=lambda path: path.stem)
def test_what_was_recorded_plays_back(path: Path, match: Match) -> None:
    capture = read_capture(path)
    playback = Playback(capture, match, NETBSD_9)
    departed = set()
    for recorded in capture.steps:
        if recorded.request is None:
            continue
        reply = playback.run(recorded.request)
        if recorded.reply is None or recorded.reply.text is None:
            departed.add(recorded.number)
        else:
            assert reply == recorded.reply.text, f"step {recorded.number}"
    assert {departure.step for departure in playback.departures} == departed
    assert playback.remaining == []


@given(asked=st.lists(st.sampled_from(LIFE), max_size=12))
def test_whatever_is_asked_each_recorded_exchange_answers_at_most_once(asked: list[str]) -> None:
    playback = Playback(recording(*LIFE))
    given = [reply for reply in replies(playback, *asked) if reply != "EIO"]
    assert len(given) == len(set(given))
    assert len(given) == len(set(asked)), "a request that was recorded is answered, once"
    assert (playback.departures == []) == (tuple(asked) == LIFE[: len(asked)])
