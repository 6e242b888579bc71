"""NetBSD's own dmsetup, recorded with the real driver, would get along with profile standard.

Every reply that differs does so in what protocol/deviations.md lists; and in what
NetBSD's library reads from it (driver spec sections 8.2 and 15) only as far as the
deviation is meant to.
"""

from collections import Counter
from dataclasses import dataclass, fields
from pathlib import Path

import pytest

from netbsd_dm.capture.explain import Names, explain
from netbsd_dm.capture.format import read_capture
from netbsd_dm.capture.replay import Result, Verdict, play
from netbsd_dm.driver.profile import STANDARD
from netbsd_dm.plist import PlistDict, PlistValue, UInt, loads
from netbsd_dm.wire import flags

from .conftest import Rig, line

CAPTURE = read_capture(Path(__file__).parents[2] / "fixtures" / "lvm2tools" / "dmsetup.jsonl")

DEVIATIONS = {
    "reports-event-nr": 64,
    "reports-errors": 30,
    "extra-commands": 11,
    "resume-keeps-live-table": 4,
    "targets": 4,
    "reload-is-atomic": 2,
}
"""In how many replies each shows."""

ALL_OF_A_DEVICE = {"exists", "minor", "uuid", "open_count", "target_count"}
MAY_CHANGE = {
    "reports-event-nr": {"event_nr"},
    "reports-errors": set[str](),  # the client sees nothing of them
    "extra-commands": {"has_reply", "names", *ALL_OF_A_DEVICE},  # waits; remove_all does remove
    "resume-keeps-live-table": {"live", "target_count", "lines"},
    "targets": {"targets", "live", "inactive", "lines"},
    "reload-is-atomic": set[str](),
}
"""What the client may read otherwise because of each deviation."""

NEEDS = {
    "version": ["version"],
    "targets": ["targets"],
    "names": ["names"],
    "create": ["minor"],
    "info": ["minor", "uuid", "open_count", "target_count"],
    "mknodes": ["minor"],
    "table": ["lines"],
    "status": ["lines"],
    "reload": ["minor", "inactive"],
    "deps": ["minor", "name", "uuid", "deps"],
}
"""What a client cannot do without in the reply to a command that was done (section 15)."""


@dataclass(frozen=True)
class Read:
    """What NetBSD's library reads from a reply; None is what is not there."""

    has_reply: bool
    exists: bool = False
    suspended: bool = False
    read_only: bool = False
    live: bool = False
    inactive: bool = False
    minor: int | None = None
    name: str | None = None
    uuid: str | None = None
    open_count: int | None = None
    event_nr: int | None = None
    target_count: int | None = None
    version: tuple[int, ...] | None = None
    names: tuple[tuple[str, int], ...] | None = None
    targets: tuple[tuple[str, tuple[int, ...]], ...] | None = None
    lines: tuple[tuple[int, int, int, str, str | None], ...] | None = None
    deps: tuple[int, ...] | None = None


def read(text: bytes) -> Read:
    """What the library reads; an assertion where it would read something of another type."""
    if not text:
        return Read(has_reply=False)
    reply = loads(text)
    assert "errno" not in reply, "the ioctl fails: the library frees its task twice"
    bits = number(reply, "flags") or 0
    command = reply["command"]
    data = reply.get("cmd_data")
    return Read(
        has_reply=True,
        exists=bool(bits & flags.EXISTS),
        suspended=bool(bits & flags.SUSPEND),
        read_only=bool(bits & flags.READONLY),
        live=bool(bits & flags.ACTIVE_PRESENT),
        inactive=bool(bits & flags.INACTIVE_PRESENT),
        minor=number(reply, "minor"),
        name=string(reply, "name"),
        uuid=string(reply, "uuid"),
        open_count=number(reply, "open_count"),
        event_nr=number(reply, "event_nr"),
        target_count=number(reply, "target_count"),
        version=numbers(reply["version"]) if "version" in reply else None,
        names=tuple(map(device, entries(data))) if command == "names" else None,
        targets=tuple(map(target, entries(data))) if command == "targets" else None,
        lines=tuple(map(table_line, entries(data))) if command in {"table", "status"} else None,
        deps=numbers(data) if command == "deps" else None,
    )


def number(given: PlistDict, key: str) -> int | None:
    value = given.get(key)
    assert value is None or (type(value) in {int, UInt} and isinstance(value, int)), (key, value)
    assert value is None or 0 <= value < 2**64, (key, value)
    return value


def string(given: PlistDict, key: str) -> str | None:
    value = given.get(key)
    assert value is None or isinstance(value, str), (key, value)
    return value


def numbers(value: PlistValue | None) -> tuple[int, ...]:
    assert isinstance(value, list), value
    return tuple(number({"element": each}, "element") or 0 for each in value)


def entries(data: PlistValue | None) -> list[PlistDict]:
    assert isinstance(data, list), f"cmd_data is {data!r}"
    dictionaries = [each for each in data if isinstance(each, dict)]
    assert len(dictionaries) == len(data), f"not all of cmd_data are dictionaries: {data}"
    return dictionaries


def device(entry: PlistDict) -> tuple[str, int]:
    name, dev = string(entry, "name"), number(entry, "dev")
    assert name is not None
    assert dev, "0 is the control node"
    return name, dev


def target(entry: PlistDict) -> tuple[str, tuple[int, ...]]:
    name, version = string(entry, "name"), numbers(entry.get("ver"))
    assert name is not None
    assert len(version) == 3
    return name, version


def table_line(entry: PlistDict) -> tuple[int, int, int, str, str | None]:
    start, length, status = (number(entry, key) for key in ("start", "length", "status"))
    kind = string(entry, "type")
    assert start is not None
    assert length is not None
    assert status is not None
    assert kind is not None, "without a type the library reads a null pointer"
    assert len(kind) <= 15
    return start, length, status, kind, string(entry, "params")


@dataclass(frozen=True)
class Step:
    """A step of the recording in profile standard."""

    result: Result
    names: Names
    """The deviations that it shows."""

    @property
    def request(self) -> PlistDict:
        return loads(self.result.step.request or b"")

    @property
    def reply(self) -> bytes:
        return self.result.reply or b""

    def changed(self) -> set[str]:
        """What the client reads otherwise than from the recorded reply."""
        recorded = self.result.step.reply
        assert recorded is not None
        assert recorded.text is not None
        before, after = read(recorded.text), read(self.reply)
        if not after.has_reply:
            return {"has_reply"}
        return {
            field.name
            for field in fields(Read)
            if getattr(before, field.name) != getattr(after, field.name)
        }

    def __str__(self) -> str:
        step = self.result.step
        names = ", ".join(sorted(self.names)) or "-"
        changed = ", ".join(sorted(self.changed())) or "-"
        return f"{step.number:4} run {step.run!s:4} {step.label:10} {names:45} {changed}"


@pytest.fixture(scope="module")
def steps() -> list[Step]:
    """The whole recording in profile standard."""
    played = play(CAPTURE, STANDARD)
    explained = explain(CAPTURE, STANDARD, played)
    return [
        Step(result, names or frozenset())
        for result, names in zip(played.results, explained.steps, strict=True)
    ]


def fail_with(title: str, steps: list[Step]) -> None:
    """Fails with a table of `steps`, if there are any."""
    if steps:
        head = "step          label      deviations" + " " * 36 + "what the client reads otherwise"
        pytest.fail("\n".join([title, head, *map(str, steps)]), pytrace=False)


def test_every_difference_is_a_documented_deviation(steps: list[Step]) -> None:
    unexplained = [
        step for step in steps if step.result.verdict is Verdict.DIFFERENT and not step.names
    ]
    fail_with("due to no deviation:", unexplained)
    assert Counter(name for step in steps for name in step.names) == DEVIATIONS
    assert len(steps) == 497
    assert sum(step.result.verdict is Verdict.EQUAL for step in steps) == 395


def test_no_reply_lacks_what_the_client_needs(steps: list[Step]) -> None:
    lacking = []
    for step in steps:
        found = read(step.reply)
        request = step.request
        if not found.has_reply or "error" in loads(step.reply):
            continue
        needed = NEEDS.get(str(request["command"]), [])
        bits = request["flags"]
        assert isinstance(bits, int)
        has_params = all(params is not None for *_, params in found.lines or ())
        if any(getattr(found, name) is None for name in needed) or (
            bits & flags.STATUS_TABLE and not has_params
        ):
            lacking.append(step)
    fail_with("something is missing:", lacking)


def test_what_the_client_reads_differs_only_as_the_deviation_means_it(steps: list[Step]) -> None:
    strange = [
        step
        for step in steps
        if not step.changed() <= set().union(*(MAY_CHANGE[name] for name in step.names))
    ]
    fail_with("more differs than the deviations say:", strange)


def test_each_deviation_shows_in_what_the_client_reads_as_listed(steps: list[Step]) -> None:
    """So that the table above lists nothing in vain."""
    for name, may_change in MAY_CHANGE.items():
        seen = set().union(*(step.changed() for step in steps if name in step.names))
        assert may_change <= seen, f"{name} does not change {sorted(may_change - seen)}"


def test_where_the_client_went_on_with_a_device_it_can(steps: list[Step]) -> None:
    """Without EXISTS, dmsetup says that a device does not exist, or that it failed."""
    gone = [step for step in steps if "exists" in step.changed()]
    assert {step.request["name"] for step in gone} == {"lin2", "other"}
    (removed,) = [step for step in steps if step.request["command"] == "remove_all"]
    before = [step for step in gone if step.result.step.number < removed.result.step.number]
    fail_with("gone before anything removed it:", before)


@pytest.mark.parametrize("run", [118, 119])
def test_a_wait_that_the_driver_echoes_ends_with_the_next_event(rig: Rig, run: int) -> None:
    rig.make("lin2", line(0, 8, "zero"))
    (recorded,) = [
        loads(step.request or b"")
        for step in CAPTURE.steps
        if step.run == run and step.label == "waitevent"
    ]
    pending = rig.mapper.execute(recorded)
    assert not isinstance(pending, dict), "it does not wait"
    assert not pending.is_ready
    rig.do("reload", name="lin2", cmd_data=[line(0, 16, "zero")])
    rig.do("resume", name="lin2")
    assert pending.reply is not None
    assert pending.reply["target_count"] == 0, "else the client loops over a garbage count"
    assert pending.reply["minor"] == 1


def test_a_target_without_parameters_has_empty_ones(rig: Rig) -> None:
    """The library takes the size of each line from them."""
    rig.make("v", line(0, 8, "zero"), line(8, 8, "error"))
    given = rig.do("table", name="v", flags=UInt(0x14))["cmd_data"]
    assert isinstance(given, list)
    assert [entry["params"] for entry in given if isinstance(entry, dict)] == ["", ""]
    silent = rig.do("status", name="v", flags=UInt(0x4))["cmd_data"]
    assert isinstance(silent, list)
    assert not any("params" in entry for entry in silent if isinstance(entry, dict))
