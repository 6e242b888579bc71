"""Rules as values: what they are about, and what has no meaning."""

import re

import pytest

from netbsd_dm.faults.rules import IO_OPS, NO_EFFECT, Effect, Names, Rule
from netbsd_dm.faults.text import parse_rule
from netbsd_dm.wire.commands import COMMAND_NAMES

EIO = Effect(errno=5)
VOL1 = Names("vol1", "LVM-abc", 3)


@pytest.mark.parametrize(
    ("selectors", "is_match"),
    [
        ("", True),
        ("name=vol1", True),
        ("name=vol*", True),
        ("name=v?l[12]", True),
        ("name=vol", False),
        ("name=VOL1", False),
        ("uuid=LVM-*", True),
        ("uuid=abc", False),
        ("minor=3", True),
        ("minor=4", False),
        ("name=vol1 uuid=LVM-abc minor=3", True),
        ("name=vol1 uuid=LVM-abc minor=4", False),
        ("name=", False),
    ],
)
def test_the_selectors_of_a_mapped_device_must_all_match(selectors: str, is_match: bool) -> None:
    assert parse_rule(f"reload {selectors} errno=EIO").matches("reload", VOL1) is is_match


def test_an_empty_pattern_is_a_device_without_a_name() -> None:
    assert parse_rule("info name= errno=EIO").matches("info", Names("", "uuid", 1))


@pytest.mark.parametrize("command", [*COMMAND_NAMES, "nosuch", "read", "open", "io"])
def test_any_is_every_command_whatever_it_is_called(command: str) -> None:
    assert parse_rule("any errno=EIO").is_on(command)


@pytest.mark.parametrize("op", IO_OPS)
def test_io_is_every_kind_of_access(op: str) -> None:
    assert parse_rule("io errno=EIO").is_on(op)
    assert parse_rule(f"{op} errno=EIO").is_on(op)
    assert not any(parse_rule(f"{op} errno=EIO").is_on(other) for other in IO_OPS if other != op)


def test_several_commands_are_a_subject() -> None:
    rule = parse_rule("create,rename errno=EIO")
    assert [each for each in COMMAND_NAMES if rule.is_on(each)] == ["create", "rename"]


@pytest.mark.parametrize(
    ("first", "end", "is_match"),
    [
        (99, 100, False),
        (99, 101, True),
        (0, 1000, True),
        (150, 151, True),
        (200, 201, True),
        (201, 202, False),
        (150, 150, False),  # an access of no bytes touches no sector
    ],
)
def test_sectors_are_matched_where_an_access_touches_them(
    first: int, end: int, is_match: bool
) -> None:
    rule = parse_rule("io name=vol1 sectors=100-200 errno=EIO")
    assert rule.matches_sectors(first, end) is is_match


def test_a_physical_device_is_matched_by_a_pattern() -> None:
    rule = parse_rule("open device=/dev/wd[12]a")
    assert rule.matches_device("/dev/wd2a")
    assert not rule.matches_device("/dev/wd3a")
    assert parse_rule("open errno=EIO").matches_device("/dev/wd3a")


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"on": ()}, "no subject ''"),
        ({"on": ("nosuch",)}, "no subject 'nosuch'"),
        ({"effect": NO_EFFECT}, "nothing happens"),
        ({"effect": Effect(delay_seconds=-1)}, "a delay of -1 seconds"),
        ({"effect": Effect(delay_seconds=float("inf"))}, "a delay of inf seconds"),
        ({"effect": Effect(delay_seconds=float("nan"))}, "a delay of nan seconds"),
        ({"effect": Effect(errno=0)}, "0 is no error number"),
        ({"effect": Effect(ioctl=-5)}, "-5 is no error number"),
        ({"effect": Effect(cut_bytes=-1)}, "-1 is no number of bytes"),
        ({"effect": Effect(truncate_bytes=-1)}, "-1 is no number of bytes"),
        ({"effect": Effect(hangup=True, drop=True)}, "hangup leaves nothing for drop"),
        ({"effect": Effect(drop=True, truncate_bytes=9)}, "drop leaves nothing for truncate"),
        ({"minor": 0}, "minor=0"),
        ({"name": "a\0b"}, "no name holds a NUL"),
        ({"name": "\ud800"}, "lone surrogate"),
        ({"sectors": range(1, 2)}, "sectors has no meaning for reload"),
        ({"on": ("io",), "sectors": range(5, 5)}, "at least one sector"),
        ({"on": ("io",), "sectors": range(0, 9, 2)}, "at least one sector"),
        ({"on": ("io",), "sectors": range(-1, 9)}, "at least one sector"),
        ({"on": ("io",), "device": "/dev/x", "uuid": "y"}, "make two rules"),
    ],
)
def test_a_rule_made_in_python_is_checked_as_one_read(
    rule: dict[str, object], message: str
) -> None:
    given: dict[str, object] = {"on": ("reload",), "effect": EIO, **rule}
    with pytest.raises(ValueError, match=re.escape(message)):
        Rule(**given)  # type: ignore[arg-type]  # mistakes are what this is about


def test_effects_of_two_rules_go_together() -> None:
    one = Effect(errno=2, delay_seconds=1, drop=True)
    other = Effect(errno=5, delay_seconds=0.5, truncate_bytes=7)
    assert one | other == Effect(errno=2, delay_seconds=1.5, drop=True, truncate_bytes=7)
    assert other | one == Effect(errno=5, delay_seconds=1.5, drop=True, truncate_bytes=7)
    assert one | NO_EFFECT == NO_EFFECT | one == one
