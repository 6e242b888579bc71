"""The shim, compiled once, a server, and programs that run under both."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from textwrap import dedent

import pytest

import netbsd_dm
from netbsd_dm import STANDARD, Catalog, Client, Offer, Profile, Settings, TableLine
from netbsd_dm.faults.plan import Plan
from netbsd_dm.pdev.devnum import makedev
from netbsd_dm.shim.build import build_shim
from netbsd_dm.wire.address import NBD_VARIABLE, SOCKET_VARIABLE
from tests.helpers import threads
from tests.helpers.programs import unavailable

ROOT = Path(__file__).parents[2]
SECTOR = 512
DISK_SECTORS = 8192
SECONDS = 60
"""No program here takes a tenth of that, unless it hangs."""


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shim, without a warning."""
    compiler()
    cache = tmp_path_factory.mktemp("cache")
    return build_shim(os.environ | {"XDG_CACHE_HOME": str(cache)}, extra_flags=["-Werror"])


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Compiles a C program of this folder, once."""
    directory = tmp_path_factory.mktemp("programs")

    def compiled(name: str) -> Path:
        program = directory / name
        if not program.exists():
            flags = ["-std=gnu11", "-O1", "-g", "-pthread", "-Wall", "-Wextra", "-Werror"]
            source = Path(__file__).parent / f"{name}.c"
            subprocess.run([compiler(), *flags, "-o", program, source], check=True)
        return program

    return compiled


def compiler() -> str:
    """The path of a C compiler; without one the test is skipped, or in CI fails."""
    found = shutil.which("cc")
    return found if found is not None else unavailable("cc is missing: apt-get install gcc")


def fake_compiler(
    directory: Path,
    script: str = 'while [ "$1" != -o ]; do shift; done; echo made >"$2"; echo x >>"$0.calls"',
) -> str:
    """A program that is called as a compiler is, and makes a file."""
    path = directory / "fake-cc"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


@dataclass(frozen=True)
class Host:
    """A running server, and how programs run that find it through the shim."""

    folder: Path
    library: Path
    dm: Client

    @property
    def image(self) -> Path:
        """What /dev/wd1a is."""
        return self.folder / "disk.img"

    def make(self, name: str, *lines: TableLine) -> int:
        """A device with that live table, of the first 2,048 sectors if none is given."""
        self.dm.create(name)
        self.dm.reload(name, lines or [TableLine(0, 2048, "linear", "/dev/wd1a 0")])
        self.dm.resume(name)
        return self.dm.info(name).minor

    def environment(self, **variables: str) -> dict[str, str]:
        """That of a program under the shim; an empty value unsets a variable."""
        wanted = {**os.environ, "LD_PRELOAD": str(self.library), "LC_ALL": "C"}
        wanted |= {SOCKET_VARIABLE: str(self.folder / "dm.sock")}
        wanted |= {NBD_VARIABLE: str(self.folder / "nbd.sock")}
        wanted |= {"PATH": f"{os.environ['PATH']}:/usr/sbin", "PYTHONPATH": str(ROOT)}
        wanted |= variables
        return {name: value for name, value in wanted.items() if value}

    def run(self, *command: str | Path, status: int = 0, **variables: str) -> str:
        """What a program printed, which must exit with `status`; standard error at the end."""
        finished = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            cwd=self.folder,
            env=self.environment(**variables),
            text=True,
            timeout=SECONDS,
        )
        printed = finished.stdout + finished.stderr
        assert finished.returncode == status, printed
        return printed

    def python(self, code: str, **variables: str) -> str:
        """Run a snippet, which has the names of `tests.shim.inside`."""
        text = f"from tests.shim.inside import *\n{dedent(code)}"
        return self.run(sys.executable, "-c", text, status=0, **variables)


Starter = Callable[..., AbstractContextManager[Host]]


@pytest.fixture
def serving(tmp_path: Path, library: Path) -> Starter:
    """Starts a server, of a profile and with faults, on the same files each time."""
    image = tmp_path / "disk.img"
    image.write_bytes(
        b"".join(f"sector {number:9}".encode() * 32 for number in range(DISK_SECTORS))
    )
    return partial(_serving, tmp_path, library)


@contextmanager
def _serving(
    folder: Path, library: Path, *faults: str, profile: Profile = STANDARD
) -> Iterator[Host]:
    settings = Settings(
        socket_path=folder / "dm.sock",
        nbd_path=folder / "nbd.sock",
        profile=profile,
        catalog=Catalog([Offer("/dev/wd1a", folder / "disk.img", dev=makedev(197, 0))]),
        faults=Plan.of(faults),
    )
    with threads.serving(settings), netbsd_dm.connect(settings.socket_path) as dm:
        yield Host(folder, library, dm)


@pytest.fixture
def host(serving: Starter) -> Iterator[Host]:
    """With a server of profile standard."""
    with serving() as host:
        yield host
