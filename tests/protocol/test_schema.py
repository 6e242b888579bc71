"""protocol/request.rng and reply.rng: true of what is sent, and refusing what never is."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from copy import deepcopy
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from netbsd_dm.capture.disks import offer_disks
from netbsd_dm.capture.format import Capture, Disk, Step, read_capture
from netbsd_dm.driver.commands.table import COMMANDS
from netbsd_dm.driver.mapper import Mapper
from netbsd_dm.driver.profile import NETBSD_9, PROFILES, STANDARD, Profile
from netbsd_dm.pdev.catalog import Catalog, Offer
from netbsd_dm.plist import Grammar, PlistDict, PlistError, PlistValue, UInt, dumps, loads
from netbsd_dm.wire import keys

from ..helpers.compact import parse_pairs
from ..helpers.schema import (
    DEPTH_MAX,
    PROTOCOL,
    matches,
    tree,
    validate_reply,
    validate_request,
)

FIXTURES = Path(__file__).parents[2] / "fixtures"
CAPTURES = {path.stem: path for path in sorted(FIXTURES.rglob("*.jsonl"))}
OURS = "version=[0x4 0x10 0x0]"


@cache
def capture(name: str) -> Capture:
    return read_capture(CAPTURES[name])


def recorded_reply(step: Step) -> PlistDict | None:
    """The reply of a step; None if there is none, or its text is not kept."""
    if step.reply is None or step.reply.text is None:
        return None
    return loads(step.reply.text)


def success_of(command: PlistValue) -> str:
    """The pattern of a reply to a command that succeeded."""
    return f"success.{ {'mknodes': 'info', 'status': 'table'}.get(str(command), command) }"


# Captures


@pytest.mark.parametrize("name", CAPTURES)
def test_every_recorded_reply_matches_the_schema(name: str) -> None:
    for step in capture(name).steps:
        reply = recorded_reply(step)
        if reply is not None:
            validate_reply(reply)
            validate_reply(reply, "reply.netbsd-9")


class Success(NamedTuple):
    """A recorded exchange in which the driver did what it was asked."""

    request: PlistDict
    reply: PlistDict


def successes(name: str, directory: Path) -> Iterator[Success]:
    """The successes of a capture: a server that tells errors tells of none."""
    profile = replace(NETBSD_9, reports_errors=True)
    recorded = capture(name)
    catalog = Catalog(offer_disks(recorded.disks, directory))
    mapper = Mapper(profile, catalog)
    for step in recorded.steps:
        request = step.request and readable(step.request, profile)
        if step.request and request:
            ours = mapper.execute(request)
            reply = recorded_reply(step)
            assert isinstance(ours, dict)
            if step.is_comparable and reply is not None and keys.ERROR not in ours:
                yield Success(loads(step.request), reply)
        if step.restarted_after:
            mapper.close()
            mapper = Mapper(profile, catalog)
    mapper.close()


def readable(text: bytes, profile: Profile) -> PlistDict | None:
    if len(text) > profile.max_request_bytes:
        return None
    try:
        return loads(text, grammar=profile.grammar)
    except PlistError:
        return None


@pytest.mark.parametrize("name", CAPTURES)
def test_a_recorded_success_matches_the_pattern_of_its_command(name: str, tmp_path: Path) -> None:
    for success in successes(name, tmp_path):
        validate_reply(success.reply, success_of(success.request[keys.COMMAND]))


@pytest.mark.parametrize("name", CAPTURES)
def test_a_request_that_succeeded_matches_the_schema_or_standard_refuses_it(
    name: str, tmp_path: Path
) -> None:
    for request, _ in successes(name, tmp_path):
        if not matches("request", "request", request):
            assert refused_by_standard(request, capture(name).disks, tmp_path) == "EINVAL", request


def refused_by_standard(request: PlistDict, disks: tuple[Disk, ...], directory: Path) -> str | None:
    """The error that `request` gets in profile standard where its device exists; None for none."""
    with closing(Mapper(STANDARD, Catalog(offer_disks(disks, directory)))) as mapper:
        if request[keys.COMMAND] != "create":
            mapper.execute(
                parse_pairs("command=create version=[4 0 0]") | {"name": request["name"]}
            )
        reply = mapper.execute(request)
        assert isinstance(reply, dict)
        error = reply.get(keys.ERROR)
        return str(error[keys.NAME]) if isinstance(error, dict) else None


# As published, without the helper


@pytest.fixture(scope="module")
def reply_schema() -> etree.RelaxNG:
    return etree.RelaxNG(file=PROTOCOL / "reply.rng")


@pytest.fixture(scope="module")
def request_schema() -> etree.RelaxNG:
    return etree.RelaxNG(file=PROTOCOL / "request.rng")


def test_the_schemas_read_the_texts_themselves(
    request_schema: etree.RelaxNG, reply_schema: etree.RelaxNG
) -> None:
    for step in capture("dmsetup").steps:
        assert step.request is not None
        reply_schema.assertValid(etree.fromstring(dumps(recorded_reply(step) or {})))
        request = loads(step.request)
        if matches("request", "request", request):
            request_schema.assertValid(etree.fromstring(dumps(request)))


def test_a_schema_is_narrowed_by_including_it() -> None:
    narrowed = etree.fromstring(
        f"""<grammar xmlns="http://relaxng.org/ns/structure/1.0">
            <include href="{(PROTOCOL / "reply.rng").as_uri()}">
                <define name="reply"><ref name="success.names"/></define>
            </include>
        </grammar>"""
    )
    schema = etree.RelaxNG(narrowed)
    names = parse_pairs(f'cmd_data=[{{dev=0x1 name="a"}}] command=names {OURS}')
    schema.assertValid(etree.fromstring(dumps(names)))
    with pytest.raises(etree.DocumentInvalid):
        schema.assertValid(etree.fromstring(dumps(parse_pairs(f"command=clear {OURS}"))))


GOOD_REPLY = dumps(parse_pairs(f"command=version flags=0x4 {OURS}")).decode()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param('<plist version="1.0">', "<plist>", id="no version of the list"),
        pytest.param('<plist version="1.0">', '<plist version="1.1">', id="another version"),
        pytest.param("<dict>", '<dict a="b">', id="an attribute"),
        pytest.param("</dict>", "</dict><dict/>", id="a second root"),
        pytest.param("<integer>0x10<", "<integer>0X10<", id="an upper-case X"),
        pytest.param("<integer>0x4<", "<integer>0x04<", id="a leading zero"),
        pytest.param("<integer>0x4<", "<integer>0xA<", id="upper-case digits"),
        pytest.param("<string>version</string>", "<real>1</real>", id="no element of proplib"),
        pytest.param("<string>version</string>", "", id="a key without a value"),
        pytest.param("<key>flags</key>", "", id="a value without a key"),
    ],
)
def test_the_schema_refuses_texts_that_no_server_writes(
    reply_schema: etree.RelaxNG, old: str, new: str
) -> None:
    reply_schema.assertValid(etree.fromstring(GOOD_REPLY.encode()))
    text = GOOD_REPLY.replace(old, new)
    assert text != GOOD_REPLY
    assert not reply_schema.validate(etree.fromstring(text.encode()))


# Right and wrong


RIGHT_REPLIES = {
    "envelope.netbsd-9": "errno=0x5",
    "envelope.standard": 'errno=0x5 error={errno=0x5 message="no list" name="EIO"}',
    "failed": 'command=info error={errno=0x2 message="no device" name="ENOENT" where="name"}',
    "not-found": f"command=info flags=0x0 {OURS}",
    "success.version": f"command=version {OURS}",
    "success.targets": f'cmd_data=[{{name="a" ver=[1 0 2]}}] command=targets {OURS}',
    "success.names": f'cmd_data=[{{dev=0x1 name=""}}] command=names {OURS}',
    "success.create": f"command=create flags=0x4 minor=0x1 {OURS}",
    "success.info": "command=info flags=0x4 minor=0x1 name=7 open_count=0x0 target_count=0x0"
    f' uuid="" {OURS}',
    "success.info.standard": "command=mknodes event_nr=0x0 flags=0x24 minor=0x1 open_count=0x0"
    f' target_count=0x1 uuid="" {OURS}',
    "success.suspend": f"command=suspend flags=0x26 minor=0x1 open_count=0x0 {OURS}",
    "success.resume": f"command=resume flags=0x4 minor=0x1 open_count=0x0 {OURS}",
    "success.clear": f"command=clear {OURS}",
    "success.remove": f"command=remove {OURS}",
    "success.rename": f'cmd_data=["b"] command=rename minor=0x1 open_count=0x0 uuid="" {OURS}',
    "success.deps": f'cmd_data=[50432] command=deps minor=0x1 name="" uuid="" {OURS}',
    "success.table": 'cmd_data=[{length=0x1 params="a 0" start=0x0 status=1 type="linear"}]'
    f" command=table flags=0x34 minor=0x1 {OURS}",
    "success.reload": 'cmd_data=[{params=""}] command=reload flags=0x44 minor=0x1 ' + OURS,
    "success.reload.standard": 'cmd_data=[{length=1 start=0 type="zero"}] command=reload'
    f" flags=0x44 minor=0x1 {OURS}",
    "success.remove_all": "command=remove_all",
    "success.waitevent": "command=waitevent event_nr=0x1 flags=0x4 minor=0x1 open_count=0x0"
    " target_count=0x0",
    "success.message": 'cmd_data=["yes"] command=message',
    "success.setgeometry": "cmd_data=[{cylinders=1 heads=2 sectors=3 start=4}] command=setgeometry",
    "success.iostat": "cmd_data=[{discards=0x0 errors=0x1 flushes=0x0 latency_ns=0x9 minor=0x1"
    ' name="" read_bytes=0x200 reads=0x1 slowest_ns=0x9 writes=0x0 written_bytes=0x0}]'
    " command=iostat",
    "draft": 'command=info dev=0xa901 version="4.16.0"',
}


@pytest.mark.parametrize("pattern", RIGHT_REPLIES)
def test_the_schema_takes_a_right_reply(pattern: str) -> None:
    validate_reply(parse_pairs(RIGHT_REPLIES[pattern]), pattern)
    validate_reply(parse_pairs(RIGHT_REPLIES[pattern]))


def test_every_success_has_a_right_reply() -> None:
    assert {success_of(command) for command in COMMANDS} <= RIGHT_REPLIES.keys()


@pytest.mark.parametrize(
    ("pattern", "old", "new"),
    [
        ("envelope.netbsd-9", "0x5", "5"),
        ("envelope.netbsd-9", "0x5", "0x5 flags=0x0"),
        ("envelope.standard", "name=", "nam="),
        ("failed", "0x2", "2"),
        ("failed", "no device", ""),
        ("failed", "ENOENT", "enoent"),
        ("failed", "where=", "whence="),
        ("not-found", "flags=0x0", "flags=0x4"),
        ("not-found", "flags=0x0", "flags=0"),
        ("not-found", "flags=0x0", ""),
        ("success.version", "[0x4 0x10 0x0]", "[4 16 0]"),
        ("success.targets", "[1 0 2]", "[0x1 0x0 0x2]"),
        ("success.targets", "[1 0 2]", "[1 0]"),
        ("success.names", "dev=0x1", "dev=1"),
        ("success.names", "dev=0x1", "dev=0x0"),
        ("success.names", "cmd_data=", "data="),
        ("success.create", "minor=0x1", ""),
        ("success.create", "flags=0x4", "flags=0x44"),
        ("success.create", "flags=0x4", "flags=0x8"),
        ("success.info", "minor=0x1", "minor=1"),
        ("success.info", "minor=0x1", "minor=0x0"),
        ("success.info", "target_count=0x0", "target_count=0x1"),
        ("success.info", 'uuid=""', "uuid=0x0"),
        ("success.info.standard", "event_nr=0x0", ""),
        ("success.info.standard", "flags=0x24", "flags=0x4"),
        ("success.suspend", "flags=0x26", "flags=0x1026"),
        ("success.suspend", "flags=0x26", "flags=0x24"),
        ("success.resume", "flags=0x4", "flags=0x0"),
        ("success.rename", '["b"]', "[1]"),
        ("success.deps", "50432", "0xc500"),
        ("success.deps", "50432", "0"),
        ("success.deps", "name=", "nam="),
        ("success.table", "flags=0x34", "flags=0x24"),
        ("success.table", "status=1", "status=0x1"),
        ("success.table", "status=1", "status=2"),
        ("success.table", "linear", "l" * 16),
        ("success.table", "length=0x1", ""),
        ("success.reload", "flags=0x44", "flags=0x4"),
        ("success.reload", 'params=""', "params=1"),
        ("success.reload.standard", "length=1", "length=-1"),
        ("success.reload.standard", '{length=1 start=0 type="zero"}', ""),
        ("success.waitevent", "target_count=0x0", "target_count=0x1"),
        ("success.waitevent", "event_nr=0x1", ""),
        ("success.message", '"yes"', ""),
        ("success.setgeometry", "heads=2", ""),
        ("success.iostat", "reads=0x1", "reads=1"),
        ("success.iostat", "slowest_ns=0x9", ""),
        ("success.iostat", "minor=0x1", "minor=0x0"),
        ("success.iostat", 'name=""', "name=0x1"),
        ("draft", "4.16.0", "4.0.0"),
        ("draft", "dev=0xa901", "minor=0x1"),
    ],
)
def test_the_schema_refuses_a_wrong_reply(pattern: str, old: str, new: str) -> None:
    right = RIGHT_REPLIES[pattern]
    assert old in right
    with pytest.raises(AssertionError, match=rf"reply\.rng, pattern {pattern}, does not match"):
        validate_reply(parse_pairs(right.replace(old, new)), pattern)


@pytest.mark.parametrize(
    "reply",
    [
        f"command=info flags=0x4 {OURS}",
        f"command=info {OURS}",
        f"command=names {OURS}",
        f'command=deps cmd_data=[0xc500] minor=0x1 name="" uuid="" {OURS}',
        f"command=targets cmd_data=[] {OURS}",
    ],
)
def test_no_profile_gives_such_a_reply(reply: str) -> None:
    with pytest.raises(AssertionError, match="does not match"):
        validate_reply(parse_pairs(reply))


DATA = {
    "rename": 'cmd_data=["b"]',
    "reload": 'cmd_data=[{length=8 params="" start=0 type="zero" x=1}]',
    "message": 'cmd_data=[{message="hello" sector=0}]',
    "setgeometry": "cmd_data=[{cylinders=1 heads=2 sectors=3 start=4}]",
}
RIGHT_REQUESTS = {
    command: f'{DATA.get(command, "cmd_data=[]")} command={command} flags=0x4 name="a"'
    + ("" if COMMANDS[command].is_extra else " version=[4 0 0]")
    for command in COMMANDS
} | {
    "draft": 'cmd_data={"aditional info"="" length=1 sector_start=0 target_type="zero"}'
    ' command=reload dev=0xa901 version="4.0.0"'
}


@pytest.mark.parametrize("name", RIGHT_REQUESTS)
def test_the_schema_takes_a_right_request(name: str) -> None:
    text = RIGHT_REQUESTS[name]
    validate_request(parse_pairs(text))
    validate_request(parse_pairs(text.replace("[4 0 0]", "[0x4 0x10 0x0]")))


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("names", "version=[4 0 0]", ""),
        ("names", "[4 0 0]", "[5 0 0]"),
        ("names", "[4 0 0]", "[4 17 0]"),
        ("names", "[4 0 0]", "[4]"),
        ("names", "command=names", ""),
        ("names", "command=names", "command=name"),
        ("names", "flags=0x4", "flags=0x100000000"),
        ("names", "flags=0x4", "flags=-4"),
        ("names", "flags=0x4", 'flags="4"'),
        ("names", "flags=0x4", "errno=0x0"),
        ("names", "flags=0x4", "error={}"),
        ("info", 'name="a"', ""),
        ("info", 'name="a"', 'name=""'),
        ("info", 'name="a"', 'uuid=""'),
        ("info", 'name="a"', "minor=0"),
        ("create", 'name="a"', f'name="{"n" * 128}"'),
        ("create", 'name="a"', f'uuid="{"n" * 130}"'),
        ("rename", '["b"]', "[]"),
        ("rename", '["b"]', '"b"'),
        ("reload", 'params=""', ""),
        ("reload", "length=8", "length=0"),
        ("reload", "start=0", "start=-1"),
        ("reload", "zero", "z" * 16),
        ("reload", "{", "[] {"),
        ("waitevent", "flags=0x4", "event_nr=-1"),
        ("message", 'message="hello"', ""),
        ("message", "sector=0", "sector=-1"),
        ("setgeometry", "heads=2", ""),
        ("iostat", "command=iostat", "command=iostats"),
        ("iostat", "flags=0x4", "minor=-1"),
        ("draft", "4.0.0", "5.0.0"),
        ("draft", "sector_start=0", ""),
    ],
)
def test_the_schema_refuses_a_wrong_request(name: str, old: str, new: str) -> None:
    right = RIGHT_REQUESTS[name]
    assert old in right
    with pytest.raises(AssertionError, match=r"request\.rng, pattern request, does not match"):
        validate_request(parse_pairs(right.replace(old, new)))


# Whatever is sent


DISKS = (Disk("/dev/wd1a", 1_000, 197, 0), Disk("/dev/wd2a", 1_000, 197, 1))


@pytest.fixture(scope="module")
def offers(tmp_path_factory: pytest.TempPathFactory) -> list[Offer]:
    return offer_disks(DISKS, tmp_path_factory.mktemp("disks"))


LEAVES: st.SearchStrategy[PlistValue] = st.one_of(
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.integers(0, 2**64 - 1).map(UInt),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8),
    st.binary(max_size=8),
)
VALUES: st.SearchStrategy[PlistValue] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text("abc\udcff", max_size=4), inner)
    ),
    max_leaves=6,
)


def noted(texts: Iterable[str]) -> st.SearchStrategy[PlistDict]:
    return st.sampled_from([*texts]).map(parse_pairs)


TABLES = (
    '[{length=8 params="/dev/wd1a 0" start=0 type="linear"}]',
    '[{length=0x8 params="2 4 /dev/wd1a 0 /dev/wd2a 8" start=0 type="striped"}]',
    '[{length=8 params="/dev/wd1a 0" type="linear"} {length=1 params="/dev/wd2a 8"}]',
    '[{length=8 params="/dev/mapper/b 0" start=0 type="linear" x=[]}]',
    '[{length=8 params="/dev/wd1a 0" start=0 type="linear"} {length=8 type="none"}]',
)
DRAFTS = [
    f'command={command} name="a" flags=0x14 cmd_data={data} version="4.0.0"'
    for command in COMMANDS
    for data in [
        '{"aditional info"="/dev/wd1a 0" length=8 sector_start=0 target_type="linear"}',
        '{message="m"}',
        '{name="b"}',
        "[]",
    ]
]
OFTEN = [
    f'command={command} cmd_data={table} flags={bits} name="{name}" version=[4 0 0]'
    for command in ("create", "reload", "resume", "table", "deps")
    for bits in ("0x4", "0x14", "0x1014", "0x46")
    for name in "ab"
    for table in TABLES
]
NOTHING: PlistDict = {}
JUNK: st.SearchStrategy[PlistDict] = st.dictionaries(
    st.sampled_from([value for name, value in vars(keys).items() if name.isupper()]),
    st.sampled_from(list(parse_pairs('a=0x2 b=4 c="a" d="" e=[4 0] f=["b"]').values())) | VALUES,
    min_size=1,
    max_size=3,
)
REQUESTS: st.SearchStrategy[PlistDict] = st.builds(
    dict.__or__,
    noted(OFTEN) | noted([*RIGHT_REQUESTS.values(), *DRAFTS]),
    st.just(NOTHING) | st.just(NOTHING) | JUNK,
)


@pytest.mark.parametrize("name", PROFILES)
@given(requests=st.lists(st.tuples(REQUESTS, st.integers(0, 9)), min_size=1, max_size=20))
def test_every_reply_matches_the_schema_whatever_is_sent(
    offers: list[Offer], name: str, requests: list[tuple[PlistDict, int]]
) -> None:
    with closing(Mapper(name, Catalog(offers))) as mapper:
        mapper.execute(parse_pairs(RIGHT_REQUESTS["create"]))
        for request, user in requests:
            reply = mapper.execute(deepcopy(request), privileged=user != 0)
            if isinstance(reply, dict):
                validate_reply(reply, f"reply.{name}")
                validate_reply(reply)


# The helper


def test_a_failure_shows_the_reply_and_what_is_wrong() -> None:
    with pytest.raises(AssertionError, match=r"(?s)success\.names.*<key>dev</key>"):
        validate_reply(parse_pairs(f"cmd_data=[{{dev=1}}] command=names {OURS}"), "success.names")


def test_a_reply_deeper_than_libxml2_walks_is_left_alone() -> None:
    value: PlistValue = []
    for _ in range(DEPTH_MAX):
        value = [value]
    assert tree({"a": value}) is None
    validate_reply({"a": value}, "success.names")


def test_the_deepest_reply_that_is_looked_at_is_looked_at() -> None:
    value: PlistValue = "bottom"
    for _ in range(DEPTH_MAX - 2):
        value = [value]
    validate_reply({"a": value})
    with pytest.raises(AssertionError):
        validate_reply({"a": value}, "success.names")


def test_text_that_xml_cannot_hold_is_no_obstacle() -> None:
    validate_reply({"\x01": "\x02\udcff", keys.COMMAND: "\x03"})


def test_a_text_of_the_proplib_grammar_is_looked_at_too() -> None:
    text = b'<plist version="1.0"><dict><key>a\x01</key><string>\xff</string></dict></plist>'
    validate_reply(loads(text, grammar=Grammar.PROPLIB))
