"""The control socket as a file: bound, guarded against a second server, unlinked."""

import errno
import fcntl
import os
import socket
import stat
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from ..wire.address import PATH_BYTES_MAX
from .settings import ServeError

_BACKLOG = 1024
_LOCK_ATTEMPTS = 50
"""Just over a second: others hold it for a fraction of a millisecond."""


@contextmanager
def listening_socket(path: Path, mode: int, option: str = "--socket") -> Iterator[socket.socket]:
    """A listening Unix socket at `path` with that file mode; it does not block.

    Refuses to start where a server is listening, replaces a dead socket, and
    unlinks at the end the file it made, but no other.  `option` is what named the
    path, for messages.  Raises `ServeError`.
    """
    length = len(os.fsencode(path))
    if length > PATH_BYTES_MAX:
        raise ServeError(
            f"the socket path {path} has {length} bytes, and {PATH_BYTES_MAX} fit:"
            f" give a shorter {option}"
        )
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as listener:
        try:
            with _directory_lock(path.parent, option):
                _remove_dead(path, option)
                _bind(listener, path, mode)
        except OSError as error:
            raise ServeError(
                f"cannot listen on {path}: {error.strerror}; give another {option}"
            ) from None
        made = path.lstat()
        listener.setblocking(False)
        try:
            yield listener
        finally:
            _unlink_if_same(path, made)


@contextmanager
def _directory_lock(directory: Path, option: str) -> Iterator[None]:
    """Keep other servers from looking at the same dead socket meanwhile."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _lock(descriptor, directory, option)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, directory: Path, option: str) -> None:
    """Take the lock, but not wait for ever: anybody can hold one on /tmp."""
    for attempt in range(_LOCK_ATTEMPTS):
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.001 * attempt)
    raise ServeError(
        f"another process keeps {directory} locked: give a {option} in another directory"
    )


def _remove_dead(path: Path, option: str) -> None:
    try:
        status = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(status.st_mode):
        raise ServeError(f"{path} exists and is no socket: give another {option}")
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as probe:
        probe.setblocking(False)
        try:
            probe.connect(os.fspath(path))
        except ConnectionRefusedError:
            path.unlink()
            return
        except BlockingIOError:
            pass  # its backlog is full, so somebody listens
        except OSError as error:
            if error.errno != errno.ENOENT:
                raise
            return
    raise ServeError(f"a server is listening on {path} already: stop it, or give another {option}")


def _bind(listener: socket.socket, path: Path, mode: int) -> None:
    # Through the umask, so that the file never has a wider mode, not for a moment.
    before = os.umask(0o777 & ~mode)
    try:
        listener.bind(os.fspath(path))
    finally:
        os.umask(before)
    listener.listen(_BACKLOG)


def _unlink_if_same(path: Path, made: os.stat_result) -> None:
    with suppress(FileNotFoundError):
        now = path.lstat()
        if (now.st_dev, now.st_ino) == (made.st_dev, made.st_ino):
            path.unlink()
