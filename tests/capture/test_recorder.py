"""Exchanges written down: which are stable, which raced, and what is left out."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from netbsd_dm.capture.format import Recorded, Step, StepClass, read_capture
from netbsd_dm.capture.recorder import RACED, Recorder, RecordError
from netbsd_dm.capture.writing import CaptureFile, head

from .conftest import request

INFO = request("info", name="vol1").encode()
WAIT = request("waitevent", name="vol1").encode()
STABLE, UNDEFINED = StepClass.STABLE, StepClass.UNDEFINED
Steps = Callable[[], tuple[Step, ...]]


@pytest.fixture
def clock() -> Iterator[float]:
    """A clock that was not started for us: each look takes a second."""
    return iter(range(1000, 2000))


@pytest.fixture
def file(tmp_path: Path) -> Iterator[CaptureFile]:
    """A capture without exchanges."""
    with CaptureFile(tmp_path / "made-up.jsonl", head("made-up", "", "none", ())) as file:
        yield file


@pytest.fixture
def recorder(file: CaptureFile, clock: Iterator[float]) -> Recorder:
    """One that writes to the file."""
    return Recorder(file, lambda: next(clock))


@pytest.fixture
def steps(tmp_path: Path) -> Steps:
    """Reads what was written so far."""
    return lambda: read_capture(tmp_path / "made-up.jsonl").steps


def classes(steps: tuple[Step, ...]) -> list[tuple[int | None, StepClass]]:
    return [(step.client, step.step_class) for step in steps]


def test_an_exchange_is_written_with_its_client_and_time(recorder: Recorder, steps: Steps) -> None:
    recorder.end(recorder.ask(7, INFO), b"reply")
    (only,) = steps()
    assert (only.number, only.label, only.client, only.at_seconds) == (1, "info vol1", 7, 1.0)
    assert (only.step_class, only.request, only.reply) == (STABLE, INFO, Recorded(b"reply"))
    assert only.note == ""
    assert recorder.count == 1


def test_each_is_in_the_file_as_soon_as_it_has_ended(recorder: Recorder, steps: Steps) -> None:
    first = recorder.ask(1, INFO)
    assert steps() == ()
    recorder.end(first, b"one")
    assert [step.number for step in steps()] == [1]
    recorder.end(recorder.ask(1, INFO), b"two")
    assert [step.number for step in steps()] == [1, 2]


def test_a_terminating_nul_is_not_of_the_text(recorder: Recorder, steps: Steps) -> None:
    recorder.end(recorder.ask(1, INFO + b"\0"), b"reply")
    recorder.end(recorder.ask(1, b"no plist\0\0"), b"reply")
    assert [step.request for step in steps()] == [INFO, b"no plist\0"]


def test_without_a_reply_it_is_undefined_and_says_why(recorder: Recorder, steps: Steps) -> None:
    recorder.end(recorder.ask(1, INFO), None, is_dropped=True, note="gone")
    (only,) = steps()
    assert (only.step_class, only.reply) == (UNDEFINED, None)
    assert (only.is_dropped, only.note) == (True, "gone")


def test_what_was_under_way_together_has_raced(recorder: Recorder, steps: Steps) -> None:
    one, two = recorder.ask(1, INFO), recorder.ask(2, INFO)
    recorder.end(two, b"two")
    recorder.end(one, b"one")
    recorder.end(recorder.ask(1, INFO), b"alone")
    assert classes(steps()) == [(2, UNDEFINED), (1, UNDEFINED), (1, STABLE)]
    assert [step.note for step in steps()] == [RACED, RACED, ""]


def test_nothing_races_with_a_wait_but_the_wait_itself(recorder: Recorder, steps: Steps) -> None:
    wait = recorder.ask(1, WAIT)
    recorder.end(recorder.ask(2, INFO), b"reply")
    recorder.end(wait, b"event")
    recorder.end(recorder.ask(1, WAIT), b"at once")
    assert classes(steps()) == [(2, STABLE), (1, UNDEFINED), (1, STABLE)]


def test_waits_do_not_race_with_each_other(recorder: Recorder, steps: Steps) -> None:
    one, two = recorder.ask(1, WAIT), recorder.ask(2, WAIT)
    recorder.end(one, b"one")
    recorder.end(two, b"two")
    assert classes(steps()) == [(1, STABLE), (2, STABLE)]


def test_to_look_at_the_server_is_not_recorded_and_races_with_nothing(
    recorder: Recorder, steps: Steps
) -> None:
    look = recorder.ask(
        1, b"<plist><dict><key>netbsd-dm</key><string>state</string></dict></plist>"
    )
    recorder.end(recorder.ask(2, INFO), b"reply")
    recorder.end(look, b"state")
    assert classes(steps()) == [(2, STABLE)]
    assert recorder.count == 1


def test_a_file_that_cannot_be_written_is_told(
    recorder: Recorder, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder.end(recorder.ask(1, INFO), b"one")

    def full(descriptor: int, data: bytes) -> int:
        raise OSError(28, os.strerror(28))

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        with pytest.raises(RecordError, match="No space left"):
            recorder.end(recorder.ask(1, INFO), b"two")
    assert recorder.count == 1
    assert [step.number for step in steps()] == [1]
