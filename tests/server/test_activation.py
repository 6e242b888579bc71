"""Sockets that are handed over as systemd does it, with a real process."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from netbsd_dm.server.activation import activated_listener, forget_activation
from netbsd_dm.server.settings import ServeError

from ..helpers.nbd import GREETING
from ..helpers.processes import COMMAND, await_line

HAND_OVER = """
import os, sys
if sys.argv[1] == "-":
    os.closerange(3, 4)
else:
    os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=sys.argv[2], LISTEN_FDNAMES="nbd")
os.execv(sys.argv[3], sys.argv[3:])
"""
"""Puts the descriptor where it belongs, tells of it, and becomes the server."""


@contextmanager
def activated(
    descriptor: int | None, *options: str | os.PathLike[str], count: str = "1"
) -> Iterator["subprocess.Popen[bytes]"]:
    given = "-" if descriptor is None else str(descriptor)
    with subprocess.Popen(
        [sys.executable, "-c", HAND_OVER, given, count, *COMMAND, "serve", *options],
        pass_fds=() if descriptor is None else (descriptor,),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"NO_COLOR": "1", "COLUMNS": "200"},
    ) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.wait()


def greeting_of(address: str | tuple[str, int]) -> bytes:
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    with closing(socket.socket(family, socket.SOCK_STREAM)) as client:
        client.connect(address)
        return client.recv(len(GREETING), socket.MSG_WAITALL)


def test_clients_of_the_socket_handed_over_are_served(tmp_path: Path) -> None:
    path = tmp_path / "nbd.sock"
    with closing(socket.socket(socket.AF_UNIX)) as listener:
        listener.bind(os.fspath(path))
        listener.listen()
        with activated(listener.fileno(), "-U", tmp_path / "dm.sock") as process:
            await_line(process, b"listening on")
            listener.close()
            assert greeting_of(os.fspath(path)) == GREETING
    assert path.exists(), "whoever made the socket's file removes it"


def test_a_socket_of_another_kind_is_served_too(tmp_path: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        activated(listener.fileno(), "-U", tmp_path / "dm.sock") as process,
    ):
        await_line(process, b"listening on")
        address = listener.getsockname()
        listener.close()
        assert greeting_of(address) == GREETING


def test_a_command_that_the_server_runs_is_told_nothing_of_it() -> None:
    with closing(socket.socket(socket.AF_UNIX)) as listener:
        listener.bind("")  # the kernel chooses a name
        listener.listen()
        with activated(listener.fileno(), "--run", "env; ls -l /proc/self/fd") as process:
            out, _ = process.communicate()
            assert process.returncode == 0
    assert b"NETBSD_DM_SOCKET=" in out
    assert b"LISTEN_" not in out
    assert b"socket:" not in out, "it got the socket itself"


@pytest.mark.parametrize(
    ("kind", "count", "options", "status", "said"),
    [
        ("listening", "2", [], 1, b"hand over one socket"),
        ("listening", "none", [], 1, b"LISTEN_FDS is none"),
        ("listening", "1", ["--nbd", "nbd.sock"], 1, b"leave one of them out"),
        ("unbound", "1", [], 1, b"does not listen"),
        ("file", "1", [], 1, b"descriptor 3: Socket operation on non-socket"),
        ("nothing", "1", [], 1, b"descriptor 3: Bad file descriptor"),
    ],
)
def test_what_else_is_handed_over_ends_the_server(
    tmp_path: Path, kind: str, count: str, options: list[str], status: int, said: bytes
) -> None:
    with closing(socket.socket(socket.AF_UNIX)) as listener, (tmp_path / "x").open("wb") as file:
        if kind == "listening":
            listener.bind("")
            listener.listen()
        given = {"file": file.fileno(), "nothing": None}.get(kind, listener.fileno())
        with activated(given, "-U", tmp_path / "dm.sock", *options, count=count) as process:
            _, err = process.communicate()
            assert process.returncode == status, err.decode()
    assert said in err
    assert b"Traceback" not in err
    assert not (tmp_path / "dm.sock").exists()


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"LISTEN_FDS": "1"},
        {"LISTEN_PID": "ours"},
        {"LISTEN_PID": "ours", "LISTEN_FDS": ""},
        {"LISTEN_PID": "1", "LISTEN_FDS": "1"},
        {"LISTEN_PID": "no number", "LISTEN_FDS": "17"},
    ],
)
def test_what_is_meant_for_others_is_left_alone(environ: dict[str, str]) -> None:
    ours = {name: value.replace("ours", str(os.getpid())) for name, value in environ.items()}
    assert activated_listener(ours) is None


def test_more_than_one_is_refused_before_any_is_touched() -> None:
    with pytest.raises(ServeError, match="hand over one socket, that for NBD"):
        activated_listener({"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "3"})


def test_forgetting_takes_every_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"):
        monkeypatch.setenv(name, "1")
    forget_activation()
    assert not [name for name in os.environ if name.startswith("LISTEN_")]
    forget_activation()
