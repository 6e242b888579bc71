"""netbsd-dmsetup run in this process: what it printed, and what it asked the driver for."""

import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import netbsd_dm
from netbsd_dm.capture.disks import offer_disks
from netbsd_dm.capture.format import Disk
from netbsd_dm.cli.dmsetup import session
from netbsd_dm.cli.dmsetup.program import run
from netbsd_dm.plist import PlistDict, dumps, loads

SCRIPT = "from netbsd_dm.cli.dmsetup import main; main()"
"""What the entry point of the console script does."""
DISK_SECTORS = 131_072


@dataclass(frozen=True)
class Finished:
    """A command line that has come to its end."""

    status: int
    out: str
    err: str
    requests: list[PlistDict] = field(repr=False)

    @property
    def commands(self) -> list[str]:
        """What was asked for, less the version that always comes first."""
        names = [str(request["command"]) for request in self.requests]
        assert names[:1] in ([], ["version"])
        return names[1:]

    @property
    def last(self) -> PlistDict:
        """The last request."""
        return self.requests[-1]


@contextmanager
def capturing(name: str, descriptor: int) -> Iterator[list[str]]:
    """What this process and its children write to a descriptor; in the list afterwards."""
    texts: list[str] = []
    with tempfile.TemporaryFile() as file:
        before, saved = getattr(sys, name), os.dup(descriptor)
        os.dup2(file.fileno(), descriptor)
        stream = open(descriptor, "w", closefd=False, encoding="utf-8", errors="surrogateescape")  # noqa: SIM115
        setattr(sys, name, stream)
        try:
            yield texts
        finally:
            setattr(sys, name, before)
            stream.close()
            os.dup2(saved, descriptor)
            os.close(saved)
            file.seek(0)
            texts.append(file.read().decode("utf-8", "surrogateescape"))


def run_here(words: list[str], stdin: str, requests: list[PlistDict]) -> Finished:
    """Run the words after the program's name; `requests` is what somebody else fills."""
    del requests[:]
    before = sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(stdin.encode("utf-8", "surrogateescape")))
    try:
        with capturing("stdout", 1) as out, capturing("stderr", 2) as err:
            status = run(words)
    finally:
        sys.stdin = before
    return Finished(status, out[0], err[0], deepcopy(requests))


def run_process(
    *words: str | bytes,
    socket: Path,
    stdin: str = "",
    joined: bool = False,
    environment: dict[str, str] | None = None,
) -> Finished:
    """Run the console script as a process of its own; `joined`, with 2>&1."""
    process = subprocess.run(
        [sys.executable, "-c", SCRIPT, *words],
        input=stdin.encode(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if joined else subprocess.PIPE,
        check=False,
        env=os.environ
        | {"NETBSD_DM_SOCKET": os.fspath(socket), "LC_ALL": "C"}
        | (environment or {}),
    )
    texts = [
        (text or b"").decode("utf-8", "surrogateescape")
        for text in (process.stdout, process.stderr)
    ]
    return Finished(process.returncode, texts[0], texts[1], [])


class Dmsetup:
    """netbsd-dmsetup on a device mapper in this process, with two disks."""

    def __init__(self, mapper: netbsd_dm.DeviceMapper) -> None:
        self.mapper = mapper
        self._requests: list[PlistDict] = []

    def __call__(self, *words: str, stdin: str = "") -> Finished:
        return run_here(list(words), stdin, self._requests)

    def done(self, *words: str, stdin: str = "") -> str:
        """What a command line prints that must not fail, nor complain."""
        finished = self(*words, stdin=stdin)
        assert (finished.status, finished.err) == (0, ""), finished
        return finished.out

    def exchange(self, request: PlistDict) -> PlistDict:
        """As over a socket: only texts go from one side to the other."""
        self._requests.append(deepcopy(request))
        return loads(dumps(self.mapper.exchange(loads(dumps(request)))))

    def close(self) -> None:
        """The connection is closed, the mapper stays."""


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[[str], Dmsetup]]:
    """Makes a fresh mapper of a profile, which every command line then talks to."""
    monkeypatch.setenv("LC_ALL", "C")
    disks = offer_disks([Disk(f"/dev/disk{n}", DISK_SECTORS, 197, n) for n in (0, 1)], tmp_path)
    mappers = []

    def start(profile: str) -> Dmsetup:
        mapper = netbsd_dm.DeviceMapper(profile, devices=disks)
        mappers.append(mapper)
        dmsetup = Dmsetup(mapper)
        monkeypatch.setattr(session, "connect", lambda *_: dmsetup)
        return dmsetup

    yield start
    for mapper in mappers:
        mapper.close()


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Finished]:
    """Runs words against replies that are made up: for each command, keys that it replies."""
    monkeypatch.setenv("LC_ALL", "C")

    def play(words: list[str], replies: Callable[[PlistDict], PlistDict]) -> Finished:
        requests: list[PlistDict] = []

        class Driver:
            def exchange(self, request: PlistDict) -> PlistDict:
                requests.append(request)
                return request | {"version": [4, 16, 0]} | replies(request)

            def close(self) -> None:
                pass

        monkeypatch.setattr(session, "connect", lambda *_: Driver())
        return run_here(words, "", requests)

    return play


@pytest.fixture
def dmsetup(start: Callable[[str], Dmsetup]) -> Dmsetup:
    """On a fresh mapper of profile standard; its disks have the numbers 197:0 and 197:1."""
    return start("standard")


@pytest.fixture
def dmsetup_9(start: Callable[[str], Dmsetup]) -> Dmsetup:
    """On a fresh mapper of profile netbsd-9."""
    return start("netbsd-9")
