"""What there is to see in a server."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import netbsd_dm
from netbsd_dm import Catalog, Offer
from netbsd_dm.blockio.volume import Volume
from netbsd_dm.clock.timers import ManualClock
from netbsd_dm.driver.mapper import Mapper
from netbsd_dm.driver.profile import NETBSD_9, PROFILES, STANDARD, Profile
from netbsd_dm.faults.plan import Plan
from netbsd_dm.pdev.devnum import makedev
from netbsd_dm.plist import PlistDict, PlistValue, UInt
from netbsd_dm.targets.interface import Extent, Run
from netbsd_dm.targets.zero import Zero

from ..helpers.control import Bench, bench

DISKS = {"/dev/wd1a": [197, 0], "/dev/wd2a": [197, 1]}


@pytest.fixture
def mapper_of(tmp_path: Path) -> Iterator["MapperOf"]:
    made = MapperOf(tmp_path)
    yield made
    for mapper in made.mappers:
        mapper.close()


class MapperOf:
    """Makes mappers with two disks of 2000 sectors."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.mappers: list[Mapper] = []
        for name in DISKS:
            with (directory / name[5:]).open("wb") as file:
                file.truncate(2000 * 512)

    def __call__(self, profile: Profile) -> Bench:
        offers = [
            Offer(name, self.directory / name[5:], makedev(*dev)) for name, dev in DISKS.items()
        ]
        catalog = Catalog(offers, [self.directory])
        mapper = Mapper(profile, catalog, faults=Plan(), clock=ManualClock())
        self.mappers.append(mapper)
        return Bench(mapper)


@pytest.fixture
def it(mapper_of: MapperOf) -> Bench:
    """A server of profile standard."""
    return mapper_of(STANDARD)


def line(start: int, length: int, kind: str, params: str = "") -> PlistDict:
    return {"start": UInt(start), "length": UInt(length), "type": kind, "params": params}


def load(it: Bench, name: str, *lines: PlistValue, resume: bool = True) -> None:
    """A table for a device, live unless told otherwise."""
    it.ask("reload", name=name, cmd_data=[*lines])
    if resume:
        it.ask("resume", name=name)


def state(it: Bench, **given: PlistValue) -> PlistDict:
    reply = it.look("state", **given)
    assert set(reply) == {"netbsd-dm", "result"}, reply.get("error")
    assert reply["netbsd-dm"] == "state"
    result = reply["result"]
    assert isinstance(result, dict)
    return result


def entries(result: PlistDict, key: str) -> list[PlistDict]:
    """The dictionaries under `key`."""
    found = result[key]
    assert isinstance(found, list)
    return [each for each in found if isinstance(each, dict)]


def uses(line: PlistDict) -> list[tuple[PlistValue, PlistValue | None, PlistValue | None]]:
    """Each physical device of a line, with the sectors it takes of it."""
    return [(use["name"], use.get("start"), use.get("end")) for use in entries(line, "uses")]


@pytest.mark.parametrize("profile", PROFILES.values(), ids=list(PROFILES))
def test_a_server_without_devices(mapper_of: MapperOf, profile: Profile) -> None:
    it = mapper_of(profile)
    directory = it.mapper.catalog.directories
    assert state(it) == {
        "version": netbsd_dm.__version__,
        "profile": profile.name,
        "pid": os.getpid(),
        "clock": {"kind": "manual", "ns": 0},
        "devices": [],
        "pdevs": [],
        "offers": [
            {
                "name": name,
                "path": str(mapper_of.directory / name[5:]),
                "dev": dev,
                "read_only": False,
            }
            for name, dev in DISKS.items()
        ],
        "directories": [str(each) for each in directory],
        "clients": [],
        "faults": [],
    }


def test_a_device_with_its_names_and_both_tables(it: Bench) -> None:
    it.ask("create", name="vol1", uuid="u-1", flags=UInt(1))
    load(it, "vol1", line(0, 64, "linear", "/dev/wd1a 100"), line(64, 8, "zero"))
    load(it, "vol1", line(0, 16, "linear", "/dev/wd2a 0"), resume=False)
    it.ask("suspend", name="vol1")
    (device,) = entries(state(it), "devices")
    shown = {key: value for key, value in device.items() if not isinstance(value, list)}
    expected = {"name": "vol1", "uuid": "u-1", "minor": 1, "open_count": 0, "event_nr": 1}
    assert {key: shown[key] for key in expected} == expected
    assert (device["suspended"], device["read_only"]) == (True, True)
    linear, zero = entries(device, "live")
    assert (linear["start"], linear["length"], linear["type"]) == (0, 64, "linear")
    assert linear["params"] == "/dev/wd1a 100"
    assert uses(linear) == [("/dev/wd1a", 100, 164)]
    assert (zero["start"], zero["length"], zero["type"], uses(zero)) == (64, 8, "zero", [])
    assert "params" not in zero
    (inactive,) = entries(device, "inactive")
    assert uses(inactive) == [("/dev/wd2a", 0, 16)]


def test_a_device_with_nothing_but_an_inactive_table(it: Bench) -> None:
    it.ask("create", name="vol1")
    load(it, "vol1", line(0, 8, "linear", "/dev/wd1a 0"), resume=False)
    (device,) = entries(state(it), "devices")
    assert device["live"] == []
    assert len(entries(device, "inactive")) == 1
    assert device["suspended"] is False


def test_stripes_are_found_where_each_begins_and_ends(it: Bench) -> None:
    it.ask("create", name="vol1")
    params = "3 8 /dev/wd1a 500 /dev/wd2a 0 /dev/wd1a 100"
    load(it, "vol1", line(0, 100, "striped", params))
    (device,) = entries(state(it), "devices")
    (striped,) = entries(device, "live")
    # 100 sectors are 4 rows of 24 and 4 more: 36 on the first, 32 on the others.
    assert uses(striped) == [("/dev/wd1a", 100, 536), ("/dev/wd2a", 0, 32)]


def test_devices_on_devices(it: Bench) -> None:
    for name in ("low", "mid", "high"):
        it.ask("create", name=name)
    load(it, "low", line(0, 64, "linear", "/dev/wd1a 8"))
    load(it, "mid", line(0, 32, "linear", "/dev/mapper/low 16"))
    load(it, "high", line(0, 8, "linear", "/dev/mapper/mid 0"), line(8, 8, "linear", "/dev/wd1a 0"))
    seen = state(it)
    assert [device["name"] for device in entries(seen, "devices")] == ["low", "mid", "high"]
    high = entries(seen, "devices")[2]
    assert [uses(each) for each in entries(high, "live")] == [
        [("/dev/mapper/mid", 0, 8)],
        [("/dev/wd1a", 0, 8)],
    ]
    pdevs = {str(pdev["name"]): pdev for pdev in entries(seen, "pdevs")}
    assert list(pdevs) == ["/dev/mapper/low", "/dev/mapper/mid", "/dev/wd1a"]
    assert pdevs["/dev/wd1a"] == {
        "name": "/dev/wd1a",
        "dev": [197, 0],
        "sectors": 2000,
        "references": 2,
        "path": str(next(iter(it.mapper.catalog.offered)).path),
        "read_only": False,
    }
    mid = pdevs["/dev/mapper/mid"]
    assert (mid["minor"], mid["sectors"], mid["references"]) == (2, 32, 1)
    assert "path" not in mid


def test_a_device_that_is_open_and_written_to(it: Bench) -> None:
    it.ask("create", name="vol1")
    load(it, "vol1", line(0, 8, "linear", "/dev/wd1a 0"))
    with Volume(it.mapper, it.mapper.find("vol1")):
        (device,) = entries(state(it), "devices")
        assert device["open_count"] == 1


def test_rules_with_their_counts() -> None:
    it = bench("info nth=2 errno=EIO", "resume name='my vol' delay=200ms")
    for _ in range(3):
        it.ask("info", name="nobody")
    assert entries(state(it), "faults") == [
        {"rule": "info nth=2 errno=EIO", "matches": 3, "hits": 1},
        {"rule": "resume name='my vol' delay=200ms", "matches": 0, "hits": 0},
    ]


def test_only_so_many_lines_of_each_table_if_asked(it: Bench) -> None:
    it.ask("create", name="vol1")
    load(it, "vol1", *(line(8 * n, 8, "linear", f"/dev/wd1a {n}") for n in range(10)))
    (device,) = entries(state(it, lines=UInt(3)), "devices")
    assert [each["start"] for each in entries(device, "live")] == [0, 8, 16]


def test_looking_changes_nothing(it: Bench) -> None:
    it.ask("create", name="vol1")
    load(it, "vol1", line(0, 8, "linear", "/dev/wd1a 0"))
    commands = [("info", 4), ("table", 0x14), ("deps", 4)]

    def seen() -> list[PlistDict]:
        return [it.ask(command, name="vol1", flags=UInt(bits)) for command, bits in commands]

    before = seen(), [pdev.references for pdev in it.mapper.opened]
    assert state(it) == state(it)
    assert (seen(), [pdev.references for pdev in it.mapper.opened]) == before


# Devices as strange as they come


STRANGE: dict[str, list[PlistValue]] = {
    "no stripes": [line(0, 8, "striped", "0 8")],
    "chunks of nothing": [line(0, 8, "striped", "2 0 /dev/wd1a 0 /dev/wd2a 0")],
    "an offset of 2^64-1": [line(0, 8, "linear", f"/dev/wd1a {2**64 - 1}")],
    "a length of 2^64-1": [line(0, 2**64 - 1, "linear", "/dev/wd1a 5")],
    "no length": [{"type": "linear", "params": "/dev/wd1a 0"}],
    "overlaps": [line(5, 9, "linear", "/dev/wd1a 0"), line(0, 9, "linear", "/dev/wd2a 0")],
    "stale lines": [line(0, 8, "linear", "/dev/wd1a 0"), line(8, 8, "nosuch")],
}


@pytest.mark.parametrize("lines", STRANGE.values(), ids=list(STRANGE))
@pytest.mark.parametrize("resume", [True, False])
def test_whatever_the_driver_takes_can_be_seen(
    mapper_of: MapperOf, lines: list[PlistValue], resume: bool
) -> None:
    it = mapper_of(NETBSD_9)
    it.ask("create", name="vol1")
    load(it, "vol1", *lines, resume=resume)
    (device,) = entries(state(it), "devices")
    seen = entries(device, "live" if resume else "inactive")
    assert len(seen) == len([each for each in lines if "nosuch" not in str(each)])


def test_names_may_be_any_bytes(mapper_of: MapperOf) -> None:
    it = mapper_of(NETBSD_9)
    names = ["", "a/b \t<&>\"'", "\x01\x7f", "\udcff\udcfe", "é" * 100]
    for number, name in enumerate(names):
        it.ask("create", name=name, uuid=f"u{number}")
    seen = [device["name"] for device in entries(state(it), "devices")]
    assert seen[:4] == names[:4]


class Strange(Zero):
    """A target of a package with bugs; which one, its arguments say."""

    name = "strange"
    version = (1, 0, 0)
    bug = ""

    def table(self) -> str:
        return {"nul": "a\0b", "surrogate": "\ud800"}.get(self.bug, "") or self._fail("table")

    def extents(self, length_sectors: int) -> Iterator[Extent]:
        self._fail("extents")
        return super().extents(length_sectors)

    def run(self, sector: int) -> Run:
        if self.bug == "endless":
            return super().run(sector)._replace(first_sector=sector, end_sector=sector)
        self._fail("run")
        return super().run(sector)

    def _fail(self, where: str) -> str:
        if self.bug == where:
            raise RuntimeError("a bug")
        return "fine"


@pytest.mark.parametrize("bug", ["table", "nul", "surrogate", "extents", "run", "endless", "none"])
def test_a_target_with_a_bug_hides_nothing_but_itself(
    it: Bench, bug: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    it.ask("create", name="vol1")
    it.ask("create", name="vol2")
    it.mapper._state.targets._targets["strange"] = Strange
    load(it, "vol1", line(0, 8, "strange"), line(8, 8, "linear", "/dev/wd1a 0"))
    load(it, "vol2", line(0, 8, "linear", "/dev/wd2a 0"))
    monkeypatch.setattr(Strange, "bug", bug)
    vol1, vol2 = entries(state(it), "devices")
    strange, linear = entries(vol1, "live")
    assert (strange["start"], strange["type"]) == (0, "strange")
    assert ("params" in strange) is (bug not in {"table", "nul", "surrogate"})
    assert uses(linear) == [("/dev/wd1a", 0, 8)]
    assert len(entries(vol2, "live")) == 1
