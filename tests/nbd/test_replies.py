"""The bytes of replies, as the protocol document lays them out."""

import pytest

from netbsd_dm.nbd import replies
from netbsd_dm.nbd.constants import AllocationState, Error

COOKIE = 0x0102030405060708
HEX = "0102030405060708"
HOLE = AllocationState.HOLE | AllocationState.ZERO

CASES: list[tuple[str, bytes, str]] = [
    ("done, simple", replies.simple(COOKIE), f"67446698 00000000 {HEX}"),
    ("failed, simple", replies.simple(COOKIE, Error.ENOSPC), f"67446698 0000001c {HEX}"),
    ("done", replies.done(COOKIE), f"668e33ef 0001 0000 {HEX} 00000000"),
    (
        "data, more to come",
        replies.data_header(COOKIE, 512, 16, is_last=False),
        f"668e33ef 0000 0001 {HEX} 00000018 0000000000000200",
    ),
    (
        "the last data",
        replies.data_header(COOKIE, 2**63, 2**25, is_last=True),
        f"668e33ef 0001 0001 {HEX} 02000008 8000000000000000",
    ),
    (
        "a hole",
        replies.hole(COOKIE, 512, 4096),
        f"668e33ef 0001 0002 {HEX} 0000000c 0000000000000200 00001000",
    ),
    (
        "block status",
        replies.block_status(COOKIE, [(512, AllocationState(0)), (1024, HOLE)]),
        f"668e33ef 0001 0005 {HEX} 00000014 00000001 00000200 00000000 00000400 00000003",
    ),
    (
        "an error",
        replies.error_chunk(COOKIE, Error.EIO, "ß!"),
        f"668e33ef 0001 8001 {HEX} 00000009 00000005 0003 c39f21",
    ),
    (
        "an error that says nothing",
        replies.error_chunk(COOKIE, Error.EINVAL, ""),
        f"668e33ef 0001 8001 {HEX} 00000006 00000016 0000",
    ),
]


@pytest.mark.parametrize(("reply", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_the_bytes_of_a_reply(reply: bytes, expected: str) -> None:
    assert reply.hex() == expected.replace(" ", "")


@pytest.mark.parametrize("message", ["x" * 5000, "x" + "ß" * 3000, "€" * 2000])
def test_a_long_message_is_cut_between_characters(message: str) -> None:
    reply = replies.error_chunk(COOKIE, Error.EIO, message)
    text = reply[26:]
    assert int.from_bytes(reply[24:26], "big") == len(text)
    assert int.from_bytes(reply[16:20], "big") == len(text) + 6
    assert 4090 < len(text) <= 4096
    assert message.startswith(text.decode())


def test_a_message_may_name_what_is_no_utf_8() -> None:
    """Names of devices keep such bytes as surrogates, and stand in messages."""
    text = replies.error_chunk(COOKIE, Error.EIO, "vol\udcff is suspended")[26:].decode()
    assert text.startswith("vol")
    assert text.endswith(" is suspended")


@pytest.mark.parametrize(
    ("command", "structured", "is_chunk"),
    [(0, True, True), (0, False, False), (7, True, True), (1, False, False), (3, False, False)],
)
def test_a_read_fails_in_a_chunk_once_these_are_agreed_on(
    command: int, structured: bool, is_chunk: bool
) -> None:
    reply = replies.failure(command, COOKIE, Error.EIO, "broken", structured=structured)
    if is_chunk:
        assert reply == replies.error_chunk(COOKIE, Error.EIO, "broken")
    else:
        assert reply == replies.simple(COOKIE, Error.EIO)
