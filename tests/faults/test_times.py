"""Times in rules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netbsd_dm.faults.times import parse_time, time_text


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("200ms", 0.2),
        ("1.5s", 1.5),
        ("2min", 120.0),
        ("200us", 0.0002),
        ("0.5us", 5e-7),
        ("3.s", 3.0),
        ("1e-3s", 0.001),
    ],
)
def test_a_time_is_the_nearest_number_of_seconds(text: str, seconds: float) -> None:
    assert parse_time(text) == seconds


@pytest.mark.parametrize("text", ["", "200", "ms", "-1s", "1 s", "1h", "infs", "nan", "٣s"])
def test_what_is_no_time_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"with its unit, such as 200ms, 1\.5s or 2min"):
        parse_time(text)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "200ms"), (0.0002, "0.2ms"), (60, "60000ms"), (1 / 8, "125ms")]
)
def test_a_time_is_written_in_milliseconds_where_these_are_exact(seconds: float, text: str) -> None:
    assert time_text(seconds) == text


@given(st.floats(0, 1e9))
def test_every_time_is_written_so_that_it_is_read_as_itself(seconds: float) -> None:
    assert parse_time(time_text(seconds)) == seconds
