"""The fields of an option, and the bytes of a reply to it."""

from collections.abc import Callable

import pytest

from netbsd_dm.nbd.constants import OptionReply
from netbsd_dm.nbd.options import OptionFields, RefusedError, option_reply


def test_fields_are_read_in_order() -> None:
    fields = OptionFields(
        bytes([0, 1, 0, 0, 1, 0, 0, 0, 0, 3]) + "xß".encode() + bytes(4) + b"\xff\xff"
    )
    assert (fields.u16(), fields.u32(), fields.string(), fields.string()) == (1, 256, "xß", "")
    assert fields.u16() == 65535
    fields.end()


@pytest.mark.parametrize(
    ("read", "data"),
    [
        (OptionFields.u16, b""),
        (OptionFields.u16, bytes(1)),
        (OptionFields.u32, bytes(3)),
        (OptionFields.string, bytes(3)),
        (OptionFields.string, bytes([0, 0, 0, 2]) + b"x"),
        (OptionFields.string, bytes([0, 0, 0, 1]) + b"\xff"),
        (OptionFields.end, b"x"),
    ],
)
def test_what_does_not_fit_is_invalid(read: Callable[[OptionFields], object], data: bytes) -> None:
    with pytest.raises(RefusedError) as caught:
        read(OptionFields(data))
    assert caught.value.reply == OptionReply.ERR_INVALID


@pytest.mark.parametrize("length", [4097, 2**32 - 1])
def test_a_string_has_a_limit_whether_it_is_there_or_not(length: int) -> None:
    with pytest.raises(RefusedError, match="4096") as caught:
        OptionFields(length.to_bytes(4, "big")).string()
    assert caught.value.reply == OptionReply.ERR_TOO_BIG
    assert OptionFields((4096).to_bytes(4, "big") + b"x" * 4096).string() == "x" * 4096


@pytest.mark.parametrize(
    ("option", "reply", "data", "expected"),
    [
        (3, OptionReply.ACK, b"", "0003e889045565a9 00000003 00000001 00000000"),
        (7, OptionReply.INFO, b"\0\1", "0003e889045565a9 00000007 00000003 00000002 0001"),
        (
            2**32 - 1,
            OptionReply.ERR_UNSUP,
            b"no",
            "0003e889045565a9 ffffffff 80000001 00000002 6e6f",
        ),
    ],
)
def test_the_bytes_of_a_reply(option: int, reply: OptionReply, data: bytes, expected: str) -> None:
    assert option_reply(option, reply, data) == bytes.fromhex(expected)
