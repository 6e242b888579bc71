"""The socket as a file: its mode, a second server, a dead one, its end."""

import fcntl
import os
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from netbsd_dm import ServeError
from netbsd_dm.server.listener import listening_socket


def leave_dead_socket(path: Path) -> None:
    """What a server that was killed leaves behind."""
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(os.fspath(path))


def path_of_length(directory: Path, length: int) -> Path:
    """A path below `directory` of exactly so many bytes."""
    return directory / ("s" * (length - len(os.fsencode(directory)) - 1))


@pytest.mark.parametrize("mode", [0o600, 0o660, 0o666])
def test_the_socket_file_has_the_mode_asked_for(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "dm.sock"
    with listening_socket(path, mode):
        assert path.stat().st_mode & 0o777 == mode


def test_a_second_server_on_a_live_socket_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "dm.sock"
    with (
        listening_socket(path, 0o600) as listener,
        pytest.raises(ServeError, match=r"listening on .* already: stop it, or give another"),
        listening_socket(path, 0o600),
    ):
        pass
    assert listener.fileno() == -1
    assert not path.exists()


def test_a_dead_socket_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "dm.sock"
    leave_dead_socket(path)
    with listening_socket(path, 0o600), socket.socket(socket.AF_UNIX) as client:
        client.connect(os.fspath(path))


def test_a_file_that_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "precious"
    path.write_text("data")
    with (
        pytest.raises(ServeError, match="exists and is no socket"),
        listening_socket(path, 0o600),
    ):
        pass
    assert path.read_text() == "data"


def test_servers_that_start_together_wait_for_each_other(tmp_path: Path) -> None:
    def start(number: int) -> None:
        for turn in range(20):
            with listening_socket(tmp_path / f"{number}-{turn}.sock", 0o600):
                pass

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(start, range(8)))
    assert list(tmp_path.iterdir()) == []


def test_two_servers_that_start_together_do_not_both_replace_a_dead_socket(
    tmp_path: Path,
) -> None:
    path = tmp_path / "dm.sock"
    leave_dead_socket(path)
    directory = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(directory, fcntl.LOCK_EX)
    with (
        pytest.raises(ServeError, match=r"keeps .* locked: give a --socket in another"),
        listening_socket(path, 0o600),
    ):
        pass
    os.close(directory)
    with listening_socket(path, 0o600):
        assert path.exists()


def test_a_path_of_107_bytes_is_listened_on(tmp_path: Path) -> None:
    path = path_of_length(tmp_path, 107)
    with listening_socket(path, 0o600), socket.socket(socket.AF_UNIX) as client:
        client.connect(os.fspath(path))


def test_a_path_of_108_bytes_is_refused_with_the_limit(tmp_path: Path) -> None:
    path = path_of_length(tmp_path, 108)
    with (
        pytest.raises(ServeError, match="has 108 bytes, and 107 fit"),
        listening_socket(path, 0o600),
    ):
        pass


def test_a_directory_that_is_missing_is_named(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "dm.sock"
    with (
        pytest.raises(ServeError, match=f"cannot listen on {path}: No such file"),
        listening_socket(path, 0o600),
    ):
        pass


def test_only_the_file_we_made_is_unlinked(tmp_path: Path) -> None:
    path = tmp_path / "dm.sock"
    with listening_socket(path, 0o600):
        path.unlink()
        leave_dead_socket(path)
    assert path.exists(), "the socket of another server was unlinked"
