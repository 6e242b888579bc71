"""protocol/reference.md covers the protocol, and its examples are true."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from netbsd_dm.capture.disks import offer_disks
from netbsd_dm.capture.format import Disk
from netbsd_dm.driver.commands.table import COMMANDS
from netbsd_dm.driver.mapper import Mapper
from netbsd_dm.driver.profile import STANDARD
from netbsd_dm.pdev.catalog import Catalog
from netbsd_dm.plist import dumps, loads
from netbsd_dm.targets.registry import BUILT_IN
from netbsd_dm.wire import flags, keys
from netbsd_dm.wire.errors import Errno

from ..helpers.compact import parse_pairs
from ..helpers.schema import PROTOCOL, validate_reply, validate_request

KEYS = sorted(value for name, value in vars(keys).items() if name.isupper())
FLAGS = {name: value for name, value in vars(flags).items() if name.isupper()}
TARGETS = {target.name: target for target in BUILT_IN}
DOCUMENTS = {path.name: path for path in sorted(PROTOCOL.glob("*.md"))}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_section(reference: str, command: str) -> None:
    assert reference.count(f"\n### `{command}`\n") == 1


def test_every_section_of_a_command_is_about_one_that_exists(reference: str) -> None:
    assert set(re.findall(r"^### `(\w+)`$", reference, re.MULTILINE)) == set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_section_of_a_command_says_who_may_use_it(reference: str, command: str) -> None:
    section = reference.partition(f"\n### `{command}`\n")[2].partition("\n##")[0]
    if command in ("version", "targets", "names"):
        section = reference.partition("\n## Commands about the driver\n")[2]
    elif "The same as `" in section:
        return
    expected = "For everybody." if COMMANDS[command].for_all else "Privileged."
    assert expected in section


@pytest.mark.parametrize("key", KEYS)
def test_every_key_is_mentioned(reference: str, key: str) -> None:
    assert f"`{key}`" in reference


@pytest.mark.parametrize("name", FLAGS)
def test_every_flag_has_a_row_with_its_bit(reference: str, name: str) -> None:
    assert f"| 0x{FLAGS[name]:04x} | `{name}` |" in reference


@pytest.mark.parametrize("name", Errno.__members__)
def test_every_error_number_has_a_row(reference: str, name: str) -> None:
    assert f"| `{name}` | {Errno[name].value} |" in reference


@pytest.mark.parametrize("name", TARGETS)
def test_every_target_has_a_section_and_a_row_with_its_version(reference: str, name: str) -> None:
    version = ".".join(map(str, TARGETS[name].version))
    assert f"\n### {name}\n" in reference
    assert f"| `{name}` | {version} |" in reference


def test_the_limits_of_the_socket_are_those_of_the_profiles() -> None:
    text = (PROTOCOL / "socket.md").read_text(encoding="utf-8")
    assert f"| {STANDARD.max_request_bytes:,} bytes |" in text
    assert f"| {STANDARD.max_depth} |" in text


@pytest.fixture
def mapper(tmp_path: Path) -> Iterator[Mapper]:
    disks = [Disk(f"/dev/wd{n}a", 131_072, 197, n - 1) for n in (1, 2)]
    with_disks = Mapper(STANDARD, Catalog(offer_disks(disks, tmp_path)))
    yield with_disks
    with_disks.close()


def test_the_examples_are_what_a_server_replies(reference: str, mapper: Mapper) -> None:
    exchanges = re.findall(r"^> (\w+) ?(.*)\n<(.*)$", reference, re.MULTILINE)
    assert {command for command, _, _ in exchanges} == set(COMMANDS)
    for command, sent, expected in exchanges:
        request = parse_pairs(sent) | {keys.COMMAND: command}
        if not COMMANDS[command].is_extra:
            request[keys.VERSION] = [4, 0, 0]
        validate_request(request)
        reply = mapper.execute(request)
        assert isinstance(reply, dict)
        validate_reply(reply, "reply.standard")
        error = reply.get(keys.ERROR)
        if isinstance(error, dict):
            reply[keys.ERROR] = error[keys.NAME]
        del reply[keys.COMMAND]
        reply.pop(keys.VERSION, None)
        # As text, for which numbers are unsigned is part of the protocol.
        assert dumps(reply).decode() == dumps(parse_pairs(expected)).decode(), command


def test_the_texts_of_the_reference_are_requests_that_the_schema_takes(reference: str) -> None:
    texts = re.findall(r"(?:^    .*\n)+", reference, re.MULTILINE)
    assert len(texts) == 2
    for text in texts:
        validate_request(loads(text.encode()))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_link_leads_somewhere(name: str) -> None:
    document = DOCUMENTS[name]
    text = document.read_text(encoding="utf-8")
    for file, anchor in re.findall(r"\]\(([\w./-]*)(?:#([\w-]+))?\)", text):
        target = document.parent / file if file else document
        assert target.is_file(), file
        if anchor:
            assert anchor in _anchors(target), anchor


def _anchors(document: Path) -> set[str]:
    """The anchors of its headings, as GitHub makes them."""
    anchors: set[str] = set()
    for heading in re.findall(r"^#+ (.*)$", document.read_text(encoding="utf-8"), re.MULTILINE):
        anchor = re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
        anchors.add(f"{anchor}-1" if anchor in anchors else anchor)
    return anchors
