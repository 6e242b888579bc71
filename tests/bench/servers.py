"""The servers that are measured, each a process of its own on one core."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .frames import DISK
from .load import connect

CORES = sorted(os.sched_getaffinity(0))
"""Of this process, before it pins itself: the servers get the first, the client the last."""
BASELINE = "import trio, lxml.etree, typer"


@contextmanager
def echo(directory: Path) -> Iterator[Path]:
    """The bare trio echo server."""
    path = directory / "echo.sock"
    with _running([sys.executable, "-m", "tests.bench.echo", str(path)], path):
        yield path


@contextmanager
def mapper(directory: Path, profile: str, *options: str) -> Iterator[Path]:
    """netbsd-dm with one disk of 1 GiB."""
    path = directory / f"{profile}.sock"
    image = directory / "disk.img"
    with image.open("wb") as file:
        file.truncate(1 << 30)
    command = [sys.executable, "-m", "netbsd_dm", "serve", "-U", str(path), "-p", profile]
    with _running([*command, "--device", f"{DISK}={image}", *options], path):
        yield path


def seconds_to_first_reply(directory: Path, frame: bytes) -> float:
    """From the start of the process to the reply to one request."""
    path = directory / "start.sock"
    start = time.perf_counter()
    with _running([sys.executable, "-m", "netbsd_dm", "serve", "-U", str(path)], path):
        with connect(path) as connection:
            connection.sendall(frame)
            connection.recv(65_536)
        return time.perf_counter() - start


def seconds_of_imports() -> float:
    """What Python needs to import trio, lxml and typer, and nothing else."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", BASELINE], check=True, preexec_fn=_pin)
    return time.perf_counter() - start


@contextmanager
def _running(command: list[str], path: Path) -> Iterator[None]:
    process = subprocess.Popen(command, preexec_fn=_pin, stderr=subprocess.DEVNULL)
    try:
        _await_listening(path, process)
        yield
    finally:
        process.terminate()
        process.wait()
        path.unlink(missing_ok=True)


def _await_listening(path: Path, process: "subprocess.Popen[bytes]") -> None:
    while process.poll() is None:
        try:
            connect(path).close()
        except OSError:
            time.sleep(0.0005)
        else:
            return
    raise RuntimeError(f"the server ended with status {process.returncode}")


def _pin() -> None:
    os.sched_setaffinity(0, CORES[:1])
