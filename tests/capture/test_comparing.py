"""In what dictionaries and steps differ, and where."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netbsd_dm.capture.comparing import (
    DIFFERENCES_MAX,
    Difference,
    differences,
    step_differences,
)
from netbsd_dm.capture.format import read_entry
from netbsd_dm.capture.session import follow
from netbsd_dm.plist import PlistDict, PlistValue, UInt

from .conftest import request, step

VALUES = st.recursive(
    st.text(max_size=3) | st.booleans() | st.integers(0, 3) | st.integers(0, 3).map(UInt),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("abc.", max_size=2), inner, max_size=3)
    ),
    max_leaves=10,
)


def told(recorded: PlistValue | None, found: PlistValue | None, path: str = "") -> list[str]:
    return [str(each) for each in differences(recorded, found, path)]


def test_the_place_of_every_part_that_differs_is_told() -> None:
    recorded: PlistDict = {
        "cmd_data": [{"params": "/dev/wd1a 0", "start": UInt(0)}, {"start": UInt(8)}],
        "flags": UInt(4),
        "name": "vol1",
    }
    found: PlistDict = {
        "cmd_data": [{"params": "/dev/wd2a 0", "start": UInt(0)}],
        "flags": UInt(0),
        "minor": UInt(1),
        "name": "vol1",
    }
    assert told(recorded, found) == [
        'cmd_data[0].params: "/dev/wd1a 0" -> "/dev/wd2a 0"',
        "cmd_data[1]: {start: 0x8} -> absent",
        "flags: 0x4 -> 0x0",
        "minor: absent -> 0x1",
    ]


@pytest.mark.parametrize(
    ("recorded", "found"),
    [(UInt(4), 4), ([], []), ({}, {}), (None, None), ({"a": [1]}, {"a": [UInt(1)]})],
    ids=repr,
)
def test_what_means_the_same_is_no_difference(
    recorded: PlistValue | None, found: PlistValue | None
) -> None:
    assert told(recorded, found) == []


@pytest.mark.parametrize(
    ("recorded", "found"),
    [(True, 1), (False, 0), ("1", 1), ({}, []), (b"a", "a"), ("", None), ([1], [1, 1])],
    ids=repr,
)
def test_what_only_looks_alike_is_a_difference(
    recorded: PlistValue | None, found: PlistValue | None
) -> None:
    assert len(told(recorded, found)) == len(told(found, recorded)) == 1


def test_the_whole_and_unusual_keys_have_a_place_too() -> None:
    assert told(None, {}) == ["all: absent -> {}"]
    assert told({"a.b": {"\n": 1}}, {"a.b": {"\n": 2}}) == [r'["a.b"]["\n"]: 1 -> 2']
    assert told({"a": 1}, {"a": 2}, "request") == ["request.a: 1 -> 2"]


@given(VALUES, VALUES)
def test_there_is_a_difference_exactly_where_values_are_not_the_same(
    recorded: PlistValue, found: PlistValue
) -> None:
    assert told(recorded, deepcopy(recorded)) == []
    there = list(differences(recorded, found))
    back = list(differences(found, recorded))
    assert [Difference(each.path, each.found, each.recorded) for each in there] == back
    assert bool(there) == (repr(plain(recorded)) != repr(plain(found)))


def plain(value: PlistValue) -> PlistValue:
    """With every number signed, and every dictionary in order."""
    if isinstance(value, dict):
        return {key: plain(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return int(value) if isinstance(value, UInt) else value


@pytest.mark.usefixtures("linear_time")
def test_what_is_nested_without_end_is_compared_too() -> None:
    recorded: PlistValue = 1
    found: PlistValue = 2
    for _ in range(3000):
        recorded, found = [recorded], [found]
    (only,) = differences(recorded, found)
    assert only.path == "[0]" * 3000


def step_lines(old: Mapping[str, Any], new: Mapping[str, Any], **options: bool) -> list[str]:
    one, other = (next(follow([read_entry(step(1, **each))])) for each in (old, new))
    return list(step_differences(one, other, **options))


def test_the_reply_tells_only_what_the_request_does_not() -> None:
    old = {"request": request("info", name="a"), "reply": request("info", name="a", minor=1)}
    new = {"request": request("info", name="b"), "reply": request("info", name="b", minor=2)}
    assert step_lines(old, new) == ['request.name: "a" -> "b"', "reply.minor: 1 -> 2"]


def test_another_way_of_writing_is_a_difference_unless_only_the_meaning_counts() -> None:
    old = {"request": request("info", flags=4), "reply": request("info", flags=UInt(4))}
    new = {"request": request("info", flags=UInt(4)), "reply": request("info", flags=UInt(4))}
    assert step_lines(old, new) == [
        "request: the same, but written otherwise",
        r'request, line 8: "\t<integer>4</integer>" -> "\t<integer>0x4</integer>"',
    ]
    assert step_lines(old, new, only_meaning=True) == []


def test_texts_that_are_no_property_lists_differ_by_line() -> None:
    reply = request("x", errno=UInt(5))
    old, new = {"request": "a\nb", "reply": reply}, {"request": "a\nc", "reply": reply}
    assert step_lines(old, new) == ['request, line 2: "b" -> "c"']
    assert step_lines(old, {"request": "a", "reply": reply}) == ['request, line 2: "b" -> absent']
    assert step_lines(old, {"request": request("names"), "reply": reply})[0].startswith("request, ")


def test_a_reply_that_did_not_come_is_a_difference() -> None:
    asked = request("names")
    (line,) = step_lines({"request": asked, "reply": asked}, {"request": asked})
    assert line.startswith("reply: {command: ")
    assert line.endswith(" -> absent")


def test_many_differences_are_counted() -> None:
    old = {"request": request("x", **{f"k{n}": 1 for n in range(30)})}
    new = {"request": request("x", **{f"k{n}": 2 for n in range(30)})}
    lines = step_lines(old, new)
    assert lines[DIFFERENCES_MAX:] == [f"... {30 - DIFFERENCES_MAX} more differences"]


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"class": "panic"}, "class: stable -> panic"),
        ({"fault": ["a", "b"]}, "faults: none -> a, b"),
        ({"dropped": True}, "dropped: no -> yes"),
        ({"truncated": 7}, "truncated: no -> 7"),
    ],
    ids=str,
)
def test_what_became_of_the_step_is_compared(change: dict[str, object], line: str) -> None:
    asked: dict[str, object] = {"request": request("names"), "reply": request("names")}
    assert step_lines(asked, asked | change) == [line]


@pytest.mark.parametrize(
    "change", [{"n": 7}, {"label": "x"}, {"client": 3}, {"at": 1.5}, {"note": "x"}, {"run": 2}]
)
def test_where_and_when_it_was_recorded_is_not_compared(change: dict[str, object]) -> None:
    asked: dict[str, object] = {"request": request("names"), "reply": request("names")}
    one = next(follow([read_entry(step(1, **asked))]))
    other = next(follow([read_entry(step(1, **asked) | change)]))
    assert list(step_differences(one, other)) == []


def test_accesses_are_compared_by_what_they_came_to() -> None:
    io = {"op": "W", "minor": 1, "off": 0, "len": 512, "errno": 0, "written": 512}
    (line,) = step_lines({"io": io}, {"io": io | {"errno": 5}})
    assert line == "came to: errno 0, 512 bytes written -> errno 5"


def test_long_replies_are_compared_by_size_and_digest() -> None:
    digest = {"reply_sha256": "0" * 64, "reply_bytes": 7}
    asked = {"request": request("names")}
    assert step_lines(asked | digest, asked | digest) == []
    assert step_lines(asked | digest, asked | {"reply": "123456789"}) == [
        "reply: 7 bytes -> 9 bytes, not kept in full"
    ]
    of_text = {
        "reply_sha256": "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225",
        "reply_bytes": 9,
    }
    assert step_lines(asked | of_text, asked | {"reply": "123456789"}) == []
    assert step_lines(asked | {"reply": "123456789"}, asked | of_text) == []
