"""The NBD servers: ours with four devices, nbdkit's file plugin, qemu-nbd."""

import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import netbsd_dm
from netbsd_dm import TableLine

CORES = sorted(os.sched_getaffinity(0))
"""Of this process at its start: the servers get the first, the clients the last."""

DISK_BYTES = 256 << 20
_SECTORS = DISK_BYTES // 512
_ENTRIES = 100_000
_CHUNK_SECTORS = 128
_PAGE_SECTORS = 8


@dataclass(frozen=True)
class Server:
    """Something that serves a disk."""

    name: str
    socket: Path
    export: str = ""
    size_bytes: int = DISK_BYTES

    @property
    def uri(self) -> str:
        """How clients call it."""
        return f"nbd+unix:///{self.export}?socket={self.socket}"


@contextmanager
def all_servers(directory: Path) -> Iterator[list[Server]]:
    """Every server there is, the linear device first and then what it is compared to."""
    disk = directory / "disk.img"
    halves = directory / "half0.img", directory / "half1.img"
    with disk.open("wb") as whole, halves[0].open("wb") as first, halves[1].open("wb") as second:
        for number in range(DISK_BYTES >> 20):
            piece = os.urandom(1 << 20)
            whole.write(piece)
            (first if number % 2 else second).write(piece)
    with ExitStack() as stack:
        ours = directory / "ours.sock"
        stack.enter_context(_ours(directory, disk, halves, ours, "netbsd_dm"))
        small = directory / "small.sock"
        module = "tests.bench.nbd.default_buffers"
        stack.enter_context(_ours(directory, disk, halves, small, module))
        servers = [
            Server("linear", ours, "linear"),
            Server("striped", ours, "striped"),
            Server("100,000 lines", ours, "lines", _ENTRIES * _PAGE_SECTORS * 512),
            Server("linear, default buffers", small, "linear"),
            Server("striped, default buffers", small, "striped"),
        ]
        others = {
            "nbdkit": [
                "nbdkit",
                "-f",
                "-U",
                "{}",
                "--filter=offset",
                "file",
                str(disk),
                "offset=0",
            ],
            "qemu-nbd": ["qemu-nbd", "-f", "raw", "-t", "-e", "32", "-k", "{}", str(disk)],
        }
        for name, command in others.items():
            if shutil.which(name):
                path = directory / f"{name}.sock"
                stack.enter_context(_running([part.format(path) for part in command], path))
                servers.append(Server(name, path))
            else:
                print(f"{name} is missing: apt-get install {name.replace('-nbd', '-utils')}")
        yield servers


@contextmanager
def _ours(
    directory: Path, disk: Path, halves: tuple[Path, Path], path: Path, module: str
) -> Iterator[None]:
    control = path.with_suffix(".dm")
    command = [sys.executable, "-m", module, "serve", "-U", str(control), "--nbd", str(path)]
    command += ["--max-request", "100000000"]
    for name, image in (("disk", disk), ("half0", halves[0]), ("half1", halves[1])):
        command += ["--device", f"/dev/{name}={image}"]
    with _running(command, path), netbsd_dm.connect(control) as dm:
        tables = {
            "linear": [TableLine(0, _SECTORS, "linear", "/dev/disk 0")],
            "striped": [
                TableLine(0, _SECTORS, "striped", f"2 {_CHUNK_SECTORS} /dev/half0 0 /dev/half1 0")
            ],
        }
        if module == "netbsd_dm":
            tables["lines"] = _lines()
        for name, lines in tables.items():
            dm.create(name)
            dm.reload(name, lines)
            dm.resume(name)
        yield


def _lines() -> list[TableLine]:
    """A line for each page of a disk, every one somewhere else."""
    pages = _SECTORS // _PAGE_SECTORS
    places = [number % pages for number in range(_ENTRIES)]
    random.Random(1).shuffle(places)
    return [
        TableLine(
            number * _PAGE_SECTORS, _PAGE_SECTORS, "linear", f"/dev/disk {place * _PAGE_SECTORS}"
        )
        for number, place in enumerate(places)
    ]


@contextmanager
def _running(command: list[str], path: Path) -> Iterator[None]:
    process = subprocess.Popen(command, preexec_fn=_pin, stderr=subprocess.DEVNULL)
    try:
        for _ in range(1000):
            if path.exists() or process.poll() is not None:
                break
            time.sleep(0.01)
        else:
            raise RuntimeError(f"{command[0]} does not listen")
        if process.poll() is not None:
            raise RuntimeError(f"{' '.join(command)} ended with status {process.returncode}")
        yield
    finally:
        process.terminate()
        process.wait()
        path.unlink(missing_ok=True)


def _pin() -> None:
    os.sched_setaffinity(0, CORES[:1])
