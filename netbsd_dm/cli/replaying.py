"""netbsd-dm replay: recorded sessions against a server, and the report."""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NoReturn

import typer

from ..capture.access import Access, Outcome
from ..capture.diff import Side, first_difference
from ..capture.format import Capture, CaptureError, read_capture
from ..capture.replay import FreshServer, Peer, Result, Verdict, disk_differences
from ..capture.replay import replay as replay_capture
from ..client.blocking import Client, connect
from ..driver.profile import find_profile
from .options import FAILED, USAGE, exit_without_server, fail

_COLOURS = {Side.RECORDED: typer.colors.RED, Side.ANSWERED: typer.colors.GREEN, Side.BOTH: None}


def replay_all(captures: list[Path], socket: Path | None, profile: str, verbose: bool) -> NoReturn:
    """Replay every capture, report, and exit."""
    files = [file for path in captures for file in _files(path)]
    verdicts: Counter[Verdict] = Counter()
    reasons: Counter[str] = Counter()
    progress = _Progress(len(files))
    with exit_without_server():
        for path in files:
            capture = _read(path)
            progress.show(capture.name)
            with _peer(capture, profile, socket) as peer:
                for result in replay_capture(capture, peer):
                    verdicts[result.verdict] += 1
                    if result.reason:
                        reasons[result.reason] += 1
                    progress.clear()
                    _report(capture, result, verbose)
                if isinstance(peer, FreshServer) and capture.has_accesses:
                    for difference in disk_differences(capture, peer.changes()):
                        verdicts[Verdict.DIFFERENT] += 1
                        progress.clear()
                        typer.echo(f"{capture.name}: {difference}")
    progress.clear()
    for reason, count in reasons.most_common():
        typer.echo(f"skipped {count}: {reason}")
    typer.echo(", ".join(f"{verdicts[verdict]} {verdict.value}" for verdict in Verdict))
    raise typer.Exit(FAILED if verdicts[Verdict.DIFFERENT] else 0)


def _report(capture: Capture, result: Result, verbose: bool) -> None:
    title = f"{capture.name} {result.step.number} {result.step.label}"
    if result.verdict is Verdict.SKIPPED and verbose:
        typer.echo(f"{title}: skipped, {result.reason}")
    if result.verdict is not Verdict.DIFFERENT:
        return
    typer.secho(title, bold=True)
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


def _peer(capture: Capture, profile: str, socket: Path | None) -> AbstractContextManager[Peer]:
    if socket is None:
        return FreshServer(find_profile(profile), capture.disks, filled=capture.has_accesses)
    return _running(socket)


@contextmanager
def _running(socket: Path) -> Iterator[Peer]:
    with connect(socket) as client:
        yield _RunningServer(client)


class _RunningServer:
    """A server that was there before: it cannot be started afresh."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def exchange(self, request: bytes) -> bytes:
        return self._client.exchange_text(request)

    def access(self, access: Access) -> Outcome | None:
        return None

    def restart(self) -> bool:
        return False


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    files = sorted(path.rglob("*.jsonl"))
    if not files:
        fail(f"no captures (*.jsonl) in {path}", USAGE)
    return files


def _read(path: Path) -> Capture:
    try:
        return read_capture(path)
    except CaptureError as error:
        fail(str(error), USAGE)


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
