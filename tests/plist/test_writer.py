"""What a property list cannot hold, and what the writer does about it."""

from typing import Any

import pytest

from netbsd_dm.plist import PlistDict, PlistError, PlistValue, UInt, dumps

from .conftest import lenient, nested, proplib


class Text(str):
    """A subclass, which may write itself in other ways than str does."""

    __slots__ = ()


@pytest.mark.parametrize(
    "value",
    [None, 1.5, (1, 2), {1}, object(), bytearray(b"x"), memoryview(b"x"), 1j, Text("s")],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("place", ["value", "item"])
def test_a_value_of_another_type_is_refused_by_name(value: Any, place: str) -> None:
    root: PlistDict = {"k": value if place == "value" else [value]}
    with pytest.raises(PlistError, match=type(value).__name__):
        dumps(root)


@pytest.mark.parametrize("key", [1, None, b"k", ("k",), True], ids=repr)
def test_a_key_that_is_no_string_is_refused(key: Any) -> None:
    with pytest.raises((PlistError, TypeError)):
        dumps({key: 1})


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        pytest.param(2**63, "signed number of 64 bits", id="2**63"),
        pytest.param(-(2**63) - 1, "signed number of 64 bits", id="-2**63-1"),
        pytest.param(UInt(-1), "unsigned number of 64 bits", id="UInt(-1)"),
        pytest.param(UInt(2**64), "unsigned number of 64 bits", id="UInt(2**64)"),
        pytest.param("a\0b", "NUL", id="a NUL in a string"),
        pytest.param("\ud800", "surrogate", id="a lone surrogate"),
        pytest.param({"a\0": 1}, "NUL", id="a NUL in a key"),
        pytest.param({"\udfff": 1}, "surrogate", id="a lone surrogate in a key"),
        pytest.param({"k" * 129: 1}, "128 bytes", id="a key of 129 bytes"),
        pytest.param({"é" * 65: 1}, "128 bytes", id="a key of 130 bytes"),
        pytest.param({"_" * 129: 1}, "128 bytes", id="a key of 129 bytes, an identifier"),
    ],
)
def test_a_value_that_cannot_be_written_is_refused_with_the_reason(
    value: PlistValue, reason: str
) -> None:
    with pytest.raises(PlistError, match=reason):
        dumps({"k": value})


def test_a_dictionary_within_itself_is_refused() -> None:
    value: PlistDict = {}
    value["k"] = [value]
    with pytest.raises(PlistError, match="contains itself"):
        dumps(value)


def test_an_array_within_itself_is_refused() -> None:
    items: list[PlistValue] = []
    items.append({"k": items})
    with pytest.raises(PlistError, match="contains itself"):
        dumps({"k": items})


def test_a_container_may_stand_in_two_places() -> None:
    shared: list[PlistValue] = [{"k": 1}]
    text = dumps({"a": shared, "b": {"c": shared}, "d": [shared, shared]})
    assert text.count(b"<key>k</key>") == 4


def test_a_nesting_of_1000_levels_grows_by_a_tab_a_line() -> None:
    # The driver's reply to such a request has more than a megabyte (driver spec 0.2).
    text = dumps(nested({"last": True}, 1000))
    assert b"\n" + b"\t" * 1001 + b"<key>last</key>\n" in text
    assert len(text) > 1_000_000


def test_what_is_written_twice_is_the_same_though_numbers_are_remembered() -> None:
    # 1, True and UInt(1) are equal to a cache that does not look at their types.
    value: PlistDict = {"a": 1, "b": True, "c": UInt(1), "d": 0, "e": False, "f": UInt(0)}
    expected = [b"<integer>1<", b"<true/>", b"<integer>0x1<", b"<integer>0<", b"<false/>"]
    for order in (value, dict(reversed(value.items()))):
        text = dumps(order)
        places = [text.index(piece) for piece in expected]
        assert places == sorted(places), text.decode()


def test_empty_data_is_written_in_the_form_that_proplib_refuses_to_read() -> None:
    # The driver's own asymmetry (driver spec section 1.2, "Data").
    text = dumps({"d": b""})
    assert b"<data/>" in text
    with pytest.raises(PlistError):
        proplib(text)
    assert lenient(text) == {"d": b""}
