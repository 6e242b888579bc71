"""fio: what it writes it reads again, whatever the tables do meanwhile."""

import json
import subprocess
from typing import Any

import pytest

from netbsd_dm import TableLine

from .conftest import Server, fio

SECTORS = 32_000
ROUNDS = 100
CUTS = 64
CHUNK = 5
PART = 3 << 20

WHOLE = [TableLine(0, SECTORS, "striped", f"2 {CHUNK} /dev/wd0 0 /dev/wd1 0")]
UUID = "LVM-1"


def cut() -> list[TableLine]:
    """The table `WHOLE` in many lines, where full rows of chunks end."""
    row = 2 * CHUNK
    length = SECTORS // CUTS // row * row
    starts = [number * length for number in range(CUTS)]
    lines = []
    for start, end in zip(starts, [*starts[1:], SECTORS], strict=True):
        offset = start // 2
        params = f"2 {CHUNK} /dev/wd0 {offset} /dev/wd1 {offset}"
        lines.append(TableLine(start, end - start, "striped", params))
    return lines


def report(process: "subprocess.Popen[str]") -> list[dict[str, Any]]:
    """Its jobs, of which none met an error."""
    printed, said = process.communicate()
    complaint, brace, rest = printed.partition("{")
    assert process.returncode == 0, f"fio exited with {process.returncode}: {said}{complaint}"
    jobs = list(json.loads(brace + rest)["jobs"])
    assert [job["error"] for job in jobs] == [0] * len(jobs), said + complaint
    return jobs


def disturb(server: Server, process: "subprocess.Popen[str]") -> int:
    """Change everything about the device but where its sectors lie, until fio ends.

    Gives how many rounds that were; they are some `ROUNDS` at least.
    """
    dm, tables = server.dm, [cut(), WHOLE]
    while not dm.info(uuid=UUID).open_count:
        assert process.poll() is None, "fio ended before it began"
    rounds = 0
    while process.poll() is None or rounds < ROUNDS:
        dm.reload(uuid=UUID, lines=tables[rounds % 2])
        dm.suspend(uuid=UUID, no_flush=bool(rounds % 3))
        dm.rename(None, f"vol{rounds}", uuid=UUID)
        assert dm.info(uuid=UUID).target_count == len(tables[(rounds + 1) % 2])
        dm.resume(uuid=UUID)
        rounds += 1
        assert dm.info(uuid=UUID).target_count == len(tables[(rounds + 1) % 2])
    return rounds


@pytest.mark.parametrize(
    "options",
    [
        ["--rw=randwrite", "--bs=4k", "--size=15M"],
        ["--rw=randrw", "--bsrange=512-64k", "--bs_unaligned=1", "--size=15M", "--loops=3"],
        ["--rw=write", "--bs=256k", "--size=15M", "--loops=16", "--fsync=16"],
    ],
    ids=["random", "mixed", "sequential"],
)
def test_nothing_is_lost_while_tables_change(server: Server, options: list[str]) -> None:
    server.make("vol1", *WHOLE, uuid=UUID)
    with fio(server, server.uri(UUID), *options) as process:
        rounds = disturb(server, process)
        jobs = report(process)
    assert rounds >= ROUNDS
    assert jobs[0]["write"]["io_bytes"] > 0
    assert jobs[0]["read"]["io_bytes"] > 0, "nothing was verified"
    assert server.dm.iostat(uuid=UUID)[0].errors == 0


def test_four_connections_each_with_a_part_of_the_device(server: Server) -> None:
    uri = server.make("vol1", *WHOLE, uuid=UUID)
    options = ["--numjobs=4", f"--size={PART}", f"--offset_increment={PART}"]
    with fio(server, uri, "--rw=randwrite", "--bs=8k", *options) as process:
        jobs = report(process)
    assert [job["write"]["io_bytes"] for job in jobs] == [PART] * 4
    assert [job["read"]["io_bytes"] for job in jobs] == [PART] * 4, "not all was verified"
