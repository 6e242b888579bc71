"""Captures as people read them."""

from pathlib import Path
from typing import Any

import pytest

from netbsd_dm.capture.format import read_capture
from netbsd_dm.capture.session import follow
from netbsd_dm.capture.showing import shown, shown_head
from netbsd_dm.plist import UInt

from .conftest import HEAD, Write, request, step

FIXTURES = Path(__file__).parents[2] / "fixtures"
NAMES = request("names")


def lines(write: Write, *entries: object) -> list[str]:
    capture = read_capture(write(HEAD, *entries))
    return [line for each in follow(capture.entries) for line in shown(each)]


def asked(**given: Any) -> dict[str, Any]:
    """A step that needs no words of its own."""
    return {"n": 1, "class": "stable", "request": NAMES} | given


def test_the_head_tells_what_it_is_about_and_the_disks(write: Write) -> None:
    assert list(shown_head(read_capture(write(HEAD)))) == [
        "made-up: a scenario of a test",
        "       driver none",
        "       disk /dev/wd1a, 8 sectors, dev 197:0",
    ]
    assert list(shown_head(read_capture(write({"scenario": "x\n"})))) == [r"x\n"]


def test_a_step_has_its_number_and_what_else_there_is_to_know(write: Write) -> None:
    noted = {"n": 12, "class": "undefined", "client": 3, "at": 1.25, "label": "first"}
    assert lines(write, asked(**noted)) == [
        "   12  names -> no reply  [undefined, client 3, at 1.25 s, first]"
    ]
    assert lines(write, asked()) == ["    1  names -> no reply"]


def test_a_label_that_says_nothing_new_is_left_out(write: Write) -> None:
    assert lines(write, asked(label="names")) == lines(write, asked())
    text = request("info", name="vol1")
    (line,) = lines(write, asked(label="info vol1", request=text))
    assert line == "    1  info vol1 -> no reply"


@pytest.mark.parametrize(
    ("given", "below"),
    [
        ({"fault": ["one", "two\n"]}, ["fault one", r"fault two\n"]),
        ({"dropped": True}, ["the connection was cut before the reply"]),
        ({"note": "a\x1b"}, [r"note: a\x1b"]),
        ({"server_restarted_after": True}, ["from here on a fresh driver, without devices"]),
    ],
    ids=str,
)
def test_what_became_of_a_step_is_told_below_it(
    write: Write, given: dict[str, Any], below: list[str]
) -> None:
    assert lines(write, asked(**given))[1:] == [f"           {line}" for line in below]


def test_a_cut_reply_tells_how_much_came(write: Write) -> None:
    told = lines(write, asked(reply="r", truncated=9))
    assert "cut after 9 bytes" in told[1]


def test_a_reply_of_which_only_the_digest_was_kept_is_told_by_its_size(write: Write) -> None:
    digest = {"reply_sha256": "0" * 64, "reply_bytes": 123_456}
    (line,) = lines(write, asked(**digest))
    assert line.endswith("names -> 123456 bytes, of which only the SHA-256 was kept")


def access(op: str, **given: object) -> dict[str, Any]:
    return step(1, io={"op": op, "minor": 1, "off": 512, "len": 1024} | given) | {"label": ""}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            access("R", errno=0, nreply=512, sha256="0" * 64),
            "raw read of minor 1, bytes 512+1024 -> 512 bytes",
        ),
        (
            access("w", errno=0, written=1024, write_fill=1),
            "block write of minor 1, bytes 512+1024 -> 1024 bytes written",
        ),
        (access("r", errno=5), "block read of minor 1, bytes 512+1024 -> EIO"),
        (access("C", errno=0, len=0), "flush of minor 1 -> ok"),
        (access("D", errno=25, len=0), "disk information of minor 1 -> ENOTTY"),
        (access("G", errno=0, len=0, text="a|b"), 'wedge information of minor 1 -> "a|b"'),
        (access("W", write_fill=1), "raw write of minor 1, bytes 512+1024 -> no answer"),
        (step(1) | {"label": ""}, "neither a request nor an access to a disk"),
    ],
    ids=str,
)
def test_an_access_tells_what_it_came_to(write: Write, line: dict[str, Any], expected: str) -> None:
    assert lines(write, line) == [f"    1  {expected}"]


def test_devices_have_their_names_where_requests_have_only_minors(write: Write) -> None:
    created = request("create", name="vol 1", flags=UInt(4))
    reply = request("create", name="vol 1", flags=UInt(4), minor=UInt(1))
    driver = "<integer>4</integer>\n\t\t<integer>16</integer>"
    reply = reply.replace("<integer>4</integer>\n\t\t<integer>0</integer>", driver)
    told = lines(
        write,
        asked(request=created, reply=reply),
        asked(n=2, request=request("suspend", minor=UInt(1))),
        access("C", errno=0, len=0),
    )
    assert told[1:] == [
        '    2  suspend "vol 1" (minor 1) -> no reply',
        '    1  flush of "vol 1" (minor 1) -> ok',
    ]


def test_a_command_line_tells_what_it_was_given_and_wrote(write: Write) -> None:
    line = {"run": 1, "argv": ["dmsetup", "create", "a b"], "stdin": "0 1 zero\n", "exit": 3}
    assert lines(write, line | {"output": "1\n\t2\n3\n4\n5\n6\n"}) == [
        r"""       $ dmsetup create 'a b' <<< "0 1 zero\n"  [exit status 3]""",
        "           1",
        r"           \t2",
        "           3",
        "           4",
        "           ... 2 more lines of output",
    ]
    assert lines(write, {"run": 1, "argv": ["ls"], "exit": 0}) == ["       $ ls"]


def test_a_fault_outside_of_an_exchange_tells_what_it_hit(write: Write) -> None:
    note = {"fault": ["one", "two"], "what": "open of /dev/wd1a", "at": 0.5}
    assert lines(write, note) == [
        "       fault one: open of /dev/wd1a, at 0.5 s",
        "       fault two: open of /dev/wd1a, at 0.5 s",
    ]


def test_everything_recorded_can_be_shown() -> None:
    for path in sorted(FIXTURES.rglob("*.jsonl")):
        capture = read_capture(path)
        head = list(shown_head(capture))
        told = [line for each in follow(capture.entries) for line in shown(each)]
        assert len(told) >= len(capture.entries)
        assert all(line.isprintable() for line in (*head, *told))
