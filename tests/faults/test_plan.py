"""The rules of a mapper together: what each command, open and access meets, and the counts."""

from collections.abc import Iterable

import pytest

from netbsd_dm.faults.plan import Access, AccessFault, Hit, Plan
from netbsd_dm.faults.rules import Names
from netbsd_dm.faults.text import parse_rule
from netbsd_dm.wire.errors import DMError, Errno

VOL1, VOL2 = Names("vol1", "", 1), Names("vol2", "", 2)


def errnos(plan: Plan, commands: Iterable[str], names: Names = VOL1) -> list[int | None]:
    """What commands one after the other fail with."""
    faults = [plan.command(command, names) for command in commands]
    return [None if fault is None else fault.effect.errno for fault in faults]


def counts(plan: Plan) -> list[tuple[int, int]]:
    """Matches and hits of every rule."""
    return [(armed.matches, armed.hits) for armed in plan]


def test_the_second_reload_fails_and_no_other() -> None:
    plan = Plan.of(["reload nth=2 errno=ENOENT"])
    commands = ["create", "reload", "info", "reload", "reload"]
    assert errnos(plan, commands) == [None, None, None, Errno.ENOENT, None]
    assert counts(plan) == [(3, 1)]


def test_matches_are_those_of_the_device_named() -> None:
    plan = Plan.of(["reload name=vol2 nth=2 errno=ENOENT"])
    assert errnos(plan, ["reload"] * 3, VOL1) == [None] * 3
    assert errnos(plan, ["reload"] * 3, VOL2) == [None, Errno.ENOENT, None]
    assert counts(plan) == [(3, 1)]


def test_every_rule_counts_by_itself_even_if_another_has_hit() -> None:
    plan = Plan.of(["any first=1 errno=EIO", "reload nth=2 errno=ENOENT"])
    assert errnos(plan, ["reload", "reload", "reload"]) == [Errno.EIO, Errno.ENOENT, None]
    assert counts(plan) == [(3, 1), (3, 1)]


def test_a_rule_counts_from_when_it_was_added() -> None:
    plan = Plan()
    assert errnos(plan, ["reload"]) == [None]
    armed = plan.add("reload nth=1 errno=EIO")
    assert errnos(plan, ["reload", "reload"]) == [Errno.EIO, None]
    assert (armed.matches, armed.hits) == (2, 1)


def test_the_first_of_two_numbers_counts_and_delays_add_up() -> None:
    rules = ["info errno=ENXIO delay=1s", "any errno=EIO delay=500ms drop"]
    fault = Plan.of(rules).command("info", VOL1)
    assert fault is not None
    assert fault.rules == ("info errno=ENXIO delay=1000ms", "any errno=EIO delay=500ms drop")
    assert (fault.effect.errno, fault.effect.delay_seconds) == (Errno.ENXIO, 1.5)
    assert fault.effect.drop


@pytest.mark.parametrize("command", ["read", "open", "io", "flush"])
def test_a_command_that_is_called_like_an_access_is_none(command: str) -> None:
    rules = ["read errno=EIO", "io errno=EIO", "open errno=EIO", "flush errno=EIO"]
    plan = Plan.of(rules)
    assert plan.command(command, VOL1) is None
    assert counts(plan) == [(0, 0)] * 4


def test_a_plan_without_rules_is_false_and_watches_nothing() -> None:
    def looks(plan: Plan) -> tuple[bool, bool]:
        return bool(plan), plan.watches_io

    plan = Plan()
    assert looks(plan) == (False, False)
    plan.add("reload errno=EIO")
    assert looks(plan) == (True, False), "no rule is about I/O"
    plan.add("read errno=EIO")
    assert looks(plan) == (True, True)
    plan.remove("read errno=EIO")
    assert looks(plan) == (True, False)
    plan.add("read errno=EIO")
    plan.clear()
    assert looks(plan) == (False, False)


def test_a_rule_is_removed_by_any_text_that_means_it() -> None:
    plan = Plan.of(["reload nth=1 errno=ENOENT", "info delay=1s", "reload once errno=ENOENT"])
    plan.remove("reload once errno=2")
    assert [str(armed.rule) for armed in plan] == ["info delay=1000ms"]
    with pytest.raises(ValueError, match=r"no such rule is in force: reload nth=1 errno=ENOENT"):
        plan.remove("reload once errno=2")
    with pytest.raises(ValueError, match="no subject 'nosuch'"):
        plan.remove("nosuch")


def test_a_rule_may_be_given_as_a_value() -> None:
    rule = parse_rule("reload errno=EIO")
    assert [armed.rule for armed in Plan.of([rule, "info drop"])] == [rule, parse_rule("info drop")]


def opened(plan: Plan, *names: str) -> list[str]:
    """What opening each of those devices comes to."""
    found = []
    for name in names:
        try:
            plan.opening(name)
        except DMError as error:
            found.append(error.name)
        else:
            found.append("open")
    return found


def test_opens_of_the_device_named_fail() -> None:
    plan = Plan.of(["open device=/dev/wd2*", "open after=3 errno=EBUSY"])
    told: list[Hit] = []
    plan.on_hit = told.append
    names = ("/dev/wd1a", "/dev/wd2a", "/dev/wd2b", "/dev/wd2c", "/dev/wd1a")
    assert opened(plan, *names) == ["open", "ENOENT", "ENOENT", "ENOENT", "EBUSY"]
    assert counts(plan) == [(3, 3), (5, 2)], "a rule counts even where another fails the open"
    first = "open device=/dev/wd2* errno=ENOENT"
    assert told[:2] == [Hit(first, 1, "open of /dev/wd2a"), Hit(first, 2, "open of /dev/wd2b")]
    assert [hit.rule for hit in told].count("open after=3 errno=EBUSY") == 2


def test_a_failed_open_says_which_rule_it_was() -> None:
    with pytest.raises(DMError, match="/dev/wd2a does not open: fault open errno=EIO"):
        Plan.of(["open errno=EIO"]).opening("/dev/wd2a")


STACKED = (
    Access("read", 0, 16, VOL2, ""),
    Access("read", 100, 108, None, "/dev/mapper/vol1"),
    Access("read", 100, 108, VOL1, ""),
    Access("read", 500, 508, None, "/dev/wd1a"),
    Access("read", 8, 16, None, "/dev/wd2a"),
)
"""A read of vol2: half of it stands on vol1, which stands on wd1a, the other half on wd2a."""


@pytest.mark.parametrize(
    ("rule", "hit"),
    [
        ("read name=vol2 errno=EIO", "read of vol2, sectors 0-15"),
        ("io name=vol1 sectors=100-200 errno=EIO", "read of vol1, sectors 100-107"),
        ("io name=vol1 sectors=0-99 errno=EIO", None),
        ("io sectors=104 errno=EIO", "read of vol1, sectors 100-107"),
        ("read minor=1 errno=EIO", "read of vol1, sectors 100-107"),
        ("read device=/dev/wd1a errno=EIO", "read of /dev/wd1a, sectors 500-507"),
        ("read device=/dev/wd1a sectors=0-99 errno=EIO", None),
        ("read device=/dev/wd? sectors=8 errno=EIO", None),
        ("read device=/dev/wd?a sectors=8 errno=EIO", "read of /dev/wd2a, sectors 8-15"),
        ("read device=/dev/mapper/vol1 errno=EIO", "read of /dev/mapper/vol1, sectors 100-107"),
        ("write errno=EIO", None),
        ("write,read errno=EIO", "read of vol2, sectors 0-15"),
    ],
)
def test_a_rule_hits_an_access_in_the_first_part_that_it_is_about(
    rule: str, hit: str | None
) -> None:
    plan = Plan.of([rule])
    told: list[Hit] = []
    plan.on_hit = told.append
    problem = plan.access(STACKED).problem
    assert [each.what for each in told] == ([hit] if hit else [])
    assert (problem is not None) is (hit is not None)
    if problem is not None:
        assert problem.errno == Errno.EIO
        assert problem.message == f"{hit} fails: fault {parse_rule(rule)}"


def test_an_access_is_one_match_however_many_parts_of_it_match() -> None:
    plan = Plan.of(["read nth=2 errno=EIO"])
    found = [plan.access(STACKED).problem for _ in range(3)]
    assert [problem is not None for problem in found] == [False, True, False]
    assert counts(plan) == [(3, 1)]


def test_an_access_meets_every_rule_and_the_first_part_decides_how_it_fails() -> None:
    rules = ["read device=/dev/wd1a errno=ENXIO delay=1s", "read name=vol2 errno=EIO delay=2s"]
    found = Plan.of(rules).access(STACKED)
    assert found.delay_seconds == 3
    assert found.problem is not None
    assert found.problem.errno == Errno.EIO


def test_a_flush_touches_no_sectors() -> None:
    flush = (Access("flush", 0, 0, VOL1, ""), Access("flush", 0, 0, None, "/dev/wd1a"))
    assert Plan.of(["io sectors=0-9 errno=EIO"]).access(flush) == AccessFault(0.0, None)
    for rule in ("flush delay=1s", "io name=vol1 delay=1s", "flush device=/dev/wd1a delay=1s"):
        assert Plan.of([rule]).access(flush).delay_seconds == 1


def test_a_device_without_a_name_is_called_by_its_minor() -> None:
    assert str(Access("write", 3, 4, Names("", "u", 7), "")) == "write of minor 7, sectors 3-3"
    assert str(Access("flush", 0, 0, VOL1, "")) == "flush of vol1"


def test_rules_about_commands_hit_no_access_and_no_open() -> None:
    plan = Plan.of(["any errno=EIO"])
    assert plan.access(STACKED) == AccessFault(0.0, None)
    assert opened(plan, "/dev/wd1a") == ["open"]
    assert counts(plan) == [(0, 0)]
