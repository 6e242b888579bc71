"""Exchanges as people read them, by what both profiles really answer."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netbsd_dm.capture.format import read_capture
from netbsd_dm.capture.readable import TABLE_LINES_MAX, describe
from netbsd_dm.driver.mapper import Mapper
from netbsd_dm.pdev.catalog import Catalog, Offer
from netbsd_dm.pdev.devnum import makedev
from netbsd_dm.plist import PlistDict, PlistValue, UInt, dumps
from netbsd_dm.wire import calls, keys
from netbsd_dm.wire.calls import Selector
from netbsd_dm.wire.replies import TableLine

from .conftest import exchange, request

FIXTURES = Path(__file__).parents[2] / "fixtures"
VOL1 = Selector("vol1")
TABLE = [TableLine(0, 8, "linear", "/dev/wd1a 0"), TableLine(8, 4, "linear", "/dev/wd1a 8")]


@pytest.fixture(params=["standard", "netbsd-9"])
def mapper(request: pytest.FixtureRequest, tmp_path: Path) -> Mapper:
    """A mapper with a disk and the device vol1, which has a live table and an inactive one."""
    image = tmp_path / "disk.img"
    image.write_bytes(bytes(64 * 512))
    mapper = Mapper(request.param, Catalog([Offer("/dev/wd1a", image, makedev(197, 0))]))
    for asked in (
        calls.create("vol1", "U-1", False).request,
        calls.reload(VOL1, TABLE).request,
        calls.resume(VOL1).request,
        calls.reload(VOL1, TABLE[:1]).request,
    ):
        exchange(mapper, asked)
    return mapper


DONE = {
    "version -> 4.16.0": calls.version().request,
    "names -> vol1 (minor 1)": calls.names().request,
    'create "vol 2" uuid U-2 read-only -> minor 2': calls.create("vol 2", "U-2", True).request,
    "suspend vol1 -> suspended, live+inactive": calls.suspend(VOL1).request,
    "suspend vol1 noflush -> suspended, live+inactive": calls.suspend(VOL1, True).request,
    "resume vol1 -> ok": calls.resume(VOL1).request,
    "rename vol1 to vol2 -> ok": calls.rename(VOL1, "vol2").request,
    "clear minor 1 -> ok": calls.clear(Selector(minor=1)).request,
    "remove uuid U-1 -> ok": calls.remove(Selector(uuid="U-1")).request,
    "deps vol1 -> 197:0, 197:0": calls.deps(VOL1, False).request,
    "deps vol1 inactive -> 197:0": calls.deps(VOL1, True).request,
    "reload vol1 -> ok|0 8 linear /dev/wd1a 0": calls.reload(VOL1, TABLE[:1]).request,
    "table vol1 -> ok|0 8 linear /dev/wd1a 0|8 4 linear /dev/wd1a 8": calls.table(
        VOL1, False
    ).request,
    "table vol1 inactive -> ok|0 8 linear /dev/wd1a 0": calls.table(VOL1, True).request,
}


@pytest.mark.parametrize(("expected", "asked"), DONE.items(), ids=DONE)
def test_what_was_done_reads_the_same_of_both_profiles(
    mapper: Mapper, asked: PlistDict, expected: str
) -> None:
    lines = describe(*exchange(mapper, asked))
    deps_of_standard = expected.replace("197:0, 197:0", "197:0")  # names each device once
    assert [line.strip() for line in lines] in (expected.split("|"), deps_of_standard.split("|"))


def test_the_lines_of_a_table_are_indented(mapper: Mapper) -> None:
    _, line = describe(*exchange(mapper, calls.table(VOL1, True).request))
    assert line == "    0 8 linear /dev/wd1a 0"


def test_the_state_of_a_device_is_told(mapper: Mapper) -> None:
    def info() -> str:
        (line,) = describe(*exchange(mapper, calls.info(VOL1).request))
        return line.partition(", event")[0]  # which netbsd-9 has not

    assert info() == "info vol1 -> minor 1, live+inactive, 2 targets"
    exchange(mapper, calls.suspend(VOL1).request)
    exchange(mapper, calls.clear(VOL1).request)
    assert info() == "info vol1 -> minor 1, suspended, live, 2 targets"
    exchange(mapper, calls.create("bare", None, False).request)
    (line,) = describe(*exchange(mapper, calls.table(Selector("bare"), False).request))
    assert line == "table bare -> no table"


FAILED = {
    "ENOENT": calls.info(Selector("vol7")).request,
    "EEXIST": calls.create("vol1", None, False).request,
    "EIO": calls.names().request | {"version": [5, 0, 0]},
}


@pytest.mark.parametrize(("name", "asked"), FAILED.items(), ids=FAILED)
def test_a_failure_is_told_by_its_name(mapper: Mapper, name: str, asked: PlistDict) -> None:
    (line,) = describe(*exchange(mapper, asked))
    assert f" -> {name}: " in line


def test_a_refused_table_is_shown_with_the_reason_and_the_place(mapper: Mapper) -> None:
    table = [*TABLE, TableLine(12, 4, "linear", "/dev/nope 0")]
    first, *lines = describe(*exchange(mapper, calls.reload(VOL1, table).request))
    if mapper.profile.reports_errors:
        assert first.startswith("reload vol1 -> ENOENT: ")
        assert first.endswith("(at cmd_data[2].params)")
    else:
        assert first.startswith("reload vol1 -> EINVAL: the driver refused the table")
    assert lines[-1] == "    12 4 linear /dev/nope 0"


@pytest.mark.parametrize("command", ["message", "setgeometry", "remove_all", "frobnicate"])
def test_what_the_driver_only_echoes_is_not_told_as_done(command: str) -> None:
    asked: PlistDict = {"command": command, "version": [4, 0, 0], "name": "vol1"}
    assert describe(dumps(asked), answered(asked)) == [f"{command} vol1 -> echoed"]


def answered(asked: PlistDict, **found: PlistValue) -> bytes:
    """The reply to a command that was done."""
    version: PlistValue = [UInt(4), UInt(16), UInt(0)]
    return dumps(asked | ({"version": version} if "version" in asked else {}) | found)


def test_the_arguments_that_matter_are_told() -> None:
    assert describe(dumps(calls.message(VOL1, "reset \x1b", 8).request), None) == [
        r'message vol1 "reset \x1b" at sector 8 -> no reply'
    ]
    assert describe(dumps(calls.waitevent(VOL1, 3).request), b"") == [
        "waitevent vol1 after event 3 -> no reply"
    ]
    assert describe(dumps(calls.setgeometry(VOL1, 1, 2, 3, 4).request), None) == [
        "setgeometry vol1 cylinders 1 heads 2 sectors 3 start 4 -> no reply"
    ]


@pytest.mark.parametrize(("data", "outcome"), [(["yes"], '"yes"'), ([], "ok")])
def test_the_answer_to_a_message_is_told(data: PlistValue, outcome: str) -> None:
    asked = calls.message(VOL1, "ask", 0).request
    (line,) = describe(dumps(asked), answered(asked, cmd_data=data, minor=UInt(1)))
    assert line == f'message vol1 "ask" -> {outcome}'


def test_what_a_wait_and_the_statistics_found_is_told() -> None:
    wait = calls.waitevent(VOL1, 3).request
    found: PlistDict = {"event_nr": UInt(4), "minor": UInt(1)}
    assert describe(dumps(wait), dumps(wait | found)) == ["waitevent vol1 after event 3 -> event 4"]
    each: PlistDict = {"name": "vol1", "reads": UInt(2), "writes": UInt(1), "errors": UInt(1)}
    asked = calls.iostat().request
    assert describe(dumps(asked), answered(asked, cmd_data=[each])) == [
        "iostat -> vol1: 3 requests, 1 errors"
    ]


def test_how_many_have_a_device_open_is_told_unless_nobody_has() -> None:
    asked = calls.resume(VOL1).request
    reply = answered(asked, minor=UInt(1), open_count=UInt(2))
    assert describe(dumps(asked), reply) == ["resume vol1 -> open 2"]


def test_a_name_that_is_known_is_told_with_the_minor_that_was_sent() -> None:
    text = dumps(calls.table(Selector(minor=3), False).request)
    assert describe(text, None, known_name="vol1") == ["table vol1 (minor 3) -> no reply"]


def table_of(count: int) -> list[str]:
    lines = [TableLine(8 * n, 8, "error", "") for n in range(count)]
    return describe(dumps(calls.reload(VOL1, lines).request), None)[1:]


def test_a_long_table_is_shortened() -> None:
    assert table_of(100)[TABLE_LINES_MAX - 1 :] == [
        f"    {8 * (TABLE_LINES_MAX - 1)} 8 error",
        f"    ... {100 - TABLE_LINES_MAX} more lines",
    ]


def test_no_line_is_left_out_to_say_that_one_is() -> None:
    assert table_of(TABLE_LINES_MAX + 1)[-1] == f"    {8 * TABLE_LINES_MAX} 8 error"


def test_a_table_that_is_none_is_shown_as_far_as_it_is_one() -> None:
    data: PlistValue = [5, {"start": "x", "length": 8, "type": [], "params": 5}]
    text = request("reload", name="vol1", cmd_data=data)
    assert describe(text.encode(), None)[1:] == ["    ?", "    ? 8 ?"]


def test_long_lists_are_shortened() -> None:
    listed: PlistValue = [{"name": f"v{n}", "dev": UInt(n)} for n in range(1, 101)]
    asked = calls.names().request
    (line,) = describe(dumps(asked), answered(asked, cmd_data=listed))
    assert line.startswith("names -> v1 (minor 1), v2 (minor 2), ")
    assert line.endswith(", v12 (minor 12), ... 88 more")


def test_a_request_that_is_no_property_list_is_shown_where_it_is_wrong() -> None:
    text = b"<plist>\n<dict>\n<key>a</key><real>1</real>\n</dict>\n</plist>"
    (line,) = describe(text, dumps({"errno": UInt(5)}))
    assert line.startswith("not a property list (line 3: ")
    assert line.endswith(
        ': "<key>a</key><real>1</real>" -> EIO: the server could not read the request'
    )


def test_a_reply_that_is_no_property_list_is_shown_as_it_is() -> None:
    (line,) = describe(request("names").encode(), b"oops\x1b")
    assert line == r'names -> not a property list: "oops\x1b"'


def test_every_recorded_exchange_can_be_read_out() -> None:
    for path in sorted(FIXTURES.rglob("*.jsonl")):
        for step in read_capture(path).steps:
            if step.request is not None:
                lines = describe(step.request, step.reply.text if step.reply else None)
                assert all(line.isprintable() and len(line) < 1000 for line in lines)
                assert " -> " in lines[0]


ANYTHING: st.SearchStrategy[PlistValue] = st.recursive(
    st.text(max_size=4) | st.booleans() | st.integers(-3, 2**33) | st.integers(0, 9).map(UInt),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["start", "length", "type", "params", "name", "dev", "ver", "message"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
KEYS = st.sampled_from([getattr(keys, name) for name in dir(keys) if name.isupper()])
DICTIONARIES = st.dictionaries(KEYS, ANYTHING)
COMMANDS = st.sampled_from(["info", "names", "table", "deps", "targets", "iostat", "rename", "x"])


@given(st.none() | COMMANDS, DICTIONARIES, DICTIONARIES)
def test_any_dictionaries_can_be_read_out(
    command: str | None, asked: PlistDict, reply: PlistDict
) -> None:
    if command is not None:
        asked["command"] = command
    lines = describe(_text(asked), _text(reply))
    assert all(line.isprintable() for line in lines)


def _text(value: PlistDict) -> bytes:
    """As a property list, without the characters that one cannot hold."""
    return dumps(json.loads(json.dumps(value).replace("\\u0000", "")))


@given(st.binary(), st.binary())
def test_any_bytes_can_be_read_out(asked: bytes, reply: bytes) -> None:
    assert all(line.isprintable() for line in describe(asked, reply))
