"""netbsd-dm capture: showing, checking, trimming and comparing recorded sessions."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NoReturn

import typer

from ..capture.aligning import Pair, align
from ..capture.checking import check
from ..capture.format import CaptureError, Step, capture_of
from ..capture.readable import TABLE_LINES_MAX
from ..capture.records import read_lines
from ..capture.selection import Selection, choose
from ..capture.session import Followed, follow
from ..capture.showing import shown, shown_head
from ..capture.trimming import Trimmed, trim
from ..plist.display import printable
from ..plist.escapes import to_text
from .captures import capture_files, read_or_fail
from .options import FAILED, USAGE, fail

_BELOW: Final = " " * 11
_TAB: Final = " " * 4


def show_all(paths: list[Path], wanted: Selection, *, xml: bool, whole_tables: bool) -> None:
    """Print captures: the head of each, and the entries that are wanted."""
    lines_max = sys.maxsize if whole_tables else TABLE_LINES_MAX
    for number, path in enumerate(capture_files(paths)):
        capture = read_or_fail(path)
        if number:
            typer.echo()
        for place, line in enumerate(shown_head(capture)):
            typer.secho(line, bold=place == 0)
        for _, followed, is_taken in choose(follow(capture.entries), wanted):
            if is_taken:
                _print_lines(shown(followed, lines_max))
                if xml:
                    _print_lines(_texts(followed))
        if capture.is_cut:
            reason = "the recording was interrupted: its last line is incomplete"
            typer.echo(f"netbsd-dm: {path}: {reason}", err=True)


def _texts(followed: Followed) -> Iterator[str]:
    """The texts of an exchange, line by line."""
    if followed.meaning is None:
        return
    for mark, text in ((">", followed.meaning.request_text), ("<", followed.meaning.reply_text)):
        for line in to_text(text).removesuffix("\n").split("\n") if text else ():
            content = line.lstrip("\t")
            indent = _TAB * (len(line) - len(content))
            yield f"{_BELOW}{mark} {indent}{printable(content)}"


def check_all(paths: list[Path]) -> NoReturn:
    """Print all problems of captures, and exit."""
    files = steps = errors = 0
    for path in capture_files(paths):
        try:
            checked = check(path)
        except OSError as error:
            fail(f"cannot read {path}: {error.strerror}", USAGE)
        files += 1
        steps += checked.steps
        errors += checked.errors
        for problem in checked.problems:
            hint = "hint: " if problem.is_hint else ""
            typer.echo(f"{path}:{problem.line}: {hint}{printable(problem.text)}")
    verdict = "ok" if not errors else f"{errors} error{'' if errors == 1 else 's'}"
    typer.echo(f"{_counted(files, 'file')}, {_counted(steps, 'step')}, {verdict}")
    raise typer.Exit(FAILED if errors else 0)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def write_trimmed(path: Path, wanted: Selection, output: Path | None) -> None:
    """Write what is wanted of a capture to a new file, or print it."""
    try:
        lines = list(read_lines(path))
        trimmed = trim(lines, capture_of(path, lines), wanted)
    except CaptureError as error:
        fail(str(error), USAGE)
    except OSError as error:
        fail(f"cannot read {path}: {error.strerror}", USAGE)
    _write(trimmed, output)
    for remark in trimmed.remarks:
        typer.echo(f"netbsd-dm: {printable(remark)}", err=True)
    typer.echo(f"{trimmed.kept} of {_counted(trimmed.total, 'step')} kept", err=True)


def _write(trimmed: Trimmed, output: Path | None) -> None:
    if output is None:
        sys.stdout.buffer.writelines(trimmed.lines)
        sys.stdout.buffer.flush()
        return
    try:
        file = output.open("xb")
    except FileExistsError:
        fail(f"{output} exists: name another file, or remove it", USAGE)
    except OSError as error:
        fail(f"cannot create {output}: {error.strerror}", USAGE)
    try:
        with file:
            file.writelines(trimmed.lines)
    except OSError as error:
        output.unlink(missing_ok=True)
        fail(f"cannot write {output}: {error.strerror}")


def print_differences(old: Path, new: Path, *, only_meaning: bool) -> NoReturn:
    """Print in what two captures differ, and exit."""
    pairs = list(align(read_or_fail(old), read_or_fail(new), only_meaning=only_meaning))
    different = [pair for pair in pairs if not pair.is_same]
    for pair in different:
        _print_pair(pair)
    only_old = sum(pair.new is None for pair in pairs)
    only_new = sum(pair.old is None for pair in pairs)
    changed = len(different) - only_old - only_new
    typer.echo(
        f"{len(pairs) - len(different)} steps are the same, {changed} differ,"
        f" {only_old} only in {old}, {only_new} only in {new}"
    )
    raise typer.Exit(FAILED if different else 0)


def _print_pair(pair: Pair) -> None:
    if pair.old is not None and pair.new is not None:
        first = next(shown(pair.old))
        typer.echo(f" {first}" + _number_there(pair.old, pair.new))
        _print_lines(f"{_BELOW}{line}" for line in pair.differences)
    elif pair.old is not None:
        _print_marked("-", pair.old, typer.colors.RED)
    elif pair.new is not None:
        _print_marked("+", pair.new, typer.colors.GREEN)


def _number_there(old: Followed, new: Followed) -> str:
    one, other = old.entry, new.entry
    if isinstance(one, Step) and isinstance(other, Step) and one.number != other.number:
        return f"  (there {other.number})"
    return ""


def _print_marked(mark: str, followed: Followed, colour: str) -> None:
    for line in shown(followed):
        typer.secho(f"{mark}{line}", fg=colour)


def _print_lines(lines: Iterator[str]) -> None:
    for line in lines:
        typer.echo(line)
