"""One connection without a socket: whatever comes in, an answer or the end goes out."""

from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from netbsd_dm.driver.mapper import Mapper
from netbsd_dm.driver.profile import NETBSD_9, PROFILES, STANDARD, Profile
from netbsd_dm.pdev.catalog import Catalog
from netbsd_dm.plist import Grammar, PlistDict, PlistValue, UInt, dumps, loads
from netbsd_dm.server.control import Control
from netbsd_dm.server.conversation import OUTPUT_BYTES, Conversation
from netbsd_dm.targets import registry
from netbsd_dm.targets.zero import Zero
from netbsd_dm.wire.framing import Framing, frame

from ..helpers.schema import validate_reply

LIMIT = 2000


def converse(profile: Profile = STANDARD, *, limit: int = LIMIT) -> Conversation:
    return Conversation(Control(Mapper(profile, Catalog()), True), profile, limit)


def request(command: str, **given: PlistValue) -> bytes:
    """The text of a request."""
    return dumps({"command": command, "version": [4, 0, 0], **given})


def length(text: bytes) -> bytes:
    return frame(text, Framing.LENGTH)


def everything(conversation: Conversation) -> bytes:
    """All that it answers until it wants more."""
    out = b""
    while answer := conversation.answer():
        out += answer
    return out


def replies(data: bytes) -> Iterator[tuple[Framing, PlistDict]]:
    """The replies in `data`, which must hold whole ones and nothing else."""
    while data:
        if data[0] <= 7:
            size = int.from_bytes(data[:4], "big")
            text, data = data[4 : 4 + size], data[4 + size :]
            assert len(text) == size, "half a reply"
            yield Framing.LENGTH, loads(text, grammar=Grammar.PROPLIB)
        else:
            text, end, data = data.partition(b"</plist>\n")
            assert end, "half a reply"
            yield Framing.TEXT, loads(text + end, grammar=Grammar.PROPLIB)


def errno_of(reply: PlistDict) -> int | None:
    number = reply.get("errno")
    assert number is None or isinstance(number, int)
    return number


VERSION = request("version")
JUNK = [
    pytest.param(length(b""), 5, False, id="a length of 0"),
    pytest.param(length(b"junk"), 5, False, id="no property list"),
    pytest.param(length(b"\xff\xfe\0"), 5, False, id="bytes"),
    pytest.param(length(b"<plist><array/></plist>"), 5, False, id="no dictionary"),
    pytest.param(length(b"x" * LIMIT), 5, False, id="the limit"),
    pytest.param(length(b"x" * (LIMIT + 1)), -1, False, id="over the limit"),
    pytest.param(length(b"x" * 10 * LIMIT), -1, False, id="far over the limit"),
    pytest.param(b"<junk></plist>", 5, False, id="a text that is none"),
    pytest.param(b"<" * 5 * LIMIT + b"</plist>", -1, False, id="a text over the limit"),
    pytest.param(b"\x08\0\0\0", 22, True, id="an impossible length"),
    pytest.param(b"GET / HTTP/1.1\r\n\r\n", 22, True, id="another protocol"),
    pytest.param(b"\xff", 22, True, id="a byte"),
]


@pytest.mark.parametrize("profile", PROFILES.values(), ids=list(PROFILES))
@pytest.mark.parametrize(("junk", "errno", "closes"), JUNK)
def test_junk_is_answered_and_what_cannot_be_followed_closes(
    profile: Profile, junk: bytes, errno: int, closes: bool
) -> None:
    conversation = converse(profile)
    conversation.feed(length(VERSION) + junk + length(VERSION))
    answered = list(replies(everything(conversation)))
    oversize = 22 if profile is NETBSD_9 else 7
    expected = [None, oversize if errno < 0 else errno, *([] if closes else [None])]
    assert [errno_of(reply) for _, reply in answered] == expected
    for _, reply in answered:
        validate_reply(reply, f"reply.{profile.name}")
    assert conversation.is_closing is closes
    if closes:
        assert answered[-1][0] is Framing.LENGTH


def test_nothing_is_answered_after_what_closes() -> None:
    conversation = converse()
    conversation.feed(b"x")
    assert conversation.answer()
    conversation.feed(length(VERSION))
    assert conversation.answer() == b""


def test_each_reply_goes_in_the_framing_of_its_request() -> None:
    conversation = converse()
    conversation.feed(VERSION + length(VERSION) + b"<junk></plist>" + length(b"junk") + VERSION)
    framings = [framing for framing, _ in replies(everything(conversation))]
    text, prefixed = Framing.TEXT, Framing.LENGTH
    assert framings == [text, prefixed, text, prefixed, text]


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 99)), max_size=12), st.integers(1, 400))
def test_pipelined_requests_are_answered_in_order_however_they_arrive(
    sent: list[tuple[bool, int]], size: int
) -> None:
    conversation = converse()
    data = b"".join(
        frame(request("version", tag=UInt(tag)), Framing.TEXT if text else Framing.LENGTH)
        for text, tag in sent
    )
    out = b""
    for start in range(0, len(data), size):
        conversation.feed(data[start : start + size])
        out += conversation.answer()
    out += everything(conversation)
    found = [(framing is Framing.TEXT, reply["tag"]) for framing, reply in replies(out)]
    assert found == sent


def test_an_answer_is_bounded_and_the_rest_follows() -> None:
    conversation = converse()
    count = 2000
    conversation.feed(b"".join(length(request("version", tag=UInt(n))) for n in range(count)))
    longest = len(length(request("version", tag=UInt(2**64 - 1)))) + 100
    tags: list[PlistValue] = []
    pieces = 0
    while answer := conversation.answer():
        assert len(answer) < OUTPUT_BYTES + longest
        tags += [reply["tag"] for _, reply in replies(answer)]
        pieces += 1
    assert tags == list(range(count))
    assert pieces > 2


def test_half_a_text_is_answered_at_the_end_of_the_stream() -> None:
    conversation = converse()
    conversation.feed(VERSION + b"<plist><dict>")
    assert len(list(replies(everything(conversation)))) == 1
    conversation.end()
    (answered,) = replies(everything(conversation))
    assert (answered[0], errno_of(answered[1])) == (Framing.TEXT, 5)


@pytest.mark.parametrize("trailer", [b"", b"\0"])
@pytest.mark.parametrize("framing", Framing)
def test_a_text_as_long_as_may_be_is_answered(framing: Framing, trailer: bytes) -> None:
    padding = b" " * (LIMIT - len(VERSION.rstrip()))
    text = VERSION.rstrip().replace(b"<dict>", b"<dict>" + padding)
    assert len(text) == LIMIT
    conversation = converse()
    conversation.feed(frame(text + trailer, framing))
    ((_, reply),) = replies(everything(conversation))
    assert reply["version"] == [4, 16, 0]


def test_a_deep_request_is_answered_in_both_profiles() -> None:
    text = b"<plist><dict><key>k</key>%s</dict></plist>"
    deep = text % (b"<array>" * 4300 + b"</array>" * 4300)
    for profile, errno in ((STANDARD, 5), (NETBSD_9, None)):
        conversation = converse(profile, limit=100_000)
        conversation.feed(length(deep))
        answer = everything(conversation)
        size = int.from_bytes(answer[:4], "big")
        assert size == len(answer) - 4
        assert (b"<key>errno</key>" in answer) is (errno is not None)


PIECES = [
    VERSION,
    length(VERSION),
    request("create", name="a"),
    request("waitevent", name="a"),
    request("remove", name="a"),
    request("reload", name="a", cmd_data=[{"type": "zero", "start": 0, "length": 5}]),
    request("names"),
    b"<plist><dict><key>command</key><string>names</string></dict></plist>",
    b"<plist>",
    b"</plist>",
    b"<dict/>",
    b"\0",
    b"\0\0\0\x05",
    b"\xff",
    b"\n",
    b"<!DOCTYPE plist [<!ENTITY a 'b'>]>",
]


@pytest.mark.parametrize("profile", PROFILES.values(), ids=list(PROFILES))
@given(
    pieces=st.lists(st.sampled_from(PIECES) | st.binary(max_size=20), max_size=10),
    ends=st.booleans(),
)
@example(pieces=[length(request("create", name="\udcff")), length(request("names"))], ends=False)
def test_no_bytes_make_it_raise(profile: Profile, pieces: list[bytes], ends: bool) -> None:
    conversation = converse(profile)
    out = b""
    for piece in pieces:
        conversation.feed(piece)
        out += conversation.answer()
    if ends:
        conversation.end()
    out += everything(conversation)
    conversation.close()
    for _, reply in replies(out):
        validate_reply(reply, f"reply.{profile.name}")


class Talkative(Zero):
    """A target whose answers no property list can hold."""

    name = "talkative"
    version = (1, 0, 0)

    def table(self) -> str:
        return "a\0b"

    def message(self, text: str) -> str:
        return {"nul": "a\0b", "surrogate": "\ud800"}[text]


@pytest.fixture
def talkative(monkeypatch: pytest.MonkeyPatch) -> Conversation:
    """A conversation with a mapper that has a device v of such a target."""
    known = dict(registry._registered)
    monkeypatch.setattr(registry, "_registered", {**known, "talkative": Talkative})
    conversation = converse()
    line: PlistDict = {"start": 0, "length": 8, "type": "talkative"}
    for command in ("create", "reload", "resume"):
        conversation.feed(length(request(command, name="v", cmd_data=[line])))
    assert all("error" not in reply for _, reply in replies(everything(conversation)))
    return conversation


@pytest.mark.parametrize(
    "text",
    [
        request("table", name="v", flags=UInt(0x14)),
        request("message", name="v", cmd_data=[{"message": "nul"}]),
        request("message", name="v", cmd_data=[{"message": "surrogate"}]),
    ],
    ids=["table", "message with NUL", "message with a lone surrogate"],
)
def test_a_reply_that_cannot_be_written_is_an_error_and_not_the_end(
    talkative: Conversation, text: bytes
) -> None:
    talkative.feed(length(text) + length(VERSION))
    first, second = replies(everything(talkative))
    assert "error" in first[1], first
    assert second[1]["version"] == [4, 16, 0]
