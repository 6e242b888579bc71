"""What concerns other processes: the pid file, the parent."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .settings import ServeError

_PR_SET_PDEATHSIG = 1
_PID_TEXT_MAX = 32


@contextmanager
def pid_file(path: Path) -> Iterator[None]:
    """The number of this process in `path`, whole or not at all, until the end."""
    text = f"{os.getpid()}\n"
    try:
        if path.exists() and not path.read_bytes()[:_PID_TEXT_MAX].strip().isdigit():
            raise ServeError(f"{path} exists and is no pid file: give another --pid-file")
        _replace(path, text)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ServeError(f"cannot write the pid file {path}: {reason}") from None
    try:
        yield
    finally:
        with suppress(OSError):
            if path.read_text(encoding="ascii") == text:  # and not that of a later server
                path.unlink()


def _replace(path: Path, text: str) -> None:
    """Write a file in one step; what is at `path` before or after is whole."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    # Only a file that we make: in /tmp a link could be waiting there.
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
        draft.replace(path)
    except OSError:
        draft.unlink()
        raise


def exit_with_parent() -> None:
    """Have the kernel send this process SIGTERM when its parent ends (prctl(2))."""
    import ctypes

    parent = os.getppid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0) != 0:
        raise ServeError(f"--exit-with-parent: {os.strerror(ctypes.get_errno())}")
    if os.getppid() != parent:  # it ended while we asked
        raise ServeError("--exit-with-parent: the parent has ended already")
