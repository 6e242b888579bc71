"""Capture files as arguments: which files, what they hold, which of their steps."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from ..capture.format import Capture, CaptureError, read_capture
from ..capture.selection import Selection, parse_numbers
from .options import USAGE, fail


def capture_files(paths: Sequence[Path]) -> Iterator[Path]:
    """The files that are named, and those of the folders that are."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        files = sorted(path.rglob("*.jsonl"))
        if not files:
            fail(f"no captures (*.jsonl) in {path}", USAGE)
        yield from files


def read_or_fail(path: Path) -> Capture:
    """A capture; ends the program if it cannot be read."""
    try:
        return read_capture(path)
    except CaptureError as error:
        fail(str(error), USAGE)
    except OSError as error:
        fail(f"cannot read {path}: {error.strerror}", USAGE)


def selection(
    steps: list[str] | None,
    commands: list[str] | None,
    devices: list[str] | None,
    *,
    only_stable: bool = False,
) -> Selection:
    """What options ask for; ends the program if they cannot be understood."""
    try:
        numbers = [each for text in steps or () for each in parse_numbers(text)]
    except ValueError as error:
        fail(str(error), USAGE)
    return Selection(
        tuple(numbers), frozenset(commands or ()), tuple(devices or ()), only_stable=only_stable
    )
