"""The capture format, and what is said of a file that is not in it."""

import base64
import hashlib
from pathlib import Path
from typing import Any

import pytest

from netbsd_dm.capture.format import (
    FORMAT,
    CaptureError,
    CommandLine,
    Disk,
    DiskChanges,
    FaultNote,
    Recorded,
    Step,
    StepClass,
    read_capture,
)

from .conftest import HEAD, Write, request, step


def test_a_whole_capture_is_read(write: Write) -> None:
    text = request("names")
    capture = read_capture(
        write(
            HEAD,
            "",
            {"run": 1, "argv": ["dmsetup", "ls"], "exit": 0, "output": ""},
            step(1, run=1, request=text, reply=text, note="a remark"),
            step(2, request=text, **{"class": "panic"}, server_restarted_after=True),
            step(3, io={"op": "W", "minor": 1, "off": 0, "len": 512, "errno": 5}),
            step(4, request=text, reply=text, **{"class": "undefined"}),
        )
    )
    assert (capture.name, capture.description) == ("made-up", "a scenario of a test")
    assert capture.disks == (Disk("/dev/wd1a", 8, 197, 0, "wd1a...."),)
    seen = [
        (step.number, step.label, step.step_class, step.is_comparable, step.restarted_after)
        for step in capture.steps
    ]
    assert seen == [
        (1, "step-1", StepClass.STABLE, True, False),
        (2, "step-2", StepClass.PANIC, False, True),
        (3, "step-3", StepClass.STABLE, True, False),
        (4, "step-4", StepClass.UNDEFINED, False, False),
    ]
    assert [each.request for each in capture.steps] == [text.encode()] * 2 + [None, text.encode()]
    assert [each.reply is None for each in capture.steps] == [False, True, True, False]
    assert [each.access is not None for each in capture.steps] == [False, False, True, False]
    assert capture.has_accesses


def test_without_accesses_the_contents_of_the_disks_do_not_matter(write: Write) -> None:
    capture = read_capture(write(HEAD, step(1, request="r", reply="r")))
    assert not capture.has_accesses
    assert capture.changes == {}


def test_an_access_without_an_answer_is_compared_with_nothing(write: Write) -> None:
    io = {"op": "R", "minor": 1, "off": 0, "len": 512}
    (only,) = read_capture(write(HEAD, step(1, io=io))).steps
    assert only.access is not None
    assert (only.access.recorded, only.is_comparable) == (None, False)


def test_the_changes_of_the_disks_are_listed_or_at_least_counted(write: Write) -> None:
    changes = {
        "wd1a": [[3, "AAAA", "0123456789abcdef"], [5, "BBBB", "fedcba9876543210"]],
        "wd2a": [[1, "CCCC", "00"], "... 128 sectors in all"],
    }
    capture = read_capture(write(HEAD | {"recorded": {"disk_changes": changes}}))
    assert capture.changes == {
        "wd1a": DiskChanges(2, {3: "0123456789abcdef", 5: "fedcba9876543210"}),
        "wd2a": DiskChanges(128, {1: "00"}),
    }


def test_bytes_that_are_no_utf8_are_in_base64(write: Write) -> None:
    data = b"<plist>\xff</plist>"
    packed = {"base64": base64.b64encode(data).decode()}
    (only,) = read_capture(write(HEAD, step(1, request=packed, reply=packed))).steps
    assert only.request == data
    assert only.reply == Recorded(data)


def test_a_text_is_kept_byte_for_byte(write: Write) -> None:
    text = "é\x01\r\n\t\U0001f4be\u2028 \x7f"
    (only,) = read_capture(write(HEAD, step(1, request=text, reply=text))).steps
    assert only.request == text.encode()
    assert only.reply == Recorded(text.encode())


def test_a_long_reply_is_compared_by_size_and_hash() -> None:
    data = b"x" * 200_000
    recorded = Recorded(None, hashlib.sha256(data).hexdigest(), len(data))
    assert recorded.equals(data)
    assert not recorded.equals(data[:-1])
    assert not recorded.equals(data[:-1] + b"y")
    assert not Recorded(None, recorded.sha256, 5).equals(data)
    assert Recorded(data).equals(data)
    assert not Recorded(data).equals(data + b"\0")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "no JSON"),
        ("[]", "expected a JSON object"),
        ("5", "expected a JSON object"),
        ({}, "not a step"),
        (step(1) | {"n": "one"}, "not a step"),
        (step(1) | {"n": None}, "not a step"),
        (step(1) | {"class": "good"}, "good"),
        ({"n": 1, "label": "no class"}, "class"),
        (step(1, request=5), "not a step"),
        (step(1, request={"base64": "?"}), "not a step"),
        (step(1, request={"hex": "00"}), "base64"),
        (step(1, request=[]), "not a step"),
        (step(1, request="r", reply=True), "not a step"),
        (step(1, request="r", reply_sha256="00"), "reply_bytes"),
        (step(1, request="r", reply_sha256="00", reply_bytes="many"), "not a step"),
        (step(1, io={"op": "X", "minor": 1, "off": 0, "len": 0}), "no access 'X'"),
        (step(1, io={"op": "R", "minor": 1, "off": 0, "len": -1}), "-1 bytes"),
        (step(1, io={"op": "R", "minor": 1, "off": 0, "len": 2**40}), "bytes"),
        (step(1, io={"op": "R", "minor": 1, "len": 0}), "'off'"),
        (step(1, io={"op": "R", "minor": 1, "off": 0, "len": 0, "errno": 0}), "nreply"),
        (step(1, io={"op": "W", "minor": 1, "off": 0, "len": 0, "errno": 0}), "written"),
    ],
    ids=repr,
)
def test_a_fault_is_told_with_file_line_and_reason(write: Write, line: Any, reason: str) -> None:
    path = write(HEAD, step(1, request="r", reply="r"), "", line)
    with pytest.raises(CaptureError) as caught:
        read_capture(path)
    assert str(caught.value).startswith(f"{path}: line 4: ")
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([], "describes the scenario"),
        (["", " "], "describes the scenario"),
        ([step(1, request="r", reply="r")], "describes the scenario"),
        (["{"], "no JSON"),
        ([HEAD | {"disks": [{"name": "/dev/wd1a"}]}], "not a disk"),
        ([HEAD | {"disks": [{"name": "d", "sectors": 8, "dev": [1]}]}], "not a disk"),
        ([HEAD | {"disks": [{"name": "d", "sectors": "many", "dev": [1, 2]}]}], "not a disk"),
        ([HEAD | {"disks": 5}], "not a disk"),
        ([HEAD | {"disks": ["wd1a"]}], "not a disk"),
        ([HEAD | {"recorded": {"disk_changes": []}}], "not a disk"),
        ([HEAD | {"recorded": {"disk_changes": {"wd1a": [["x"]]}}}], "not a disk"),
    ],
    ids=repr,
)
def test_a_fault_of_the_first_line_is_told_with_file_and_line(
    write: Write, lines: list[Any], reason: str
) -> None:
    path = write(*lines)
    with pytest.raises(CaptureError) as caught:
        read_capture(path)
    assert str(caught.value).startswith(f"{path}: line 1: ")
    assert reason in str(caught.value)


def test_bytes_that_are_no_text_are_told_with_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "binary.jsonl"
    path.write_bytes(b"\xff\xfe\x00\n")
    with pytest.raises(CaptureError) as caught:
        read_capture(path)
    assert str(caught.value).startswith(f"{path}: line 1: ")


def test_a_file_that_is_not_there_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_capture(tmp_path / "none.jsonl")


@pytest.mark.parametrize("sectors", [-1, 2**40])
def test_a_disk_of_an_impossible_size_is_a_fault(write: Write, sectors: int) -> None:
    disk = {"name": "/dev/wd1a", "sectors": sectors, "dev": [197, 0]}
    with pytest.raises(CaptureError, match="line 1: not a disk"):
        read_capture(write({"scenario": "x", "disks": [disk]}))


def test_what_a_server_notes_of_an_exchange_is_read(write: Write) -> None:
    noted = {"client": 3, "at": 1.5, "fault": ["a", "b"], "note": "n", "run": 7, "label": "l"}
    whole, dropped, cut = read_capture(
        write(
            HEAD | {"format": 1},
            step(1, request="r", reply="r", **noted),
            step(2, request="r", dropped=True),
            step(3, request="r", reply="reply", truncated=4),
        )
    ).steps
    assert (whole.client, whole.at_seconds, whole.faults) == (3, 1.5, ("a", "b"))
    assert (whole.note, whole.run, whole.label) == ("n", 7, "l")
    assert (whole.is_dropped, whole.truncated_bytes) == (False, None)
    assert (dropped.is_dropped, dropped.reply, dropped.faults) == (True, None, ())
    assert (cut.truncated_bytes, cut.reply) == (4, Recorded(b"reply"))


def test_everything_that_was_noted_is_an_entry_in_its_place(write: Write) -> None:
    capture = read_capture(
        write(
            HEAD,
            {"fault": ["f"], "what": "open of /dev/wd1a", "at": 0},
            {"run": 1, "argv": ["dmsetup", "ls"], "stdin": "in", "exit": 1, "output": "out"},
            step(1, run=1, request="r", reply="r"),
            {"run": 2, "argv": ["sleep"]},
        )
    )
    note, first, exchange, second = capture.entries
    assert note == FaultNote(("f",), "open of /dev/wd1a", 0.0)
    assert first == CommandLine(1, ("dmsetup", "ls"), "in", 1, "out")
    assert isinstance(exchange, Step)
    assert capture.steps == (exchange,)
    assert second == CommandLine(2, ("sleep",), None, None, "")
    assert capture.driver == "none"


def test_an_interrupted_recording_is_read_as_far_as_it_goes(write: Write) -> None:
    path = write(HEAD, step(1, request="r", reply="r"), step(2, request="r", reply="r"))
    content = path.read_bytes()
    second_step = content.rindex(b"\n", 0, -1) + 1
    for length in range(second_step, len(content) + 1):
        path.write_bytes(content[:length])
        capture = read_capture(path)
        is_whole = length >= len(content) - 1
        assert len(capture.steps) == 1 + is_whole
        assert capture.is_cut is (not is_whole and length > second_step)


def test_a_file_that_ends_within_its_first_line_recorded_nothing(tmp_path: Path) -> None:
    path = tmp_path / "cut.jsonl"
    path.write_text('{"scenario": "x", "disks": [')
    with pytest.raises(CaptureError, match="line 1: the file ends within its first line"):
        read_capture(path)


@pytest.mark.parametrize("version", [FORMAT + 1, 0, -1, "1", 1.0, True, None], ids=repr)
def test_another_format_is_refused_and_says_which_is_read(write: Write, version: object) -> None:
    with pytest.raises(
        CaptureError, match=f"line 1: it is of format .*, this reads format {FORMAT}"
    ):
        read_capture(write(HEAD | {"format": version}, {"unheard": "of"}))


@pytest.mark.parametrize(
    "line",
    [
        step(1, request="r", fault="one"),
        step(1, request="r", client=[]),
        step(1, request="r", at="late"),
        step(1, request="r", truncated="short"),
        {"fault": 5},
        {"argv": ["x"]},
        {"argv": 5, "run": 1},
        '{"n": Infinity, "class": "stable"}',
    ],
    ids=repr,
)
def test_a_value_of_another_form_is_told_with_its_line(write: Write, line: object) -> None:
    with pytest.raises(CaptureError, match="line 2: not a step"):
        read_capture(write(HEAD, line))
