"""Run every job against every server, in turn, and print and draw the figures."""

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import netbsd_dm

from . import clients, plot
from .clients import Job
from .servers import CORES, Server, all_servers

JOBS = (
    Job("4 KiB random reads, depth 1", "randread", 4096, 1, 1.0),
    Job("4 KiB random reads, depth 32", "randread", 4096, 32, 1.6),
    Job("4 KiB random writes, depth 32", "randwrite", 4096, 32, 1.0),
    Job("256 KiB sequential reads, depth 1", "read", 262_144, 1, 1.5),
    Job("256 KiB sequential reads, depth 16", "read", 262_144, 16, 1.5),
    Job("1 MiB sequential reads, depth 1", "read", 1_048_576, 1, 1.3),
    Job("1 MiB sequential reads, depth 16", "read", 1_048_576, 16, 1.3),
)
PLAIN = Job("4 KiB random reads, plain client", "randread", 4096, 32, 1.6)
COPY = Job("nbdcopy to nowhere", "read", 262_144, 64)
BASE = "nbdkit"
Rates = dict[tuple[str, str], list[float]]
Measure = Callable[[Server], float]


def main() -> None:
    """Measure, print, draw."""
    arguments = _arguments()
    missing = [name for name in ("fio", "nbdcopy") if not shutil.which(name)]
    if missing:
        sys.exit(
            f"{' and '.join(missing)} missing: apt-get install fio libnbd-bin nbdkit qemu-utils"
        )
    os.sched_setaffinity(0, CORES[-1:])
    if len(CORES) == 1:
        print("one core only: server and client share it, and ratios mean little")
    with (
        tempfile.TemporaryDirectory(prefix="netbsd-dm-bench-") as name,
        all_servers(Path(name)) as servers,
    ):
        measures = {
            job: measure
            for job, measure in _measures(arguments.seconds).items()
            if arguments.only in job.title
        }
        rates = _rates(servers, measures, arguments.rounds)
        _print(servers, rates, list(measures), arguments.rounds)
        _draw(arguments.svg, servers, rates, list(measures))
        _print_latency(servers[0], arguments.seconds)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-nbd", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each measurement")
    parser.add_argument("--only", default="", help="what the title of a job has to contain")
    parser.add_argument("--svg", type=Path, default=Path("bench-nbd.svg"))
    return parser.parse_args()


def _measures(seconds: float) -> dict[Job, Measure]:
    def with_fio(job: Job) -> Measure:
        return lambda server: clients.fio(server, job, seconds)

    measures: dict[Job, Measure] = {job: with_fio(job) for job in JOBS}
    measures[PLAIN] = lambda server: clients.plain(server, PLAIN, seconds)
    measures[COPY] = clients.nbdcopy
    return measures


def _rates(servers: list[Server], measures: dict[Job, Measure], rounds: int) -> Rates:
    """Bytes a second by server and job, one value a round; every second one goes backwards."""
    rates: Rates = defaultdict(list)
    for job, measure in measures.items():
        wanted = [server for server in servers if _concerns(server, job)]
        for server in wanted:  # warms up
            clients.fio(server, job, 0.2)
        for number in range(rounds):
            for server in wanted[:: -1 if number % 2 else 1]:
                rates[server.name, job.title].append(measure(server))
        print(".", end="", flush=True, file=sys.stderr)
    print(file=sys.stderr)
    return rates


def _concerns(server: Server, job: Job) -> bool:
    """Not every pair tells something new."""
    if server.name == "100,000 lines":
        return job.block_bytes == 4096 and job.depth > 1
    return "buffers" not in server.name or job.block_bytes > 4096


def _print(servers: list[Server], rates: Rates, jobs: list[Job], rounds: int) -> None:
    print(f"Medians of {rounds} alternating rounds; ratios to {BASE}, by round, and their range.")
    for job in jobs:
        unit = "requests/s" if job.counts_requests else "MB/s"
        goal = f", target {job.target}" if job.target else ""
        print(f"\n{job.title} ({unit}{goal})")
        for server in servers:
            values = rates.get((server.name, job.title))
            if values is None:
                continue
            median = statistics.median(values) / (job.block_bytes if job.counts_requests else 1e6)
            print(f"  {server.name:26}{median:12,.0f}{_ratios(values, rates, BASE, job)}", end="")
            if server.name in ("striped", "100,000 lines"):
                print(f"   to linear{_ratios(values, rates, 'linear', job)}", end="")
            print()
    print()


def _ratios(values: list[float], rates: Rates, base: str, job: Job) -> str:
    marks = rates.get((base, job.title))
    if not marks:
        return ""
    ratios = sorted(value / mark for value, mark in zip(values, marks, strict=True))
    return f"{statistics.median(ratios):8.2f}  ({ratios[0]:.2f} to {ratios[-1]:.2f})"


def _draw(path: Path, servers: list[Server], rates: Rates, jobs: list[Job]) -> None:
    groups = {}
    for job in jobs:
        marks = rates.get((BASE, job.title)) or rates["linear", job.title]
        groups[job.title] = {
            server.name: _ratio(rates[server.name, job.title], marks)
            for server in servers
            if (server.name, job.title) in rates
        }
    plot.draw(path, f"netbsd-dm over NBD: throughput as a ratio to {BASE}", groups)
    print(f"drawn in {path}")


def _ratio(values: list[float], marks: list[float]) -> float:
    return statistics.median(value / mark for value, mark in zip(values, marks, strict=True))


def _print_latency(server: Server, seconds: float) -> None:
    """How long a control request takes while the disk is read, or written, at full speed."""
    for job in (JOBS[1], JOBS[2], JOBS[6]):
        load = threading.Thread(target=clients.fio, args=(server, job, 2 * seconds + 1))
        load.start()
        time.sleep(0.5)
        times = []
        with netbsd_dm.connect(server.socket.with_suffix(".dm")) as dm:
            end = time.perf_counter() + 2 * seconds
            while (begun := time.perf_counter()) < end:
                dm.info("linear")
                times.append(time.perf_counter() - begun)
                time.sleep(0.002)
        load.join()
        times.sort()
        worst, usual = times[-1] * 1e3, statistics.median(times) * 1e3
        high = times[int(len(times) * 0.99)] * 1e3
        print(f"info during {job.title}: {usual:.2f} ms, 99 % within {high:.2f}, worst {worst:.2f}")


if __name__ == "__main__":
    main()
