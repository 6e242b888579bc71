"""A mapper with a few disks, and requests in one line."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from netbsd_dm.driver.events import Pending
from netbsd_dm.driver.mapper import Mapper
from netbsd_dm.driver.profile import NETBSD_9, STANDARD, Profile
from netbsd_dm.pdev.catalog import Catalog
from netbsd_dm.plist import PlistDict, PlistValue, UInt

DISKS = ("d0", "d1", "d2", "d3")
DISK_SECTORS = 10_000
LONG_DISK = "a-disk-whose-name-has-more-than-31-bytes"


def line(start: int, length: int, kind: str, params: str | None = None) -> PlistDict:
    """One line of a table, as a request has it."""
    entry: PlistDict = {"start": UInt(start), "length": UInt(length), "type": kind}
    if params is not None:
        entry["params"] = params
    return entry


def linear(start: int, length: int, disk: str = "/dev/d0", offset: int = 0) -> PlistDict:
    """A line of type linear."""
    return line(start, length, "linear", f"{disk} {offset}")


def open_files(directory: Path) -> list[str]:
    """The names of the files below `directory` that this process has open, sorted."""
    found = []
    for descriptor in os.listdir("/proc/self/fd"):  # noqa: PTH208 (nothing but the names)
        try:
            target = os.readlink(f"/proc/self/fd/{descriptor}")  # noqa: PTH115 (no file)
        except FileNotFoundError:
            continue  # that of the listing itself
        if target.startswith(f"{directory}/"):
            found.append(target.removeprefix(f"{directory}/"))
    return sorted(found)


class Rig:
    """A mapper whose disks lie in `directory`, known to tables as /dev/d0 to /dev/d3."""

    def __init__(self, profile: Profile, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        for name in (*DISKS, LONG_DISK):
            with (directory / name).open("wb") as file:
                file.truncate(DISK_SECTORS * 512)
        self.profile = profile
        self.mapper = Mapper(profile, Catalog(directories=[directory]))

    def request(self, command: str | None, **given: PlistValue | None) -> PlistDict:
        """A request dictionary; a key given as None is left out."""
        request: dict[str, Any] = {
            "version": [4, 0, 0],
            "command": command,
            "flags": UInt(4),
            "cmd_data": [],
            **given,
        }
        return {key: value for key, value in request.items() if value is not None}

    def run(self, command: str | None, **given: PlistValue | None) -> PlistDict:
        """Execute one command and give its reply."""
        return self.execute(self.request(command, **given))

    def execute(self, request: PlistDict, *, privileged: bool = True) -> PlistDict:
        """Execute `request`, which must not wait."""
        outcome = self.mapper.execute(request, privileged=privileged)
        assert not isinstance(outcome, Pending), f"{request} waits"
        return outcome

    def do(self, command: str, **given: PlistValue | None) -> PlistDict:
        """As `run`, for a command that has to succeed in profile standard."""
        reply = self.run(command, **given)
        assert "error" not in reply, reply["error"]
        return reply

    def wait(self, **given: PlistValue | None) -> Pending:
        """A waitevent that has to wait."""
        outcome = self.mapper.execute(self.request("waitevent", version=None, **given))
        assert isinstance(outcome, Pending), f"waitevent does not wait: {outcome}"
        return outcome

    def begin(self, command: str, **given: PlistValue | None) -> Pending:
        """A command that has to wait, for I/O or for work."""
        outcome = self.mapper.execute(self.request(command, **given))
        assert isinstance(outcome, Pending), f"{command} does not wait: {outcome}"
        return outcome

    def make(self, name: str, *lines: PlistDict, **given: PlistValue | None) -> int:
        """A new device, with a live table of `lines` if there are any; gives its minor."""
        minor = self.do("create", name=name, **given)["minor"]
        assert isinstance(minor, int)
        if lines:
            self.do("reload", name=name, cmd_data=[*lines])
            self.do("resume", name=name)
        return minor

    def table(self, name: str, flags: int = 0) -> list[str]:
        """The live table, a line a string; with flag 0x1000 the inactive one."""
        reply = self.do("table", name=name, flags=UInt(0x14 | flags))
        entries = reply["cmd_data"]
        assert isinstance(entries, list)
        return [_as_text(entry) for entry in entries]

    def inactive(self, name: str) -> list[str]:
        """The inactive table, a line a string."""
        return self.table(name, 0x1000)

    def names(self) -> list[str]:
        """The devices, in the order in which `names` lists them."""
        entries = self.do("names")["cmd_data"]
        assert isinstance(entries, list)
        return [str(entry["name"]) for entry in entries if isinstance(entry, dict)]

    def open_files(self) -> list[str]:
        """The disks that are open, each once for every descriptor."""
        return open_files(self.directory)


def _as_text(entry: PlistValue) -> str:
    assert isinstance(entry, dict), entry
    numbers = [entry["start"], entry["length"]]
    words = [entry["type"], entry.get("params", "")]
    return " ".join([*(f"{int(str(number), 0)}" for number in numbers), *map(str, words)]).rstrip()


def error(reply: PlistDict) -> tuple[str, str, str | None]:
    """Name, message and place of the error in `reply`, which must have one."""
    found = reply.get("error")
    assert isinstance(found, dict), f"no error in {reply}"
    name, message, where = found["name"], found["message"], found.get("where")
    assert isinstance(name, str)
    assert isinstance(message, str)
    assert where is None or isinstance(where, str)
    return name, message, where


MakeRig = Callable[[Profile], Rig]


@pytest.fixture
def make_rig(tmp_path: Path) -> Iterator[MakeRig]:
    """Makes rigs of any profile; all of them are closed, and must give back every file."""
    rigs: list[Rig] = []

    def make(profile: Profile) -> Rig:
        rigs.append(Rig(profile, tmp_path / f"disks{len(rigs)}"))
        return rigs[-1]

    yield make
    for rig in rigs:
        rig.mapper.close()
    assert open_files(tmp_path) == [], "files are open after every mapper was closed"


@pytest.fixture
def rig(make_rig: MakeRig) -> Rig:
    """A mapper of profile standard."""
    return make_rig(STANDARD)


@pytest.fixture
def old(make_rig: MakeRig) -> Rig:
    """A mapper of profile netbsd-9."""
    return make_rig(NETBSD_9)
