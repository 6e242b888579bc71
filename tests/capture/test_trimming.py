"""Making a capture smaller, without making it another one."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netbsd_dm.capture.format import Capture, capture_of, read_capture
from netbsd_dm.capture.records import Line, read_lines
from netbsd_dm.capture.selection import Selection
from netbsd_dm.capture.trimming import Trimmed, trim

from .conftest import HEAD, Write, request, step

FIXTURES = Path(__file__).parents[2] / "fixtures"
NAMES = request("names")


def trimmed(path: Path, selection: Selection) -> Trimmed:
    lines = list(read_lines(path))
    return trim(lines, capture_of(path, lines), selection)


def only(*numbers: int) -> Selection:
    return Selection(numbers=tuple(range(n, n + 1) for n in numbers))


def records(result: Trimmed) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.lines]


@pytest.mark.parametrize("name", ["lvm2tools/dmsetup", "netbsd/io-linear", "netbsd/create-escapes"])
def test_without_a_wish_every_byte_stays(name: str) -> None:
    path = FIXTURES / f"{name}.jsonl"
    result = trimmed(path, Selection())
    assert b"".join(result.lines) == path.read_bytes()
    assert result.kept == result.total
    assert result.remarks == ()


def test_lines_that_are_kept_stay_as_they_are_whatever_they_hold(write: Write) -> None:
    odd = '{"class":"stable","n":1,  "request":"\\u0041", "unknown": [1.50, {"x": null}]}'
    path = write(HEAD | {"unknown": {}}, odd, step(2, request=NAMES))
    head, first = trimmed(path, only(1)).lines
    assert json.loads(head) == HEAD | {"unknown": {}}
    assert first == odd.encode() + b"\n"


def test_the_rest_of_an_interrupted_recording_is_left_out(write: Write) -> None:
    path = write(HEAD, step(1, request=NAMES, reply=NAMES))
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"n": 2, "cla')
    result = trimmed(path, Selection())
    assert b"".join(result.lines) == whole
    assert result.remarks == ("the last line was incomplete, and is left out",)


def test_a_line_without_its_line_feed_gets_one(write: Write) -> None:
    path = write(HEAD, step(1, request=NAMES, reply=NAMES))
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    assert b"".join(trimmed(path, Selection()).lines) == whole


def test_a_restart_behind_what_is_left_out_moves_to_the_step_before(write: Write) -> None:
    restart = {"server_restarted_after": True}
    path = write(
        HEAD,
        step(1, request=NAMES, **restart),
        step(2, request=NAMES),
        step(3, request=NAMES),
        step(4, request=NAMES, **restart),
        step(5, request=NAMES),
    )
    _, second, fifth = records(trimmed(path, only(2, 5)))
    assert second["server_restarted_after"] is True
    assert "server_restarted_after" not in fifth


def test_what_the_disks_held_at_the_end_goes_with_any_step(write: Write) -> None:
    recorded = {"disk_changes": {"wd1a": [[1, "x", "00"]]}, "other": 1}
    path = write(HEAD | {"recorded": recorded}, step(1, request=NAMES), step(2, request=NAMES))
    result = trimmed(path, only(1))
    assert records(result)[0]["recorded"] == {"other": 1}
    assert result.remarks == ("what the disks held at the end is left out: it came of all steps",)
    assert records(trimmed(path, Selection()))[0]["recorded"] == recorded


def test_a_device_that_is_no_longer_created_is_told() -> None:
    path = FIXTURES / "netbsd" / "linear-lifecycle.jsonl"
    result = trimmed(path, Selection(commands=frozenset({"resume", "remove"})))
    (remark,) = result.remarks
    assert remark == f"lin: {result.kept} steps are kept, but not its create, step 1"


def test_a_device_that_is_still_created_is_not_told() -> None:
    path = FIXTURES / "netbsd" / "linear-lifecycle.jsonl"
    assert trimmed(path, Selection(commands=frozenset({"create", "info"}))).remarks == ()


CAPTURES = {path: read_capture(path) for path in sorted(FIXTURES.rglob("r*.jsonl"))}


@given(st.sampled_from(sorted(CAPTURES)), st.sets(st.integers(1, 60)))
def test_what_is_kept_is_read_back_as_the_same_steps(path: Path, numbers: set[int]) -> None:
    whole = CAPTURES[path]
    lines = list(read_lines(path))
    selection = only(*numbers, 0)
    result = trim(lines, whole, selection)
    smaller = capture_from(result)
    assert [step.number for step in smaller.steps] == [
        step.number for step in whole.steps if step.number in numbers
    ]
    again = {step.number: step for step in whole.steps}
    for kept in smaller.steps:
        assert (kept.request, kept.reply) == (again[kept.number].request, again[kept.number].reply)
    assert restarts_between(smaller) == restarts_between(whole, numbers)


def capture_from(result: Trimmed) -> Capture:
    lines = [Line(n, line, json.loads(line)) for n, line in enumerate(result.lines, 1)]
    return capture_of(Path("trimmed"), lines)


def restarts_between(capture: Capture, numbers: set[int] | None = None) -> list[tuple[int, int]]:
    """Of each step (of `numbers`) which run of the driver it is in, counted from the first."""
    runs: list[tuple[int, int]] = []
    run = 0
    last = None
    for each in capture.steps:
        if numbers is None or each.number in numbers:
            if last is not None and last[1] != run:
                runs.append((last[0], each.number))
            last = each.number, run
        run += each.restarted_after
    return runs
