"""Which targets there are: the built-in ones, and those of installed packages."""

import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from netbsd_dm.driver.events import Pending
from netbsd_dm.driver.mapper import Mapper
from netbsd_dm.pdev.catalog import Catalog, Offer
from netbsd_dm.plist import PlistDict, UInt
from netbsd_dm.targets import registry
from netbsd_dm.targets.interface import Target
from netbsd_dm.targets.linear import Linear
from netbsd_dm.targets.registry import BUILT_IN, TargetRegistry, register
from netbsd_dm.targets.zero import Zero
from netbsd_dm.wire.errors import DMError, Errno

NAMES = ["linear", "striped", "zero", "error", "delay", "flakey"]
"""The built-in ones."""


@pytest.fixture
def fresh_registrations(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers is forgotten after it."""
    monkeypatch.setattr(registry, "_registered", dict(registry._registered))


def target_named(name: str) -> type[Target]:
    return type("Made", (Zero,), {"name": name, "version": (9, 8, 7)})


def test_the_built_in_ones_are_there_in_order() -> None:
    assert [target.name for target in BUILT_IN] == NAMES
    assert [target.version for target in BUILT_IN] == [(1, 0, 2), (1, 0, 3), *[(1, 0, 0)] * 4]
    assert TargetRegistry(["linear", "striped"]).all() == list(BUILT_IN[:2])
    assert TargetRegistry().all()[: len(NAMES)] == list(BUILT_IN)


def test_an_unknown_type_is_refused_with_the_list_of_those_there_are() -> None:
    with pytest.raises(DMError) as caught:
        TargetRegistry(["linear", "striped"]).find("zero")
    assert caught.value.errno == Errno.ENOENT
    assert caught.value.message == "no target 'zero'; there are linear, striped"


@pytest.mark.parametrize("name", ["", "Linear", "linear ", "lin", "linear\n", "crypt"])
def test_a_type_is_found_by_its_whole_name(name: str) -> None:
    for targets in (TargetRegistry(), TargetRegistry(["linear"])):
        assert targets.find("linear") is Linear
        with pytest.raises(DMError):
            targets.find(name)


@pytest.mark.usefixtures("fresh_registrations")
def test_what_is_registered_is_known_to_every_later_mapper() -> None:
    before = TargetRegistry()
    made = register(target_named("made"))
    assert TargetRegistry().find("made") is made
    assert TargetRegistry().all()[len(NAMES)] is made
    assert TargetRegistry(["made"]).all() == [made]
    with pytest.raises(DMError):
        before.find("made")
    with pytest.raises(DMError):
        TargetRegistry(["linear", "striped"]).find("made")


@pytest.mark.usefixtures("fresh_registrations")
def test_a_name_is_registered_once() -> None:
    made = register(target_named("made"))
    assert register(made) is made
    for name in ("made", "linear"):
        with pytest.raises(ValueError, match="registered already"):
            register(target_named(name))
    assert TargetRegistry().find("linear") is Linear


@pytest.mark.usefixtures("fresh_registrations")
@pytest.mark.parametrize("name", ["", "x" * 16, "é" * 8])
def test_a_name_that_clients_would_cut_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="15 bytes"):
        register(target_named(name))


@pytest.mark.usefixtures("fresh_registrations")
def test_a_name_of_15_bytes_is_taken() -> None:
    assert register(target_named("x" * 15)).name == "x" * 15


PLUGINS = """
    from netbsd_dm.targets.linear import Linear
    from netbsd_dm.targets.zero import Zero
    from netbsd_dm.wire.errors import DMError

    class Good(Linear):
        name = "good"
        version = (2, 3, 4)

        def message(self, text):
            return text.upper()

    class Raises(Zero):
        name = "raises"
        version = (1, 1, 1)

        def __init__(self, arguments, devices):
            devices.open(arguments.word(0, "device"))
            raise ValueError("the constructor raises")

    class Refuses(Raises):
        name = "refuses"

        def __init__(self, arguments, devices):
            devices.open(arguments.word(0, "device"))
            raise DMError(86, "not today")

    class Brittle(Linear):
        name = "brittle"
        version = (1, 1, 1)

        def destroy(self):
            raise RuntimeError("destroy raises")

    class Odd(Linear):
        name = "odd"
        version = (1, 1, 1)

        def table(self):
            raise ValueError("table raises")

        def deps(self):
            raise ValueError("deps raises")

        def extents(self, length_sectors):
            if length_sectors == 7:
                raise ValueError("extents raises")
            return iter(())

        def message(self, text):
            raise ValueError("message raises")

    class Misnamed(Zero):
        name = "another"
        version = (1, 1, 1)

    no_target = {"name": "no-target"}
"""
ENTRY_POINTS = """
    [netbsd_dm.targets]
    good = dm_plugins_of_a_test:Good
    raises = dm_plugins_of_a_test:Raises
    refuses = dm_plugins_of_a_test:Refuses
    brittle = dm_plugins_of_a_test:Brittle
    odd = dm_plugins_of_a_test:Odd
"""
BROKEN_ENTRY_POINTS = """
    misnamed = dm_plugins_of_a_test:Misnamed
    no-target = dm_plugins_of_a_test:no_target
    no-attribute = dm_plugins_of_a_test:Nothing
    no-module = dm_plugins_of_no_test:Nothing
"""


class Plugged:
    """A mapper of some profile with one disk, where a package with targets is installed."""

    def __init__(self, profile: str, disk: Path) -> None:
        self.disk = disk
        self.mapper = Mapper(profile, Catalog([Offer("/dev/d0", disk)]))

    def run(self, command: str, **given: Any) -> PlistDict:
        request = {"command": command, "version": [4, 0, 0], "flags": UInt(4), **given}
        reply = self.mapper.execute(request)
        assert not isinstance(reply, Pending)
        return reply

    def reload(self, *lines: tuple[str, str]) -> PlistDict:
        """Load a table with a sector for each (type, params) into the device v."""
        table: list[PlistDict] = [
            {"start": UInt(start), "length": UInt(1), "type": kind, "params": params}
            for start, (kind, params) in enumerate(lines)
        ]
        return self.run("reload", name="v", cmd_data=table)

    def target_names(self) -> list[str]:
        listed = self.run("targets")["cmd_data"]
        assert isinstance(listed, list)
        return [str(entry["name"]) for entry in listed if isinstance(entry, dict)]

    def params(self, flags: int) -> list[object]:
        """The params of each line of a table of v."""
        table = self.run("table", name="v", flags=UInt(flags))["cmd_data"]
        assert isinstance(table, list)
        return [entry["params"] for entry in table if isinstance(entry, dict)]

    @property
    def references(self) -> list[int]:
        """How many table entries use each open device."""
        return [pdev.references for pdev in self.mapper.opened]

    @property
    def descriptors(self) -> int:
        """How many descriptors of this process are open on the disk."""
        links = Path("/proc/self/fd").iterdir()
        return sum(link.exists() and link.resolve() == self.disk for link in links)


Plug = Callable[..., Plugged]


@pytest.fixture
def plug(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plug]:
    """Makes mappers; beside them a package is installed, with `broken` one with broken ones."""
    mappers: list[Mapper] = []
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(512 * 100))

    def make(profile: str = "standard", *, broken: bool = False) -> Plugged:
        packages = tmp_path / "packages"
        info = packages / "dm_plugins_of_a_test-1.0.dist-info"
        info.mkdir(parents=True)
        (packages / "dm_plugins_of_a_test.py").write_text(dedent(PLUGINS))
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: dm-plugins\nVersion: 1.0\n")
        lines = ENTRY_POINTS + (BROKEN_ENTRY_POINTS if broken else "")
        (info / "entry_points.txt").write_text(dedent(lines))
        monkeypatch.syspath_prepend(packages)
        plugged = Plugged(profile, disk)
        mappers.append(plugged.mapper)
        plugged.run("create", name="v")
        return plugged

    yield make
    for mapper in mappers:
        mapper.close()
    sys.modules.pop("dm_plugins_of_a_test", None)


def test_a_target_of_a_package_is_found_and_listed_last(plug: Plug) -> None:
    plugged = plug()
    reply = plugged.reload(("good", "/dev/d0 5"))
    assert "error" not in reply, reply
    names = plugged.target_names()
    assert names[:6] == NAMES
    assert set(names[6:]) == {"good", "raises", "refuses", "brittle", "odd"}


def test_it_is_listed_without_being_used_first(plug: Plug) -> None:
    assert "good" in plug().target_names()


def test_it_serves_like_any_other(plug: Plug) -> None:
    plugged = plug()
    plugged.reload(("good", "/dev/d0 5"))
    plugged.run("resume", name="v")
    table = plugged.run("table", name="v", flags=UInt(0x14))["cmd_data"]
    assert table == [{"length": 1, "start": 0, "status": 1, "type": "good", "params": "/dev/d0 5"}]
    message: list[PlistDict] = [{"sector": UInt(0), "message": "hello"}]
    assert plugged.run("message", name="v", cmd_data=message)["cmd_data"] == ["HELLO"]


def test_the_driver_of_netbsd_9_knows_nothing_of_it(plug: Plug) -> None:
    plugged = plug("netbsd-9")
    assert plugged.reload(("good", "/dev/d0 5"))["flags"] == 4, "0x40 says it was loaded"
    assert plugged.target_names() == ["linear", "striped"]


def error_of(reply: PlistDict) -> PlistDict:
    found = reply["error"]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("kind", ["misnamed", "no-target", "no-attribute", "no-module"])
def test_what_is_no_target_fails_alone(
    plug: Plug, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    plugged = plug(broken=True)
    reply = plugged.reload(("linear", "/dev/d0 0"), (kind, ""))
    assert kind in str(error_of(reply)["message"])
    assert (plugged.references, plugged.descriptors) == ([], 0)
    assert "error" not in plugged.reload(("good", "/dev/d0 5"))


def test_what_is_no_target_does_not_hide_the_others(plug: Plug) -> None:
    plugged = plug(broken=True)
    assert {"linear", "striped", "zero", "error", "good"} <= set(plugged.target_names())


@pytest.mark.parametrize(
    ("kind", "errno", "reason"),
    [("raises", Errno.EINVAL, "the constructor raises"), ("refuses", Errno.ENOTSUP, "not today")],
)
def test_a_failing_constructor_fails_the_reload_and_leaves_nothing_open(
    plug: Plug, kind: str, errno: int, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    plugged = plug()
    reply = plugged.reload(("linear", "/dev/d0 0"), ("good", "/dev/d0 1"), (kind, "/dev/d0"))
    error = error_of(reply)
    assert (error["errno"], reason in str(error["message"])) == (errno, True), error
    assert error["where"] == "cmd_data[2].params"
    assert (plugged.references, plugged.descriptors) == ([], 0)


@pytest.mark.parametrize("kind", ["raises", "refuses"])
def test_a_failing_constructor_leaves_the_inactive_table(
    plug: Plug, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    plugged = plug()
    plugged.reload(("linear", "/dev/d0 9"))
    plugged.reload(("linear", "/dev/d0 0"), (kind, "/dev/d0"))
    assert (plugged.references, plugged.descriptors) == ([1], 1)
    assert plugged.params(0x1014) == ["/dev/d0 9"]


def test_failing_extents_fail_the_reload_and_leave_nothing_open(
    plug: Plug, caplog: pytest.LogCaptureFixture
) -> None:
    plugged = plug()
    lines: list[PlistDict] = [
        {"start": UInt(0), "length": UInt(7), "type": "odd", "params": "/dev/d0 0"}
    ]
    reply = plugged.run("reload", name="v", cmd_data=lines)
    assert "extents raises" in str(error_of(reply)["message"])
    assert (plugged.references, plugged.descriptors) == ([], 0)


def test_a_target_that_fails_in_answers_fails_those_only_and_is_logged(
    plug: Plug, caplog: pytest.LogCaptureFixture
) -> None:
    plugged = plug()
    plugged.reload(("odd", "/dev/d0 5"))
    plugged.run("resume", name="v")
    message: list[PlistDict] = [{"sector": UInt(0), "message": "hello"}]
    for command, given in (
        ("table", {"flags": UInt(0x14)}),
        ("deps", {}),
        ("message", {"cmd_data": message}),
    ):
        caplog.clear()
        error = error_of(plugged.run(command, name="v", **given))
        assert error["errno"] == Errno.EIO
        assert f"{command} raises" in str(error["message"])
        assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert plugged.run("info", name="v")["target_count"] == 1
    assert "error" not in plugged.run("remove", name="v")
    assert plugged.descriptors == 0


def test_a_target_that_fails_in_its_end_leaves_nothing_open(
    plug: Plug, caplog: pytest.LogCaptureFixture
) -> None:
    plugged = plug()
    plugged.reload(("brittle", "/dev/d0 5"), ("linear", "/dev/d0 6"), ("brittle", "/dev/d0 7"))
    plugged.run("resume", name="v")
    plugged.reload(("linear", "/dev/d0 0"))
    plugged.run("remove", name="v")
    assert (plugged.references, plugged.descriptors) == ([], 0)
    assert plugged.run("names")["cmd_data"] == []


def test_a_target_that_fails_in_its_end_does_not_stop_a_resume(
    plug: Plug, caplog: pytest.LogCaptureFixture
) -> None:
    plugged = plug()
    plugged.reload(("brittle", "/dev/d0 5"))
    plugged.run("resume", name="v")
    plugged.reload(("linear", "/dev/d0 0"))
    plugged.run("resume", name="v")
    assert plugged.references == [1]
    assert plugged.params(0x14) == ["/dev/d0 0"]
