"""The command netbsd-dm as a process."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

COMMAND = (sys.executable, "-m", "netbsd_dm")


def run(
    *arguments: str | os.PathLike[str],
    stdin: bytes = b"",
    environment: dict[str, str] | None = None,
) -> "subprocess.CompletedProcess[bytes]":
    """Run netbsd-dm to its end, with what it printed."""
    return subprocess.run(
        [*COMMAND, *arguments],
        input=stdin,
        capture_output=True,
        check=False,
        env=os.environ | {"NO_COLOR": "1", "COLUMNS": "100"} | (environment or {}),
    )


@contextmanager
def started(*arguments: str | os.PathLike[str]) -> "Iterator[subprocess.Popen[bytes]]":
    """netbsd-dm running in the background; ended with SIGTERM if it has not ended itself."""
    with subprocess.Popen(
        [*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.wait()


@contextmanager
def running_server(path: Path, *options: str | os.PathLike[str]) -> Iterator[Path]:
    """A server at `path`, listening, for the time of a block."""
    with started("serve", "-U", path, *options) as process:
        await_line(process, b"listening on")
        yield path


def await_line(process: "subprocess.Popen[bytes]", text: bytes) -> bytes:
    """The first line on standard error that holds `text`; fails at its end."""
    assert process.stderr is not None
    seen = b""
    for line in process.stderr:
        seen += line
        if text in line:
            return line
    raise AssertionError(f"netbsd-dm ended with {process.wait()} and said: {seen.decode()}")
