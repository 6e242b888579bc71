"""netbsd-dm iostat: the statistics of a server's devices, as tables or JSON."""

import itertools
import json
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import typer

from ..client.blocking import Client, connect
from ..wire.errors import DMError
from ..wire.replies import IoStatistics
from .options import USAGE, exit_without_server, fail
from .text import printable, with_unit

_HEADINGS = (
    "NAME",
    "READS",
    "WRITES",
    "READ",
    "WRITTEN",
    "FLUSHES",
    "DISCARDS",
    "ERRORS",
    "AVERAGE us",
    "SLOWEST us",
)


def report(
    names: Sequence[str],
    interval: float | None,
    count: int | None,
    *,
    as_json: bool,
    socket: Path | None,
) -> None:
    """Print one report, or every `interval` seconds one, `count` of them or until Ctrl-C."""
    if count is not None and interval is None:
        fail("--count needs --interval SECONDS", USAGE)
    last = 1 if interval is None else count
    before: dict[int, IoStatistics] = {}
    try:
        with exit_without_server(), connect(socket) as client:
            for number in itertools.count(1):
                found = {each.minor: each for each in _ask(client, names)}
                added = [
                    each.since(before[minor]) if minor in before else each
                    for minor, each in found.items()
                ]
                before = found
                typer.echo(_json(added) if as_json else _table(added))
                if number == last:
                    return
                time.sleep(interval or 0)
                if not as_json:
                    typer.echo()
    except KeyboardInterrupt:
        return


def _ask(client: Client, names: Sequence[str]) -> list[IoStatistics]:
    try:
        if not names:
            return client.iostat()
        return [each for name in names for each in client.iostat(name)]
    except DMError as error:
        fail(error.message)


def _json(devices: Iterable[IoStatistics]) -> str:
    return json.dumps([device._asdict() for device in devices])


def _table(devices: Iterable[IoStatistics]) -> str:
    rows = [_HEADINGS, *map(_row, devices)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(_line(row, widths) for row in rows)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    """The name to the left, the numbers to the right."""
    numbers = (cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
    return "  ".join((row[0].ljust(widths[0]), *numbers))


def _row(device: IoStatistics) -> tuple[str, ...]:
    return (
        printable(device.name) or f"minor {device.minor}",
        str(device.reads),
        str(device.writes),
        with_unit(device.read_bytes),
        with_unit(device.written_bytes),
        str(device.flushes),
        str(device.discards),
        str(device.errors),
        f"{device.average_latency_us:.1f}",
        f"{device.slowest_us:.1f}",
    )
