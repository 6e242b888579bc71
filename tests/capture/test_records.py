"""The lines of a file as JSON: whole ones, bad ones, and one that is cut."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netbsd_dm.capture.records import Line, read_lines, read_text, to_line, write_text

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    # Lone surrogates, too: a name of a file may hold them.
    | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def lines_of(path: Path, content: bytes) -> list[Line]:
    file = path / "lines"
    file.write_bytes(content)
    return list(read_lines(file))


def test_blank_lines_are_counted_but_left_out(tmp_path: Path) -> None:
    lines = lines_of(tmp_path, b'{"a": 1}\n\n \t\r\n{"b": 2}\r\n')
    assert lines == [Line(1, b'{"a": 1}', {"a": 1}), Line(4, b'{"b": 2}', {"b": 2})]


@pytest.mark.parametrize("rest", [b"{", b'{"n": 1, "label": "x', b"\0\0\0", b'{"a": "\xc3', b"x"])
def test_a_last_line_without_its_end_is_cut(tmp_path: Path, rest: bytes) -> None:
    whole, last = lines_of(tmp_path, b'{"a": 1}\n' + rest)
    assert not whole.is_cut
    assert last.is_cut
    assert last.fault
    assert last.text == rest


def test_a_last_line_that_only_lacks_the_line_feed_is_whole(tmp_path: Path) -> None:
    (line,) = lines_of(tmp_path, b'{"a": 1}')
    assert (line.is_cut, line.fault, line.record) == (False, "", {"a": 1})


@pytest.mark.parametrize("text", [b"{", b"\xff", b'{"a": 1} {', b"[" * 100_000], ids=repr)
def test_what_is_no_json_says_so_and_is_not_cut(tmp_path: Path, text: bytes) -> None:
    bad, good = lines_of(tmp_path, text + b'\n{"a": 1}\n')
    assert bad.fault.startswith("no JSON")
    assert not bad.is_cut
    assert good.record == {"a": 1}


@pytest.mark.parametrize("text", [b"[]", b"5", b"null", b'"text"'])
def test_what_is_no_object_says_so(tmp_path: Path, text: bytes) -> None:
    (line,) = lines_of(tmp_path, text + b"\n")
    assert line.fault == "expected a JSON object"


@given(st.dictionaries(st.text(), JSON))
def test_a_record_is_one_line_and_comes_back(record: dict[str, Any]) -> None:
    line = to_line(record)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    line.decode()  # is UTF-8
    assert json.loads(line) == record


@given(st.binary() | st.text().map(str.encode))
def test_bytes_come_back_from_json(text: bytes) -> None:
    assert read_text(json.loads(json.dumps(write_text(text)))) == text


def test_only_what_is_no_utf8_is_base64() -> None:
    assert write_text("é\x01".encode()) == "é\x01"
    assert write_text(b"\xff") == {"base64": "/w=="}
