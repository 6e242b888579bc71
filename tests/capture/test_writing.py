"""What is written is read back, and a file stays a capture whatever the disk does."""

import json
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netbsd_dm.capture.format import (
    FORMAT,
    Disk,
    FaultNote,
    Recorded,
    Step,
    StepClass,
    read_capture,
    read_entry,
    read_head,
)
from netbsd_dm.capture.writing import CaptureFile, fault_note, head, step

from .conftest import line_validator, request

HEAD = head("made-up", "a test", "none", [])
TEXTS = st.binary() | st.text().map(str.encode)
SECONDS = st.floats(0, 1e9, allow_nan=False)
FAULTS = st.lists(st.text(), max_size=2)
CUTS = st.sampled_from(["", "dropped", "truncated"])
DISKS = st.builds(
    Disk,
    name=st.text(),
    sectors=st.integers(0, 2**31),
    major=st.integers(0, 4095),
    minor=st.integers(0, 2**20),
    tag=st.text(max_size=8),
)


@given(st.text(), st.text(), st.text(), st.lists(DISKS, max_size=3))
def test_a_head_is_read_back(name: str, description: str, driver: str, disks: list[Disk]) -> None:
    record = json.loads(head(name, description, driver, disks))
    line_validator().validate(record)
    assert record["format"] == FORMAT
    read = read_head(record)
    assert (read.name, read.description, read.driver) == (name, description, driver)
    assert read.disks == tuple(disks)


@given(
    number=st.integers(1),
    asked=TEXTS,
    reply=TEXTS,
    has_reply=st.booleans(),
    label=st.text(),
    step_class=st.sampled_from(StepClass),
    client=st.none() | st.integers(1),
    at_seconds=st.none() | SECONDS,
    faults=FAULTS,
    cut=CUTS,
    cut_bytes=st.integers(1),
    note=st.text(),
)
def test_a_step_is_read_back(
    number: int,
    asked: bytes,
    reply: bytes,
    has_reply: bool,
    label: str,
    step_class: StepClass,
    client: int | None,
    at_seconds: float | None,
    faults: list[str],
    cut: str,
    cut_bytes: int,
    note: str,
) -> None:
    has_reply |= cut == "truncated"
    line = step(
        number,
        asked,
        reply if has_reply else None,
        label=label,
        step_class=step_class,
        client=client,
        at_seconds=at_seconds,
        faults=faults,
        is_dropped=cut == "dropped",
        truncated_bytes=cut_bytes if cut == "truncated" else None,
        note=note,
    )
    record = json.loads(line)
    line_validator().validate(record)
    assert read_entry(record) == Step(
        number=number,
        label=label,
        step_class=step_class,
        request=asked,
        reply=Recorded(reply) if has_reply else None,
        restarted_after=False,
        note=note,
        client=client,
        at_seconds=None if at_seconds is None else round(at_seconds, 6),
        faults=tuple(faults),
        is_dropped=cut == "dropped",
        truncated_bytes=cut_bytes if cut == "truncated" else None,
    )


@given(st.lists(st.text(), min_size=1), st.text(), st.none() | SECONDS)
def test_a_fault_note_is_read_back(rules: list[str], what: str, at_seconds: float | None) -> None:
    record = json.loads(fault_note(rules, what, at_seconds))
    line_validator().validate(record)
    at = None if at_seconds is None else round(at_seconds, 6)
    assert read_entry(record) == FaultNote(tuple(rules), what, at)


@pytest.mark.parametrize(
    ("asked", "label"),
    [
        (request("reload", name="vol1"), "reload vol1"),
        (request("info", uuid="U-1"), "info uuid U-1"),
        (request("info", minor=3), "info minor 3"),
        (request("names"), "names"),
        (request("create", name="a \x1b"), r'create "a \x1b"'),
        ("<plist><dict><key>flags</key><real/></dict></plist>", "not a property list"),
        ("<plist ><dict ><key>command</key><string>names</string></dict></plist>", "names"),
        (request("info", name="x" * 200), f"info {'x' * 72}..."),
        ("", "not a property list"),
    ],
)
def test_a_label_says_command_and_device(asked: str, label: str) -> None:
    assert json.loads(step(1, asked.encode(), None))["label"] == label


def test_a_file_has_its_head_and_then_what_is_appended(tmp_path: Path) -> None:
    path = tmp_path / "capture.jsonl"
    with CaptureFile(path, HEAD) as file:
        assert path.read_bytes() == HEAD
        file.append(step(1, b"asked", b"answered"))
        file.append(fault_note(["rule"], "open of /dev/wd1a"))
    capture = read_capture(path)
    assert (capture.name, len(capture.steps), len(capture.entries)) == ("made-up", 1, 2)


def test_a_file_with_something_in_it_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("mine\n")
    with pytest.raises(FileExistsError, match="it is not empty; name another"):
        CaptureFile(path, HEAD)
    assert path.read_text() == "mine\n"


def test_an_empty_file_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "empty"
    path.touch()
    CaptureFile(path, HEAD).close()
    assert path.read_bytes() == HEAD


def test_a_folder_that_is_not_there_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        CaptureFile(tmp_path / "none" / "capture.jsonl", HEAD)


def test_a_pipe_takes_lines_too(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with CaptureFile(path, HEAD) as file:
            file.append(b"{}\n")
            assert os.read(reader, 65_536) == HEAD + b"{}\n"
            os.close(reader)
            reader = -1
            with pytest.raises(BrokenPipeError):
                file.append(b"{}\n")
    finally:
        if reader >= 0:
            os.close(reader)


@contextmanager
def files_limited_to(size_bytes: int) -> Iterator[None]:
    """No file may grow beyond it: the disk is full there, after part of a write."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("room_bytes", [0, 1, 20])
def test_a_line_that_does_not_fit_is_taken_back(tmp_path: Path, room_bytes: int) -> None:
    path = tmp_path / "capture.jsonl"
    line = step(1, b"asked", b"answered")
    with CaptureFile(path, HEAD) as file:
        with (
            files_limited_to(len(HEAD) + room_bytes),
            pytest.raises(OSError, match="File too large"),
        ):
            file.append(line)
        assert path.read_bytes() == HEAD
        file.append(line)
    assert path.read_bytes() == HEAD + line


def test_what_could_not_be_taken_back_is_before_the_next_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(descriptor: int, length: int) -> None:
        raise OSError(5, "Input/output error")

    path = tmp_path / "capture.jsonl"
    line = step(1, b"asked", b"answered")
    with CaptureFile(path, HEAD) as file:
        with monkeypatch.context() as broken, files_limited_to(len(HEAD) + 5):
            broken.setattr(os, "ftruncate", fail)
            with pytest.raises(OSError, match="File too large"):
                file.append(line)
            assert path.read_bytes() == HEAD + line[:5]
            assert read_capture(path).is_cut
            with pytest.raises(OSError, match="Input/output"):
                file.append(line)
        file.append(line)
    assert path.read_bytes() == HEAD + line


def test_a_full_disk_without_room_for_the_head_is_an_os_error() -> None:
    with pytest.raises(OSError, match="No space left"):
        CaptureFile(Path("/dev/full"), HEAD)
