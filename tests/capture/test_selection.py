"""Which steps of a capture are wanted."""

from typing import Any

import pytest

from netbsd_dm.capture.format import Step, read_capture
from netbsd_dm.capture.selection import Selection, choose, parse_numbers
from netbsd_dm.capture.session import follow
from netbsd_dm.plist import UInt

from .conftest import HEAD, Write, request, step

IO = {"op": "R", "minor": 1, "off": 0, "len": 512, "errno": 5}


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("3", [3], [2, 4]),
        ("3-5", [3, 4, 5], [2, 6]),
        ("7-", [7, 10**9], [6]),
        ("1,5-6", [1, 5, 6], [2, 4, 7]),
        (" 1 , 2 ", [1, 2], [3]),
    ],
)
def test_numbers_are_given_as_people_write_them(
    text: str, inside: list[int], outside: list[int]
) -> None:
    numbers = parse_numbers(text)
    assert all(any(each in span for span in numbers) for each in inside)
    assert not any(each in span for span in numbers for each in outside)


@pytest.mark.parametrize("text", ["", "x", "-3", "1,", "3-x", "1 2", "٣"])
def test_other_numbers_are_refused_with_the_ways_to_give_them(text: str) -> None:
    with pytest.raises(ValueError, match="give steps as 3, 3-7, 3- or 1,5-9"):
        parse_numbers(text)


def test_a_range_runs_forward() -> None:
    with pytest.raises(ValueError, match="'5-3': the last step comes before the first"):
        parse_numbers("5-3")


def exchange(number: int, command: str, **given: Any) -> dict[str, Any]:
    """A step that was done, its reply with the minor 1."""
    asked = request(command, flags=UInt(4), **given)
    version = "<array>\n\t\t<integer>{}</integer>\n\t\t<integer>{}</integer>"
    found = request(command, **{"flags": UInt(4), "minor": UInt(1)} | given)
    reply = found.replace(version.format(4, 0), version.format("0x4", "0x10"))
    return step(number, request=asked, reply=reply)


LINES = (
    HEAD,
    {"fault": ["start"], "what": "open of /dev/wd1a"},
    {"run": 1, "argv": ["one"]},
    exchange(1, "create", name="vol1", uuid="U-1") | {"run": 1},
    {"fault": ["after create"], "what": "open of /dev/wd1a"},
    exchange(2, "info", minor=UInt(1)) | {"run": 1},
    {"run": 2, "argv": ["two"]},
    exchange(3, "rename", minor=UInt(1), cmd_data=["new"]) | {"run": 2},
    {"run": 3, "argv": ["three"]},
    step(4, io=IO, run=3),
    step(5, request=request("names"), **{"class": "undefined"}),
    {"fault": ["after names"], "what": "read of vol1"},
)


def chosen(write: Write, selection: Selection) -> list[object]:
    """The numbers of the steps, the words of the command lines, the rules of the notes."""
    entries = read_capture(write(*LINES)).entries
    return [
        choice.followed.entry.number
        if isinstance(choice.followed.entry, Step)
        else getattr(choice.followed.entry, "argv", None)
        or getattr(choice.followed.entry, "faults", None)
        for choice in choose(follow(entries), selection)
        if choice.is_taken
    ]


def test_without_a_wish_everything_is_taken(write: Write) -> None:
    assert len(chosen(write, Selection())) == len(LINES) - 1


@pytest.mark.parametrize(
    ("selection", "steps"),
    [
        (Selection(numbers=(range(2, 4),)), [2, 3]),
        (Selection(commands=frozenset({"info", "create"})), [1, 2]),
        (Selection(devices=("vol1",)), [1, 2, 3]),
        (Selection(devices=("vol*",)), [1, 2, 3]),
        (Selection(devices=("U-1",)), [1, 2, 3, 4]),
        (Selection(devices=("new",)), [3, 4]),
        (Selection(devices=("minor 1",)), [1, 2, 3, 4]),
        (Selection(devices=("VOL1", "other")), []),
        (Selection(devices=("*",)), [1, 2, 3, 4]),
        (Selection(devices=("vol1",), commands=frozenset({"info"})), [2]),
        (Selection(only_stable=True), [1, 2, 3, 4]),
    ],
    ids=[
        *("numbers", "two commands", "a name", "a pattern", "a uuid", "a later name"),
        *("a minor", "case counts", "any", "name and command", "stable"),
    ],
)
def test_a_step_must_be_all_that_is_asked(
    write: Write, selection: Selection, steps: list[int]
) -> None:
    taken = chosen(write, selection)
    assert [each for each in taken if isinstance(each, int)] == steps


def test_command_lines_come_with_their_steps_and_faults_with_the_step_before(write: Write) -> None:
    assert chosen(write, Selection(numbers=(range(1, 2), range(5, 6)))) == [
        ("one",),
        1,
        ("after create",),
        5,
        ("after names",),
    ]
    assert chosen(write, Selection(numbers=(range(2, 4),))) == [("one",), 2, ("two",), 3]
