"""Tables: from --table, a file or standard input, with comments and blank lines."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netbsd_dm.cli.dmsetup.session import CommandError
from netbsd_dm.cli.dmsetup.tables import parse_lines
from netbsd_dm.wire.replies import TableLine

from .conftest import Dmsetup

TWO_LINES = """\
# what stands before the first line

  0 1024 linear /dev/disk0 0\t
\t
1024 8 zero# no comment, part of the type
1032 8 linear /dev/disk1 64 # after the params
"""


def test_comments_and_blank_lines_are_no_lines() -> None:
    assert parse_lines(TWO_LINES.split("\n"), "x") == [
        TableLine(0, 1024, "linear", "/dev/disk0 0"),
        TableLine(1024, 8, "zero#", "no comment, part of the type"),
        TableLine(1032, 8, "linear", "/dev/disk1 64 "),
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("0 100 zero", TableLine(0, 100, "zero", "")),
        ("0\t100\tlinear  /dev/disk0   0", TableLine(0, 100, "linear", "/dev/disk0   0")),
        ("0 100linear x", TableLine(0, 100, "linear", "x")),
        ("+0 -1 zero", TableLine(0, 2**64 - 1, "zero", "")),
        ("0 1 a-type-of-17-long x", TableLine(0, 1, "a-type-of-17-lo", "x")),
        ("0 1 typé-x \udcff", TableLine(0, 1, "typé-x", "\udcff")),
    ],
)
def test_a_line_is_read(text: str, line: TableLine) -> None:
    assert parse_lines([text], "x") == [line]


@pytest.mark.parametrize(
    "text", ["x", "0", "0 100", "zero 0 100", "0 x zero", "1234 zero", "- 1 x"]
)
def test_a_line_that_is_none_is_named(text: str) -> None:
    with pytest.raises(CommandError) as raised:
        parse_lines(["# first", text], "disks.table")
    assert str(raised.value) == "Invalid format on line 2 of table disks.table"


@given(
    st.lists(
        st.builds(
            TableLine,
            st.integers(0, 2**64 - 1),
            st.integers(0, 2**64 - 1),
            st.from_regex(r"[a-z-]{1,15}", fullmatch=True),
            st.from_regex(r"(?:[a-z0-9/]{1,9}(?: [a-z0-9/]{1,9}){0,5})?", fullmatch=True),
        )
    )
)
def test_what_table_prints_is_read_back(lines: list[TableLine]) -> None:
    printed = [f"{line.start} {line.length} {line.type} {line.params}" for line in lines]
    assert parse_lines(printed, "x") == lines


def test_a_table_comes_from_the_option(dmsetup: Dmsetup) -> None:
    dmsetup.done("create", "vol1", "--table", "0 8 linear /dev/disk0 0", stdin="0 16 zero\n")
    assert dmsetup.done("table", "vol1") == "0 8 linear /dev/disk0 0\n"


def test_a_table_comes_from_a_file(dmsetup: Dmsetup, tmp_path: Path) -> None:
    file = tmp_path / "vol1.table"
    file.write_text(TWO_LINES.replace("zero#", "zero #"))
    dmsetup.done("create", "vol1", str(file))
    assert dmsetup.done("table", "vol1") == (
        "0 1024 linear /dev/disk0 0\n1024 8 zero \n1032 8 linear /dev/disk1 64\n"
    )


def test_a_table_comes_from_standard_input(dmsetup: Dmsetup) -> None:
    dmsetup.done("create", "vol1", stdin="# nothing\n\n0 8 zero")
    assert dmsetup.done("table", "vol1") == "0 8 zero \n"


def test_what_table_prints_can_be_loaded_again(dmsetup: Dmsetup) -> None:
    dmsetup.done("create", "vol1", "--table", "0 64 striped 2 16 /dev/disk0 0 /dev/disk1 8")
    dmsetup.done("create", "vol2", stdin=dmsetup.done("table", "vol1"))
    assert dmsetup.done("table", "vol2") == dmsetup.done("table", "vol1")


def test_without_a_line_there_is_a_device_without_a_table(dmsetup: Dmsetup) -> None:
    assert dmsetup.done("create", "vol1", stdin="# nothing\n") == ""
    assert "Tables present:    None" in dmsetup.done("info", "vol1")


def test_a_wrong_line_of_standard_input_makes_no_device(dmsetup: Dmsetup) -> None:
    finished = dmsetup("create", "vol1", stdin="0 8 zero\nrubbish\n")
    assert finished.status == 1
    assert finished.err == "Invalid format on line 2 of table on stdin\nCommand failed\n"
    assert finished.commands == []


def test_a_file_that_is_missing_is_named(dmsetup: Dmsetup) -> None:
    finished = dmsetup("create", "vol1", "nosuch.table")
    assert finished.status == 1
    assert finished.err == "Couldn't open 'nosuch.table' for reading\nCommand failed\n"
