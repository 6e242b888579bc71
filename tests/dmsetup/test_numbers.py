"""Numbers as C reads them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netbsd_dm.cli.dmsetup.numbers import as_int32, as_uint64


@pytest.mark.parametrize(
    ("text", "int32", "uint64"),
    [
        ("", 0, 0),
        ("x", 0, 0),
        ("7abc", 7, 7),
        (" \t+12", 12, 12),
        ("010", 10, 10),
        ("0x10", 0, 0),
        ("-5", -5, 2**64 - 5),
        ("- 5", 0, 0),
        ("2147483648", -(2**31), 2**31),
        ("99999999999999999999", -1, 2**64 - 1),
        ("-99999999999999999999", 0, 2**64 - 1),
        ("18446744073709551615", -1, 2**64 - 1),
    ],
)
def test_what_leads_the_text_counts(text: str, int32: int, uint64: int) -> None:
    assert (as_int32(text), as_uint64(text)) == (int32, uint64)


@given(st.integers(-(2**31), 2**31 - 1))
def test_32_bits_are_read_back(number: int) -> None:
    assert as_int32(f" {number} and more") == number


@given(st.integers(0, 2**64 - 1))
def test_64_bits_are_read_back(number: int) -> None:
    assert as_uint64(f"{number}.5") == number
