"""Run every measurement and print the tables."""

import gc
import os
import socket
import statistics
import tempfile
import time
from array import array
from collections import defaultdict
from pathlib import Path
from random import Random

from netbsd_dm import DeviceMapper, TableLine

from . import frames, load, servers

ROUNDS = 5
ONE_AT_A_TIME = 6_000
IN_FLIGHT = 30_000
PROFILES = ("netbsd-9", "standard")
Rates = dict[tuple[str, str, str], list[float]]


def main() -> None:
    """Measure, and print."""
    os.sched_setaffinity(0, servers.CORES[-1:])
    if len(servers.CORES) == 1:
        print("one core only: server and client share it, and ratios mean little")
    with tempfile.TemporaryDirectory(prefix="netbsd-dm-bench-") as name:
        directory = Path(name)
        _print_rates(_rates(directory))
        _print_reloads(directory)
        _print_start(directory)
    _print_lookups()


def _rates(directory: Path) -> Rates:
    """Exchanges a second by server, command and manner, one value a round."""
    kinds = {"version": frames.version(), "info": frames.info(), "cycle": frames.cycle()}
    rates: Rates = defaultdict(list)
    with (
        servers.echo(directory) as echo,
        servers.mapper(directory, PROFILES[0]) as first,
        servers.mapper(directory, PROFILES[1]) as second,
    ):
        paths = {"echo": echo, PROFILES[0]: first, PROFILES[1]: second}
        for path in (first, second):
            with load.connect(path) as connection:
                for frame in frames.create():
                    load.exchange(connection, frame)
        for number in range(ROUNDS + 1):
            for kind, requests in kinds.items():
                for server, path in paths.items():
                    one = load.one_at_a_time(path, requests, ONE_AT_A_TIME)
                    many = load.in_flight(path, requests, IN_FLIGHT)
                    if number:  # the first round warms up
                        rates[server, kind, "one"].append(one)
                        rates[server, kind, "many"].append(many)
    return rates


def _print_rates(rates: Rates) -> None:
    print(f"Exchanges a second, medians of {ROUNDS} rounds; ratios to the echo, one at a time,")
    print("round by round.  cycle: create, reload, resume, remove, four requests.\n")
    print(f"{'':10}{'':10}{'one at a time':>20}{'8 x 32 in flight':>20}")
    print(f"{'request':10}{'server':10}{'rate':>12}{'ratio':>8}{'rate':>12}{'ratio':>8}")
    for kind in ("version", "info", "cycle"):
        base = rates["echo", kind, "one"]
        for server in ("echo", *PROFILES):
            row = f"{kind:10}{server:10}"
            for manner in ("one", "many"):
                values = rates[server, kind, manner]
                ratios = [value / mark for value, mark in zip(values, base, strict=True)]
                row += f"{statistics.median(values):12,.0f}{statistics.median(ratios):8.2f}"
            print(row)
    print()


def _print_reloads(directory: Path) -> None:
    print(f"reload, standard, --max-request raised, medians of {ROUNDS}:\n")
    print(f"{'entries':>10}{'MB':>8}{'ms':>10}{'us an entry':>14}")
    with (
        servers.mapper(directory, "standard", "--max-request", "100000000") as path,
        load.connect(path) as connection,
    ):
        load.exchange(connection, frames.create()[0])
        for entries in (100, 1_000, 10_000, 100_000):
            frame = frames.reload(frames.NAMES[0], entries)
            times = [_timed(connection, frame) for _ in range(ROUNDS)]
            seconds = statistics.median(times)
            per_entry = seconds / entries * 1e6
            print(f"{entries:10,}{len(frame) / 1e6:8.2f}{seconds * 1e3:10.2f}{per_entry:14.2f}")
    print()


def _timed(connection: socket.socket, frame: bytes) -> float:
    start = time.perf_counter()
    size = load.exchange(connection, frame)
    seconds = time.perf_counter() - start
    if size < len(frame):
        raise RuntimeError("the reload failed")
    return seconds


def _print_start(directory: Path) -> None:
    frame = frames.version()[0]
    pairs = [
        (servers.seconds_to_first_reply(directory, frame), servers.seconds_of_imports())
        for _ in range(2 * ROUNDS)
    ]
    reply = statistics.median(first for first, _ in pairs)
    imports = statistics.median(second for _, second in pairs)
    ratio = statistics.median(first / second for first, second in pairs)
    print(f"from start to first reply {reply * 1e3:.0f} ms;", end=" ")
    print(f"python -c '{servers.BASELINE}' {imports * 1e3:.0f} ms; ratio {ratio:.2f}\n")


def _print_lookups() -> None:
    entries = 1_000_000
    with DeviceMapper() as mapper:
        mapper.create("big")
        mapper.reload("big", (TableLine(number, 1, "zero") for number in range(entries)))
        mapper.resume("big")
        table = mapper.mapper.find("big").live
        random = Random(1)
        sectors = array("Q", (random.randrange(entries) for _ in range(100_000)))
        table.find(0)
        gc.collect()
        start = time.perf_counter()
        for sector in sectors:
            table.find(sector)
        seconds = (time.perf_counter() - start) / len(sectors)
    print(f"look-up in a table of {entries:,} entries: {seconds * 1e6:.2f} us")


if __name__ == "__main__":
    main()
