"""A server with files full of noise, for NBD clients of others."""

import random
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

import netbsd_dm
from netbsd_dm import TableLine
from netbsd_dm.client.commands import Commands
from tests.helpers.processes import await_line, started
from tests.helpers.programs import SECONDS, find

SECTOR = 512
IMAGES = 3
IMAGE_SECTORS = 16_384
ENDING_SECONDS = 5
"""So long a server may take to end, whatever its clients do."""


@dataclass(frozen=True)
class Server:
    """A running server that offers `images` as /dev/wd0, /dev/wd1, and so on."""

    folder: Path
    images: list[Path]
    process: "subprocess.Popen[bytes]"
    dm: Commands

    @property
    def nbd_path(self) -> Path:
        """Its NBD socket."""
        return self.folder / "nbd.sock"

    def uri(self, name: str) -> str:
        """Where NBD clients find an export."""
        return f"nbd+unix:///{name}?socket={self.nbd_path}"

    def make(self, name: str, *lines: TableLine, uuid: str | None = None) -> str:
        """A device with that live table; gives its URI."""
        self.dm.create(name, uuid)
        self.dm.reload(name, lines)
        self.dm.resume(name)
        return self.uri(name)

    def ended(self) -> tuple[int, str]:
        """Its exit status, once it has ended, and what it logged."""
        try:
            _, logged = self.process.communicate(timeout=ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            pytest.fail(f"the server did not end within {ENDING_SECONDS} s")
        return self.process.returncode, logged.decode()


Starter = Callable[[list[Path]], Server]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Starter]:
    """Starts a server with these images; it ends with the test."""
    with ExitStack() as stack:

        def start(images: list[Path]) -> Server:
            devices = [f"/dev/wd{number}={path}" for number, path in enumerate(images)]
            options = [word for device in devices for word in ("--device", device)]
            control, nbd = tmp_path / "dm.sock", tmp_path / "nbd.sock"
            options += ["--exit-with-parent", "--nbd", str(nbd)]
            process = stack.enter_context(started("serve", "-U", control, *options))
            await_line(process, b"listening on")
            dm = stack.enter_context(netbsd_dm.connect(control))
            return Server(tmp_path, images, process, dm)

        yield start


@pytest.fixture
def images(tmp_path: Path) -> list[Path]:
    """Files of 8 MiB with different noise."""
    return [noise_file(tmp_path / f"{number}.img", number) for number in range(IMAGES)]


@pytest.fixture
def server(start: Starter, images: list[Path]) -> Server:
    """A server that offers `images`."""
    return start(images)


@contextmanager
def fio(server: Server, uri: str, *options: str) -> "Iterator[subprocess.Popen[str]]":
    """fio at work on a device with these options; killed if it does not end itself."""
    command = [
        find("fio"),
        "--name=job",
        "--thread",
        "--ioengine=nbd",
        f"--uri={uri}",
        "--iodepth=16",
        "--verify=crc32c",
        "--verify_fatal=1",
        "--verify_state_save=0",
        "--output-format=json",
        *options,
    ]
    with subprocess.Popen(
        command, cwd=server.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        hangs = threading.Timer(SECONDS, process.kill)
        hangs.start()
        try:
            yield process
        finally:
            hangs.cancel()
            process.kill()


def noise(length: int, seed: int) -> bytes:
    """Bytes without a pattern, the same every time."""
    return random.Random(seed).randbytes(length)  # noqa: S311


def noise_file(path: Path, seed: int) -> Path:
    """A file of the size of an image."""
    path.write_bytes(noise(IMAGE_SECTORS * SECTOR, seed))
    return path


def explain(got: bytes, wanted: bytes) -> str:
    """Where they differ first, for a message that can be read."""
    if len(got) != len(wanted):
        return f"{len(got)} bytes instead of {len(wanted)}"
    where = next((at for at in range(len(got)) if got[at] != wanted[at]), None)
    return "the same" if where is None else f"differs first in sector {where // SECTOR}"
