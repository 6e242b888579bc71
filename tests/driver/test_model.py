"""Random commands against a small model of devices, slots and open files.

The model knows lines of tables only as disks they name, and whether they are
good; what it predicts is written from the driver spec and the socket contract.
"""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from netbsd_dm.driver.profile import NETBSD_9, STANDARD, Profile
from netbsd_dm.plist import PlistDict, PlistValue, UInt

from .conftest import DISK_SECTORS, Rig, line

NAMES = ("a", "b", "c", "d")
UUIDS = ("u1", "u2")
DISKS = ("d0", "d1", "d2")


@dataclass(frozen=True)
class Line:
    """One line of a table: what it names, and the fault it has, if any."""

    disks: tuple[str, ...]
    fault: str = ""

    @property
    def length(self) -> int:
        return 8 * max(1, len(self.disks))

    def request(self, start: int) -> PlistDict:
        words = " ".join(f"/dev/{disk} {5 * n}" for n, disk in enumerate(self.disks))
        kind = "linear" if len(self.disks) == 1 else "striped"
        params = words if kind == "linear" else f"{len(self.disks)} 4 {words}"
        if self.fault == "type":
            kind = "no-such-type"
        elif self.fault == "device":
            params = params.replace("/dev/", "/dev/missing-")
        elif self.fault == "words":
            params = params.rsplit(" ", 1)[0]
        entry = line(start, self.length, kind, params)
        if self.fault == "params":
            entry["params"] = UInt(5)
        return entry


good_lines = st.lists(st.sampled_from(DISKS), min_size=1, max_size=3).map(
    lambda disks: Line(tuple(disks))
)
faulty_lines = st.builds(
    Line,
    st.lists(st.sampled_from(DISKS), min_size=1, max_size=2).map(tuple),
    st.sampled_from(["type", "device", "words", "params"]),
)
good_tables = st.lists(good_lines, min_size=1, max_size=4)
any_tables = st.lists(good_lines | faulty_lines, max_size=4)


@dataclass
class Model:
    """A device as the model knows it."""

    minor: int
    name: str
    uuid: str
    live: list[Line] = field(default_factory=list)
    inactive: list[Line] = field(default_factory=list)
    slot: int = 0
    events: int = 0
    suspended: bool = False
    flag_active: bool = False
    flag_inactive: bool = False


class Commands(RuleBasedStateMachine):
    """Runs commands on a mapper and on the model, and compares."""

    profile: ClassVar[Profile]

    def __init__(self) -> None:
        super().__init__()
        self.directory = tempfile.TemporaryDirectory(prefix="netbsd-dm-model-")
        self.rig = Rig(self.profile, Path(self.directory.name).resolve())
        self.devices: list[Model] = []
        self.last_minor = 0

    def teardown(self) -> None:
        self.rig.mapper.close()
        assert self.rig.open_files() == [], "files are open after the mapper was closed"
        self.directory.cleanup()

    @property
    def old(self) -> bool:
        return self.profile is NETBSD_9

    # -- what the model predicts -------------------------------------------------

    def find(self, key: str, uuid: bool = True) -> Model | None:
        """The device for a lookup key: a name, a uuid, or a minor as a number in text."""
        for device in self.devices:
            if key.isdigit() and device.minor == int(key):
                return device
            if key == device.name or (uuid and key == device.uuid):
                return device
        return None

    def expect(self, reply: PlistDict, error: str | None, **written: object) -> None:
        """Compare a reply with what was predicted of it."""
        told = reply.get("error")
        name = told["name"] if isinstance(told, dict) else None
        assert name == (None if self.old else error), f"expected {error}: {reply}"
        for key, value in written.items():
            assert reply.get(key) == value, f"{key}: expected {value!r}: {reply}"

    def run(self, command: str, key: str, **given: PlistValue) -> PlistDict:
        """Run a command on the device that `key` means."""
        if key.isdigit():
            given["minor"] = UInt(int(key))
        else:
            given["uuid" if key in UUIDS else "name"] = key
        return self.rig.run(command, **given)

    def missing(self, command: str, key: str, **given: PlistValue) -> Model | None:
        """The device; if there is none, the command is run and must say so."""
        device = self.find(key)
        if device is None:
            self.expect(self.run(command, key, **given), "ENOENT", flags=0)
        return device

    def state_flags(self, device: Model) -> int:
        return (
            4
            | (2 if device.suspended else 0)
            | (0x20 if device.live else 0)
            | (0x40 if device.inactive else 0)
        )

    # -- commands -----------------------------------------------------------------

    # Which device, and whether by name, uuid or minor: nearly always one that there is.
    keys = st.tuples(st.integers(0, 15), st.sampled_from(["name", "uuid", "minor"]))

    def key(self, choice: tuple[int, str]) -> str:
        """The key that `choice` means now."""
        number, kind = choice
        if not self.devices or number == 15:
            return {"name": NAMES[-1], "uuid": UUIDS[-1], "minor": "99"}[kind]
        device = self.devices[number % len(self.devices)]
        return {"name": device.name, "uuid": device.uuid, "minor": ""}[kind] or str(device.minor)

    @initialize()
    def create_two(self) -> None:
        self.create("a", "u1")
        self.create("b", "")

    @rule(name=st.sampled_from(NAMES), uuid=st.sampled_from([*UUIDS, "", ""]))
    def create(self, name: str, uuid: str) -> None:
        taken = any(
            device.name == name or (uuid and device.uuid == uuid) for device in self.devices
        )
        reply = self.rig.run("create", name=name, uuid=uuid)
        if taken:
            self.expect(reply, "EEXIST", flags=4, minor=None)
            return
        self.last_minor += 1
        self.devices.append(Model(self.last_minor, name, uuid))
        self.expect(reply, None, flags=4, minor=self.last_minor)

    @precondition(lambda self: len(self.devices) > 1)
    @rule(choice=keys)
    def remove(self, choice: tuple[int, str]) -> None:
        key = self.key(choice)
        device = self.missing("remove", key)
        if device:
            self.expect(self.run("remove", key), None, flags=4)
            self.devices.remove(device)

    @rule(choice=keys, new_name=st.sampled_from(NAMES))
    def rename(self, choice: tuple[int, str], new_name: str) -> None:
        key = self.key(choice)
        device = self.find(key, uuid=not self.old)
        reply = self.run("rename", key, cmd_data=[new_name])
        if device is None:
            self.expect(reply, "ENOENT", flags=0)
            return
        namesake = self.find(new_name)
        if namesake not in (None, device):
            if not self.old:
                self.expect(reply, "EEXIST", minor=int(key) if key.isdigit() else None)
                return
            self.devices.remove(device)  # the driver loses it
        else:
            self.devices.remove(device)
            self.devices.append(device)
            device.name = new_name
        self.expect(reply, None, minor=device.minor, uuid=device.uuid, flags=4)

    @rule(choice=keys, lines=good_tables)
    def reload(self, choice: tuple[int, str], lines: list[Line]) -> None:
        self.reload_table(self.key(choice), lines)

    @rule(choice=keys, lines=any_tables)
    def reload_anything(self, choice: tuple[int, str], lines: list[Line]) -> None:
        self.reload_table(self.key(choice), lines)

    @rule(choice=keys, lines=good_tables)
    def reload_and_resume(self, choice: tuple[int, str], lines: list[Line]) -> None:
        self.reload_table(self.key(choice), lines)
        self.resume(choice)

    def reload_table(self, key: str, lines: list[Line]) -> None:
        data: list[PlistValue] = []
        start = 0
        for each in lines:
            data.append(each.request(start))
            start += each.length
        device = self.missing("reload", key, cmd_data=data)
        if device is None:
            return
        reply = self.run("reload", key, cmd_data=data)
        faults = [(each.fault, index) for index, each in enumerate(lines) if each.fault]
        fault, count = faults[0] if faults else ("", len(lines))
        if not fault and (lines or self.old):
            self.expect(reply, None, flags=0x44, minor=device.minor)
        elif self.old and fault in ("words", "params"):
            self.expect(reply, None, flags=4, minor=int(key) if key.isdigit() else None)
        else:
            errno = "ENOENT" if fault in ("type", "device") else "EINVAL"
            self.expect(reply, errno, flags=4, minor=device.minor)
        if self.old:
            self.load_as_driver(device, lines, fault, count)
        elif not fault and lines:
            device.inactive, device.flag_inactive = lines, True

    def load_as_driver(self, device: Model, lines: list[Line], fault: str, count: int) -> None:
        stale = [] if device.flag_inactive else device.inactive
        if not fault:
            device.inactive, device.flag_inactive = [*lines, *stale], True
        elif fault == "type":  # those before it stay, and the flag as it was
            device.inactive = [*lines[:count], *stale]
        elif fault == "device":
            device.inactive = []
        # Else the driver crashes, and nothing happens here.

    @rule(choice=keys)
    def resume(self, choice: tuple[int, str]) -> None:
        key = self.key(choice)
        device = self.missing("resume", key)
        if device is None:
            return
        self.expect(self.run("resume", key), None, flags=4, minor=device.minor, open_count=0)
        device.suspended, device.flag_inactive, device.flag_active = False, False, True
        if device.inactive or self.old:
            device.live, device.inactive = device.inactive, []
            device.slot = 1 - device.slot
            device.events += 1

    @rule(choice=keys)
    def suspend(self, choice: tuple[int, str]) -> None:
        key = self.key(choice)
        device = self.missing("suspend", key)
        if device is None:
            return
        device.suspended = True
        bits = 6 | (0x20 if device.flag_active else 0) | (0x40 if device.flag_inactive else 0)
        self.expect(self.run("suspend", key), None, flags=bits, minor=device.minor)

    @rule(choice=keys)
    def clear(self, choice: tuple[int, str]) -> None:
        key = self.key(choice)
        device = self.missing("clear", key)
        if device:
            self.expect(self.run("clear", key), None, flags=4)
            device.inactive, device.flag_inactive = [], False

    @precondition(lambda self: len(self.devices) > 2)
    @rule()
    def remove_all(self) -> None:
        reply = self.rig.run("remove_all")
        self.expect(reply, None, flags=4)
        if not self.old:
            self.devices.clear()

    @rule(choice=keys)
    def look(self, choice: tuple[int, str]) -> None:
        key = self.key(choice)
        device = self.missing("info", key)
        if device is None:
            for command in ("table", "status", "deps"):
                self.expect(self.run(command, key), "ENOENT", flags=0)
            return
        self.expect(
            self.run("info", key),
            None,
            flags=self.state_flags(device),
            target_count=len(device.live),
            minor=device.minor,
            uuid=device.uuid,
            open_count=0,
            event_nr=None if self.old else device.events,
        )
        for lines, bits in ((device.live, 0x14), (device.inactive, 0x1014)):
            reply = self.run("table", key, flags=UInt(bits))
            entries = reply["cmd_data"]
            assert isinstance(entries, list)
            told = [entry["params"] for entry in entries if isinstance(entry, dict)]
            assert told == [each.request(0)["params"] for each in lines]
            slots = {entry["status"] for entry in entries if isinstance(entry, dict)}
            assert slots <= {device.slot}
            deps = self.run("deps", key, flags=UInt(bits))["cmd_data"]
            assert isinstance(deps, list)
            assert len(deps) == sum(len(each.disks) for each in lines)

    # -- after every step ----------------------------------------------------------

    @invariant()
    def the_devices_are_listed_in_order(self) -> None:
        expected = [{"dev": device.minor, "name": device.name} for device in self.devices]
        assert self.rig.run("names")["cmd_data"] == expected

    @invariant()
    def exactly_the_disks_that_tables_name_are_open_each_once(self) -> None:
        uses = [
            disk
            for device in self.devices
            for each in (*device.live, *device.inactive)
            for disk in each.disks
        ]
        assert self.rig.open_files() == sorted(set(uses))
        references = {pdev.name: pdev.references for pdev in self.rig.mapper.opened}
        assert references == {f"/dev/{disk}": uses.count(disk) for disk in set(uses)}


@pytest.mark.parametrize("profile", [STANDARD, NETBSD_9], ids=lambda profile: profile.name)
def test_random_commands_do_what_a_model_says(profile: Profile) -> None:
    machine = type("Commands", (Commands,), {"profile": profile})
    run_state_machine_as_test(machine, settings=settings(max_examples=100, stateful_step_count=40))


def test_the_lines_of_the_model_fit_its_disks() -> None:
    assert all(5 * n + 8 * 3 <= DISK_SECTORS for n in range(3))
