"""What the preload shim costs: python -m tests.bench.shim.

A client in C does the same over the socket and through the shim's ioctl, and the same
with files of others with the shim and without, in alternating rounds.  The least that
a client of the socket can do is the measure: one call to send and one to receive,
while the ioctl also gives each reply in fresh memory, which the client gives back.
The shim looks for a reply before it sleeps, which saves more than all that costs; so
it is also measured against a client of the socket that does the same.
"""

import os
import shutil
import statistics
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from netbsd_dm.plist import dumps
from netbsd_dm.shim.build import build_shim
from netbsd_dm.shim.environment import preload
from netbsd_dm.wire import calls
from netbsd_dm.wire.address import SOCKET_VARIABLE
from netbsd_dm.wire.calls import Selector

from . import frames, load, servers

ROUNDS = 9
CONTROL = "/dev/mapper/control"
OTHER = "/dev/null"
TARGET_PERCENT = 15
LOOKING = "info, if both look before they sleep"


@dataclass(frozen=True)
class Pair:
    """The same without the shim and with it; `count` times a round."""

    title: str
    without: tuple[str, str]
    """What the client does, and with which path."""
    under: tuple[str, str]
    count: int


def main() -> None:
    """Measure, and print."""
    with tempfile.TemporaryDirectory(prefix="netbsd-dm-bench-") as name:
        directory = Path(name)
        program = _compiled(directory)
        with servers.mapper(directory, "standard") as socket:
            _make_device(socket)
            for pair in _pairs(socket):
                _print(pair, *_measured(program, pair, socket))


def _pairs(socket: Path) -> list[Pair]:
    path = str(socket)
    return [
        Pair("info", ("socket", path), ("ioctl", CONTROL), 10_000),
        Pair(LOOKING, ("socket-looking", path), ("ioctl", CONTROL), 10_000),
        Pair(f"{LOOKING}, no munmap", ("socket-looking", path), ("ioctl-only", CONTROL), 10_000),
        Pair("open, info, close", ("socket-each", path), ("ioctl-each", CONTROL), 3_000),
        Pair("open and close of another file", ("open", OTHER), ("open", OTHER), 300_000),
        Pair("stat of another file", ("stat", OTHER), ("stat", OTHER), 500_000),
        Pair("read of another file", ("read", OTHER), ("read", OTHER), 1_000_000),
    ]


def _measured(program: Path, pair: Pair, socket: Path) -> tuple[list[float], list[float]]:
    """Nanoseconds for one, a value a round: without the shim, and under it."""
    plain = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
    shim = plain | preload(build_shim(), plain) | {SOCKET_VARIABLE: str(socket)}
    without, under = [], []
    for _ in range(ROUNDS):
        without.append(_run(program, *pair.without, pair.count, plain))
        under.append(_run(program, *pair.under, pair.count, shim))
    return without, under


def _run(program: Path, kind: str, path: str, count: int, environment: dict[str, str]) -> float:
    def pin() -> None:
        os.sched_setaffinity(0, servers.CORES[-1:])

    finished = subprocess.run(
        [program, kind, str(count), path, _request()],
        check=True,
        capture_output=True,
        env=environment,
        preexec_fn=pin,
    )
    return float(finished.stdout)


def _request() -> str:
    return dumps(calls.info(Selector(frames.NAMES[0])).request).decode()


def _make_device(socket: Path) -> None:
    with load.connect(socket) as connection:
        for frame in frames.create()[:1]:
            load.exchange(connection, frame)


def _compiled(directory: Path) -> Path:
    compiler = shutil.which("cc")
    if compiler is None:
        raise SystemExit("cc is missing: apt-get install gcc")
    program = directory / "shim_load"
    source = Path(__file__).with_suffix("").with_name("shim_load.c")
    subprocess.run([compiler, "-O2", "-o", program, source], check=True)
    return program


def _print(pair: Pair, without: list[float], under: list[float]) -> None:
    ratios = [one / other for one, other in zip(under, without, strict=True)]
    cost = (statistics.median(ratios) - 1) * 100
    target = f" (target: less than {TARGET_PERCENT} %)" if pair.title == "info" else ""
    print(
        f"{pair.title}: {statistics.median(without):,.0f} ns without,"
        f" {statistics.median(under):,.0f} with the shim; it costs {cost:+.1f} %,"
        f" from {(min(ratios) - 1) * 100:+.1f} to {(max(ratios) - 1) * 100:+.1f}{target}"
    )


if __name__ == "__main__":
    main()
