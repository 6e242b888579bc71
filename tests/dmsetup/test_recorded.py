"""NetBSD's own dmsetup, 211 command lines as recorded: status, output and requests are the same."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from netbsd_dm.capture.disks import offer_disks
from netbsd_dm.capture.format import read_capture
from netbsd_dm.client.blocking import Client
from netbsd_dm.plist import Grammar, PlistDict, dumps, loads
from tests.helpers.processes import running_server

from .conftest import Finished, run_here, run_process

RECORDING = Path(__file__).parents[2] / "fixtures" / "lvm2tools" / "dmsetup.jsonl"

NODES = "dmsetup asks about every node in /dev/mapper, too; nothing of ours lies there"

DIFFERENT = {
    30: ("requests", NODES),
    46: ("output", "dmsetup prints a byte of memory that it never set"),
    117: ("requests", "NetBSD's library leaves the text out; without it a message is none"),
    119: ("requests", "NetBSD's library leaves the number out; without it there is a race"),
    120: ("requests", "NetBSD's library never sends it; we ask whether the server has the command"),
    122: ("requests", NODES),
}
"""The command lines in which we differ on purpose: in what, and why."""


@dataclass(frozen=True)
class Recorded:
    """A command line, and what came of it."""

    number: int
    words: list[str]
    stdin: str
    status: int
    output: str
    requests: list[str] = field(default_factory=list)

    @property
    def title(self) -> str:
        """For the names of tests."""
        return f"{self.number:03} {' '.join(self.words)}"[:70]


def _read() -> Iterator[Recorded]:
    runs: dict[int, Recorded] = {}
    for line in RECORDING.read_text().splitlines():
        record: dict[str, Any] = json.loads(line)
        if "argv" in record:
            run = Recorded(
                record["run"],
                record["argv"][1:],
                record.get("stdin") or "",
                record["exit"],
                record["output"],
            )
            runs[run.number] = run
        elif "request" in record:
            runs[record["run"]].requests.append(record["request"])
    return iter(runs.values())


RUNS = list(_read())


@contextmanager
def recorded_server(directory: Path) -> Iterator[Path]:
    """A server with the recorded disks; the path of its socket."""
    disks = read_capture(RECORDING).disks
    options = [
        f"--device={disk.name}={offer.path},dev={disk.major}:{disk.minor}"
        for disk, offer in zip(disks, offer_disks(disks, directory), strict=True)
    ]
    with running_server(directory / "dm.sock", "--profile", "netbsd-9", *options) as path:
        yield path


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[int, Finished]]:
    """All command lines, done in order against one server with the recorded disks."""
    directory = tmp_path_factory.mktemp("recorded")
    requests: list[PlistDict] = []
    exchange = Client.exchange

    def observed(client: Client, request: PlistDict) -> PlistDict:
        requests.append(request)
        return exchange(client, request)

    with (
        pytest.MonkeyPatch.context() as patch,
        recorded_server(directory) as path,
    ):
        patch.setenv("NETBSD_DM_SOCKET", os.fspath(path))
        patch.setenv("LC_ALL", "C")
        patch.setattr(Client, "exchange", observed)
        yield {run.number: run_here(run.words, run.stdin, requests) for run in RUNS}


def _differences(run: Recorded, finished: Finished) -> list[str]:
    recorded = [loads(text.encode(), grammar=Grammar.PROPLIB) for text in run.requests]
    pairs = {
        "status": finished.status == run.status,
        # The recorded program kept its standard output until its end.
        "output": finished.err + finished.out == run.output,
        "requests": finished.requests == recorded,
    }
    return [name for name, is_equal in pairs.items() if not is_equal]


def test_the_recording_is_whole() -> None:
    assert [run.number for run in RUNS] == list(range(1, 212))
    assert sum(len(run.requests) for run in RUNS) == 497


@pytest.mark.parametrize(
    "run", [run for run in RUNS if run.number not in DIFFERENT], ids=lambda run: run.title
)
def test_it_comes_out_as_recorded(run: Recorded, finished: dict[int, Finished]) -> None:
    mine = finished[run.number]
    assert mine.status == run.status
    assert mine.err + mine.out == run.output
    assert [dumps(request).decode() for request in mine.requests] == run.requests


@pytest.mark.parametrize(
    "run", [run for run in RUNS if run.number in DIFFERENT], ids=lambda run: run.title
)
def test_it_differs_only_where_the_table_says(run: Recorded, finished: dict[int, Finished]) -> None:
    where, why = DIFFERENT[run.number]
    assert _differences(run, finished[run.number]) == [where], why


def test_the_table_of_differences_is_whole(finished: dict[int, Finished]) -> None:
    found = {run.number: _differences(run, finished[run.number]) for run in RUNS}
    for run in RUNS:
        if run.number in DIFFERENT:
            print(f"{run.title:40} {': '.join(DIFFERENT[run.number])}")  # noqa: T201 (pytest -rP)
    assert {number for number, where in found.items() if where} == DIFFERENT.keys()


def _recorded_requests(number: int) -> list[PlistDict]:
    return [loads(text.encode(), grammar=Grammar.PROPLIB) for text in RUNS[number - 1].requests]


@pytest.mark.parametrize("number", [30, 122])
def test_nothing_is_missing_but_the_nodes(number: int, finished: dict[int, Finished]) -> None:
    recorded = _recorded_requests(number)
    names = next(n for n, request in enumerate(recorded) if request["command"] == "names")
    not_nodes = [request for request in recorded[:names] if request["command"] != "mknodes"]
    assert finished[number].requests == not_nodes + recorded[names:]


@pytest.mark.parametrize(
    ("number", "added"),
    [
        (117, {"cmd_data": [{"message": "hello there", "sector": 0}]}),
        (119, {"event_nr": 3}),
    ],
)
def test_only_what_the_library_forgets_is_added(
    number: int, added: PlistDict, finished: dict[int, Finished]
) -> None:
    *before, last = _recorded_requests(number)
    assert finished[number].requests == [*before, last | added]


def test_the_garbage_is_all_that_is_missing(finished: dict[int, Finished]) -> None:
    assert finished[46].out == RUNS[45].output.replace("\x04", "")


def test_setgeometry_is_not_sent_to_a_driver_without_it(finished: dict[int, Finished]) -> None:
    assert finished[120].commands == ["info"]


def test_processes_print_the_same(tmp_path: Path) -> None:
    with recorded_server(tmp_path) as path:
        for run in [*RUNS[:16], RUNS[27], *RUNS[30:35]]:
            finished = run_process(*run.words, socket=path, stdin=run.stdin, joined=True)
            assert (finished.status, finished.out) == (run.status, run.output), run.title
