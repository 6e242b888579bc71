"""Typed reads, as the driver does them: driver spec section 1.3."""

import pytest

from netbsd_dm.plist import PlistDict, PlistValue, UInt
from netbsd_dm.wire import fields

NUMBERS: list[tuple[PlistValue, bool, bool]] = [
    # value, fits 32 bits, fits 64 bits
    (0, True, True),
    (UInt(0), True, True),
    (7, True, True),
    (UInt(0xFFFFFFFF), True, True),
    (0xFFFFFFFF, True, True),
    (0x100000000, False, True),
    (UInt(2**64 - 1), False, True),
    (2**63 - 1, False, True),
    (-1, False, False),
    (-(2**63), False, False),
    ("5", False, False),
    ("", False, False),
    (True, False, False),
    (False, False, False),
    (b"\x05", False, False),
    ([5], False, False),
    ({"k": 5}, False, False),
]


@pytest.mark.parametrize(("value", "fits", "_fits_64"), NUMBERS, ids=repr)
def test_what_is_no_number_of_32_bits_counts_as_absent(
    value: PlistValue, fits: bool, _fits_64: bool
) -> None:
    request: PlistDict = {"k": value}
    assert fields.uint32(request, "k", 99) == (value if fits else 99)
    assert fields.uint32(request, "k") == (value if fits else 0)


@pytest.mark.parametrize(("value", "_fits_32", "fits"), NUMBERS, ids=repr)
def test_what_is_no_number_of_64_bits_counts_as_absent(
    value: PlistValue, _fits_32: bool, fits: bool
) -> None:
    assert fields.uint64({"k": value}, "k") == (value if fits else None)


@pytest.mark.parametrize(
    "value", ["", "text", 1, UInt(1), True, b"text", ["text"], {"k": "text"}], ids=repr
)
def test_only_a_string_is_a_string_and_only_an_array_an_array(value: PlistValue) -> None:
    request: PlistDict = {"k": value}
    assert fields.string(request, "k") == (value if isinstance(value, str) else None)
    assert fields.array(request, "k") == (value if isinstance(value, list) else None)


def test_an_absent_key_gives_the_default() -> None:
    assert fields.uint32({}, "k") == 0
    assert fields.uint32({}, "k", 5) == 5
    assert fields.uint64({}, "k") is None
    assert fields.string({}, "k") is None
    assert fields.array({}, "k") is None


@pytest.mark.parametrize(
    ("before", "added", "removed"),
    [
        ({}, 0x44, 0),
        ({"flags": UInt(0x14)}, 0x54, 0x10),
        ({"flags": 0x14}, 0x54, 0x10),
        ({"flags": UInt(0xFFFFFFFF)}, 0xFFFFFFFF, 0xFFFFFFBB),
        ({"flags": -1}, 0x44, 0),
        ({"flags": "0x14"}, 0x44, 0),
        ({"flags": 0x100000000}, 0x44, 0),
        ({"flags": True}, 0x44, 0),
    ],
    ids=lambda value: repr(value) if isinstance(value, dict) else "",
)
def test_flags_are_written_unsigned_and_a_wrong_type_is_replaced(
    before: PlistDict, added: int, removed: int
) -> None:
    plus, minus = dict(before), dict(before)
    fields.add_flags(plus, 0x44)
    fields.remove_flags(minus, 0x44)
    assert plus == {"flags": added}
    assert minus == {"flags": removed}
    assert type(plus["flags"]) is type(minus["flags"]) is UInt
