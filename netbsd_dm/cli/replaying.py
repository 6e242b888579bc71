"""netbsd-dm replay: recorded sessions against a server, and the report."""

import logging
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import typer

from ..capture.diff import Side, first_difference
from ..capture.explain import Names, explain
from ..capture.format import Capture
from ..capture.replay import Played, Result, Verdict, disk_differences, play, replay
from ..driver.profile import Profile, find_profile
from .captures import capture_files, read_or_fail
from .options import FAILED, exit_without_server
from .running import RunningServer

_COLOURS = {Side.RECORDED: typer.colors.RED, Side.ANSWERED: typer.colors.GREEN, Side.BOTH: None}


def replay_all(
    captures: list[Path], socket: Path | None, profile: str, timeout_seconds: float, verbose: bool
) -> NoReturn:
    """Replay every capture, report, and exit."""
    files = list(capture_files(captures))
    chosen = find_profile(profile)
    progress = _Progress(len(files))
    report = _Report(verbose)
    with exit_without_server():
        for path in files:
            capture = _read(path)
            progress.show(capture.name)
            played = _played(capture, chosen, socket, timeout_seconds)
            with _without_log():
                explained = explain(capture, chosen, played)
            progress.clear()
            for result, names in zip(played.results, explained.steps, strict=True):
                report.step(capture, result, names)
            if played.changes is not None:
                for difference in disk_differences(capture, played.changes):
                    report.disk(capture, difference, explained.disks)
    report.summary()
    raise typer.Exit(FAILED if report.verdicts[Verdict.DIFFERENT] else 0)


def _played(
    capture: Capture, profile: Profile, socket: Path | None, timeout_seconds: float
) -> Played:
    if socket is None:
        return play(capture, profile)
    with RunningServer(socket, timeout_seconds) as server:
        return Played(tuple(replay(capture, server)))


@contextmanager
def _without_log() -> Iterator[None]:
    """What replays log that nobody asked for is of no interest."""
    logging.disable()
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


@dataclass(slots=True)
class _Report:
    """Counts what came of the steps, and prints what is to be seen."""

    verbose: bool
    verdicts: Counter[Verdict] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    deviations: Counter[str] = field(default_factory=Counter)
    deviating: int = 0

    def step(self, capture: Capture, result: Result, names: Names | None) -> None:
        """Take in one step; `names` says what a difference is due to."""
        title = f"{capture.name} {result.step.number} {result.step.label}"
        if names is None:
            self.verdicts[result.verdict] += 1
        else:
            self._deviates(names)
            title = f"{title}: deviates, {_listed(names)}"
        if result.reason:
            self.reasons[result.reason] += 1
        if result.verdict is Verdict.SKIPPED and self.verbose:
            typer.echo(f"{title}: skipped, {result.reason}")
        if result.verdict is Verdict.DIFFERENT and (names is None or self.verbose):
            typer.secho(title, bold=True)
            _show_difference(result)

    def disk(self, capture: Capture, difference: str, names: Names | None) -> None:
        """Take in a difference of a disk at the end of a capture."""
        if names is None:
            self.verdicts[Verdict.DIFFERENT] += 1
            typer.echo(f"{capture.name}: {difference}")
            return
        self._deviates(names)
        if self.verbose:
            typer.echo(f"{capture.name}: {difference}: deviates, {_listed(names)}")

    def summary(self) -> None:
        """Print the counts."""
        for reason, count in self.reasons.most_common():
            typer.echo(f"skipped {count}: {reason}")
        for name, count in self.deviations.most_common():
            typer.echo(f"deviates {count}: {name}")
        counts = [f"{self.verdicts[verdict]} {verdict.value}" for verdict in Verdict]
        if self.deviating:
            counts.append(f"{self.deviating} deviate")
        typer.echo(", ".join(counts))

    def _deviates(self, names: Names) -> None:
        self.deviating += 1
        self.deviations.update(sorted(names))


def _listed(names: Names) -> str:
    return ", ".join(sorted(names))


def _show_difference(result: Result) -> None:
    if result.step.access is not None:
        typer.secho(f"- {result.step.access.recorded}", fg=_COLOURS[Side.RECORDED])
        typer.secho(f"+ {result.outcome}", fg=_COLOURS[Side.ANSWERED])
        return
    recorded = result.step.reply.text if result.step.reply else None
    if recorded is None:
        typer.echo("  the recorded reply is too long to be shown; size or checksum differ")
        return
    for line in first_difference(recorded, result.reply or b""):
        shown = line.text.encode("utf-8", "backslashreplace").decode()
        typer.secho(f"{line.side.value} {line.number:4} {shown}", fg=_COLOURS[line.side])


def _read(path: Path) -> Capture:
    capture = read_or_fail(path)
    if capture.is_cut:
        typer.echo(f"netbsd-dm: {path} was interrupted: its last line is left out", err=True)
    return capture


class _Progress:
    """Which capture is being replayed, on a terminal's last line."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._count = 0
        self._wanted = total > 1 and sys.stderr.isatty()
        self._shown = False

    def show(self, name: str) -> None:
        self._count += 1
        if self._wanted:
            typer.echo(f"\r\x1b[K[{self._count}/{self._total}] {name}", err=True, nl=False)
            self._shown = True

    def clear(self) -> None:
        if self._shown:
            typer.echo("\r\x1b[K", err=True, nl=False)
            self._shown = False
