"""netbsd-dm exec: a program under the shim, on a server of its own."""

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.helpers.processes import COMMAND, run
from tests.shim.conftest import compiler, fake_compiler


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the shim is kept, for all tests of this file; private sockets are in `tmp`."""
    compiler()
    base = tmp_path_factory.getbasetemp()
    monkeypatch.setenv("XDG_CACHE_HOME", str(base / "exec-cache"))
    monkeypatch.setenv("TMPDIR", str(base / "exec"))
    (base / "exec").mkdir(exist_ok=True)
    return base


@pytest.fixture(autouse=True)
def nothing_is_left(cache: Path) -> Iterator[None]:
    """No private socket outlives its program."""
    yield
    assert list((cache / "exec").iterdir()) == []


def test_the_program_finds_a_device_mapper() -> None:
    script = "test -c /dev/mapper/control && ls /dev/mapper"
    finished = run("exec", "--", "sh", "-c", script)
    assert (finished.returncode, finished.stdout, finished.stderr) == (0, b"control\n", b"")


def test_it_finds_the_server_in_other_ways_too(tmp_path: Path) -> None:
    image = tmp_path / "disk.img"
    image.write_bytes(b"x" * 4096)
    script = (
        'dm=$(printf "%s\\n" "import netbsd_dm" "dm = netbsd_dm.connect()" "dm.create(\'vol1\')"'
        " \"dm.reload('vol1', [netbsd_dm.TableLine(0, 8, 'linear', '/dev/wd1a 0')])\""
        ' "dm.resume(\'vol1\')"); cd /; python -c "$dm" && test -S "$NETBSD_DM_NBD" &&'
        " cat /dev/mapper/vol1"
    )
    python = Path(COMMAND[0]).parent
    finished = run(
        "exec",
        f"--device=/dev/wd1a={image}",
        "sh",
        "-c",
        script,
        environment={"PATH": f"{python}:{os.environ['PATH']}"},
    )
    assert (finished.returncode, finished.stdout) == (0, b"x" * 4096), finished.stderr


def test_options_behind_the_program_are_its_own() -> None:
    for separator in ([], ["--"]):
        finished = run("exec", *separator, "printf", "%s,", "--profile", "-d", "--")
        assert finished.stdout == b"--profile,-d,--,", finished.stderr


def test_input_and_output_are_the_programs() -> None:
    finished = run("exec", "sh", "-c", "cat; echo aside >&2", stdin=b"some\0bytes")
    assert (finished.stdout, finished.stderr) == (b"some\0bytes", b"aside\n")


def test_no_shell_is_between() -> None:
    finished = run("exec", "printf", "%s", "$HOME; *")
    assert finished.stdout == b"$HOME; *"


@pytest.mark.parametrize(
    ("script", "status"), [("exit 7", 7), ("kill -9 $$", 137), ("kill -TERM $$", 143)]
)
def test_the_exit_status_is_passed_on(script: str, status: int) -> None:
    assert run("exec", "sh", "-c", script).returncode == status


def test_what_cannot_be_run_is_126_and_what_is_not_there_127(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.touch()
    finished = run("exec", text)
    assert finished.returncode == 126
    assert finished.stderr.decode() == f"netbsd-dm: cannot run {text}: Permission denied\n"
    finished = run("exec", "nosuch-program")
    assert finished.returncode == 127
    assert b"netbsd-dm: cannot run nosuch-program: No such file or directory" in finished.stderr


def test_another_preloaded_library_stays() -> None:
    finished = run("exec", "printenv", "LD_PRELOAD", environment={"LD_PRELOAD": "libm.so.6"})
    shim, other = finished.stdout.decode().strip().split(":")
    assert Path(shim).name.startswith("shim-")
    assert other == "libm.so.6"


def test_the_options_of_serve_are_taken(tmp_path: Path) -> None:
    paths = {"-U": "dm.sock", "--nbd": "nbd.sock", "-P": "pid"}
    options = [word for name, path in paths.items() for word in (name, str(tmp_path / path))]
    script = 'test -S "$1/dm.sock" && test -S "$1/nbd.sock" && test -s "$1/pid"; ls /dev/mapper'
    finished = run(
        "exec", *options, "--profile", "netbsd-9", "sh", "-c", script, "sh", str(tmp_path)
    )
    assert (finished.returncode, finished.stdout) == (0, b"control\n"), finished.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "status", "hint"),
    [
        ([], 2, "PROGRAM"),
        (["--nosuch", "true"], 2, "--nosuch"),
        (["--device", "wd1a", "true"], 2, "is not of the form NAME=FILE"),
        (["--fault", "nonsense", "true"], 2, "--fault"),
        (["-U", "/nosuch/dm.sock", "true"], 1, "cannot listen on /nosuch/dm.sock"),
        (["--run", "true"], 2, "--run"),
    ],
)
def test_wrong_options_are_refused_and_nothing_runs(
    options: list[str], status: int, hint: str
) -> None:
    finished = run("exec", *options)
    assert finished.returncode == status
    assert hint in " ".join(finished.stderr.decode().replace("│", " ").split())


def test_a_cache_that_cannot_be_preloaded_is_told(tmp_path: Path) -> None:
    cache = {"XDG_CACHE_HOME": str(tmp_path / "a blank"), "CC": fake_compiler(tmp_path)}
    finished = run("exec", "true", environment=cache)
    assert finished.returncode == 1
    assert b"blanks or colons cannot be preloaded" in finished.stderr
    assert b"set XDG_CACHE_HOME" in finished.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_it_is_the_programs_to_handle(number: signal.Signals) -> None:
    script = f"trap 'echo caught; exit 9' {number.name[3:]}; echo ready; while :; do read x; done"
    with subprocess.Popen(
        [*COMMAND, "exec", "sh", "-c", script], stdout=subprocess.PIPE, stdin=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(number)
        assert process.stdout.readline() == b"caught\n"
        assert process.wait() == 9


@contextmanager
def in_terminal(*command: str) -> "Iterator[tuple[subprocess.Popen[bytes], int]]":
    """A program that has a terminal of its own, and our end of it."""
    ours, theirs = pty.openpty()
    # The first one that the leader of a session without a terminal opens becomes its own.
    take = "import os, sys; os.close(os.open(os.ttyname(0), os.O_RDWR)); os.execvp(sys.argv[1], {})"
    taking = [sys.executable, "-c", take.format("sys.argv[1:]"), *command]
    try:
        with subprocess.Popen(
            taking, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
        ) as process:
            os.close(theirs)
            yield process, ours
    finally:
        os.close(ours)


def until(descriptor: int, text: bytes) -> bytes:
    """What a terminal shows, up to `text`."""
    shown = b""
    while text not in shown:
        shown += os.read(descriptor, 1000)
    return shown


def test_an_interrupt_at_the_terminal_is_the_programs() -> None:
    script = "trap 'echo caught' INT; echo ready; read line; ls /dev/mapper; exit 4"
    with in_terminal(*COMMAND, "exec", "sh", "-c", script) as (process, terminal):
        until(terminal, b"ready")
        os.write(terminal, b"\3")
        until(terminal, b"caught")
        os.write(terminal, b"go on\n")
        until(terminal, b"control")  # the server is still there
        assert process.wait() == 4


def test_an_interrupt_ends_a_program_that_does_not_handle_it() -> None:
    with in_terminal(*COMMAND, "exec", "cat") as (process, terminal):
        os.write(terminal, b"hello\n")
        until(terminal, b"hello\r\nhello\r\n")  # the terminal's echo, and the program's
        os.write(terminal, b"\3")
        assert process.wait() == 128 + signal.SIGINT


def test_a_stop_at_the_terminal_stops_both() -> None:
    shell = "set -m; " + " ".join(COMMAND) + ' exec sh -c "echo ready; read line; ls /dev/mapper"'
    with in_terminal("sh", "-c", f"{shell}; echo status $?; fg; echo ended $?") as (process, ours):
        until(ours, b"ready")
        os.write(ours, b"\x1a")
        until(ours, b"status")
        os.write(ours, b"go on\n")
        until(ours, b"control")
        until(ours, b"ended 0")
        assert process.wait() == 0
