"""netbsd-dm serve as a process: how it starts, what it refuses, how it ends."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import netbsd_dm
from netbsd_dm import NoServerError
from tests.helpers.processes import COMMAND, await_line, run, running_server, started

STOPPED = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])


@STOPPED
def test_a_signal_ends_it_in_good_order(tmp_path: Path, number: signal.Signals) -> None:
    path, pid_file = tmp_path / "dm.sock", tmp_path / "pid"
    with started("serve", "-U", path, "-P", pid_file) as process:
        await_line(process, b"listening on")
        assert int(pid_file.read_text()) == process.pid
        process.send_signal(number)
        assert process.wait() == 0
    assert list(tmp_path.iterdir()) == []


def test_the_pid_file_is_written_after_listening(tmp_path: Path) -> None:
    path, pid_file = tmp_path / "dm.sock", tmp_path / "pid"
    with started("serve", "-U", path, "-P", pid_file) as process:
        while not pid_file.exists():
            assert process.poll() is None
        with netbsd_dm.connect(path) as client:
            client.version()


def test_the_socket_is_for_its_owner_alone(tmp_path: Path) -> None:
    with running_server(tmp_path / "dm.sock") as path:
        assert path.stat().st_mode & 0o777 == 0o600
    with running_server(tmp_path / "dm.sock", "--socket-mode", "0660") as path:
        assert path.stat().st_mode & 0o777 == 0o660


def test_run_passes_the_exit_status_on(tmp_path: Path) -> None:
    script = 'test -S "$NETBSD_DM_SOCKET" && echo "$NETBSD_DM_SOCKET" && exit 7'
    finished = run("serve", "--run", script)
    assert finished.returncode == 7
    assert finished.stderr == b""
    private = Path(finished.stdout.decode().strip())
    assert not private.parent.exists(), "the private socket's directory was left behind"


def test_run_reports_a_command_that_a_signal_ended() -> None:
    assert run("serve", "--run", "kill -TERM $$").returncode == 128 + signal.SIGTERM


def test_the_command_finds_the_socket_from_another_directory(tmp_path: Path) -> None:
    path = os.path.relpath(tmp_path / "relative.sock")
    finished = run("serve", "-U", path, "--run", 'cd / && test -S "$NETBSD_DM_SOCKET"')
    assert finished.returncode == 0, finished.stderr


def test_a_command_that_is_cut_short_by_a_signal_is_no_success(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    with started("serve", "--run", f"touch {begun}; exec sleep 600") as process:
        while not begun.exists():
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 128 + signal.SIGTERM


def test_a_pid_file_replaces_no_other_file(tmp_path: Path) -> None:
    precious = tmp_path / "disk.img"
    precious.write_bytes(b"data")
    finished = run("serve", "-U", tmp_path / "dm.sock", "-P", precious)
    assert finished.returncode == 1
    assert b"exists and is no pid file: give another --pid-file" in finished.stderr
    assert precious.read_bytes() == b"data"


def test_a_private_socket_is_told_and_goes_away() -> None:
    with started("serve", "-U", "-") as process:
        line = await_line(process, b"listening on").decode()
        path = Path(line.split("listening on ")[1].split(",")[0])
        assert path.parent.stat().st_mode & 0o777 == 0o700
        with netbsd_dm.connect(path) as client:
            client.version()
        process.terminate()
        assert process.wait() == 0
    assert not path.parent.exists()


def test_the_default_socket_lies_in_a_directory_of_the_users_own(tmp_path: Path) -> None:
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("NETBSD_DM_SOCKET", "XDG_RUNTIME_DIR")
    } | {"TMPDIR": str(tmp_path)}
    directory = tmp_path / f"netbsd-dm-{os.geteuid()}"
    with subprocess.Popen([*COMMAND, "serve"], env=environment, stderr=subprocess.PIPE) as process:
        await_line(process, b"listening on")
        assert directory.stat().st_mode & 0o777 == 0o700
        sent = subprocess.run([*COMMAND, "targets"], env=environment, check=True)
        assert sent.returncode == 0
        process.terminate()
        assert process.wait() == 0
    directory.chmod(0o755)
    refused = subprocess.run([*COMMAND, "serve"], env=environment, capture_output=True, check=False)
    assert refused.returncode == 1
    assert b"not a directory of your own with mode 0700: give a --socket" in refused.stderr


def test_the_environment_names_the_socket(tmp_path: Path) -> None:
    path = tmp_path / "named.sock"
    finished = run(
        "serve",
        "-U",
        path,
        "--run",
        f"test -S {path} && {sys.executable} -m netbsd_dm send -",
    )
    assert finished.returncode == 1, finished.stderr
    assert b"<key>errno</key>" in finished.stdout


def test_it_ends_with_its_parent(tmp_path: Path) -> None:
    path = tmp_path / "dm.sock"
    program = (
        "import subprocess, sys\n"
        "p = subprocess.Popen(sys.argv[1:], stderr=subprocess.PIPE)\n"
        "p.stderr.readline()\n"
    )
    subprocess.run(
        [sys.executable, "-c", program, *COMMAND, "serve", "-U", path, "--exit-with-parent"],
        check=True,
    )
    while path.exists():
        pass  # the server unlinks it on its way out
    with pytest.raises(NoServerError):
        netbsd_dm.connect(path)


def test_a_second_server_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    with running_server(tmp_path / "dm.sock") as path:
        second = run("serve", "-U", path)
        assert second.returncode == 1
        assert b"a server is listening on" in second.stderr
        assert b"give another --socket" in second.stderr
        with netbsd_dm.connect(path) as client:
            client.version()


def test_a_socket_that_a_killed_server_left_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "dm.sock"
    with started("serve", "-U", path) as process:
        await_line(process, b"listening on")
        process.kill()
        process.wait()
    assert path.exists()
    with running_server(path), netbsd_dm.connect(path) as client:
        client.version()


@pytest.mark.parametrize(
    ("options", "status", "hint"),
    [
        (["--device", "wd1a"], 2, "is not of the form NAME=FILE[,dev=MAJOR:MINOR][,ro]"),
        (["--device", "/dev/wd1a=nosuch.img"], 2, "create it first, for example with truncate"),
        (["--device", "/dev/wd1a=/dev/null"], 2, "neither a regular file nor a block device"),
        (["--device", "/dev/wd1a={image},dev=0:0"], 2, "give another"),
        (["--device", "/dev/wd1a={image},dev=1"], 2, "options are of the form"),
        (["--device-dir", "nosuch"], 2, "does not exist"),
        (["--socket-mode", "rw"], 2, "is no file mode, such as 0660"),
        (["--superuser", "no-such-user"], 2, "no user 'no-such-user'"),
        (["--profile", "netbsd-10"], 2, "standard"),
        (["--max-request", "0"], 2, "0 is not in the range"),
        (["-U", "/nosuch/dm.sock"], 1, "cannot listen on /nosuch/dm.sock"),
        (["-U", "s" * 200], 1, "107 fit: give a shorter --socket"),
        (["-P", "/nosuch/pid"], 1, "cannot write the pid file"),
        (["-P", "/"], 1, "cannot write the pid file"),
        (["-P", "{directory}"], 1, "cannot write the pid file"),
        (["--device", "/dev/mapper/a={image}"], 2, "are mapped devices, choose another"),
        (["--device", "/dev/a b={image}"], 2, "a name with blanks cannot be written in a table"),
        (["-d", "/dev/a={image}", "-d", "/dev/a={image}"], 2, "/dev/a is offered twice"),
        (["-d", "/dev/a={image},dev=1:2", "-d", "/dev/b={image},dev=1:2"], 2, "the same dev="),
        (["--superuser", "²"], 2, "no user '²'"),
    ],
)
def test_wrong_options_are_refused_with_the_way_out(
    tmp_path: Path, options: list[str], status: int, hint: str
) -> None:
    image = tmp_path / "disk.img"
    image.touch()
    directory = tmp_path / "directory"
    directory.mkdir()
    options = [option.format(image=image, directory=directory) for option in options]
    finished = run("serve", "-U", tmp_path / "dm.sock", *options)
    message = " ".join(finished.stderr.decode().replace("│", " ").split())
    assert finished.returncode == status, message
    assert hint in message
    assert sorted(tmp_path.iterdir()) == [directory, image], "something was left behind"


def test_a_temporary_directory_that_is_missing_is_told(tmp_path: Path) -> None:
    environment = {
        "NETBSD_DM_SOCKET": "",
        "XDG_RUNTIME_DIR": "",
        "TMPDIR": str(tmp_path / "missing"),
    }
    finished = run("serve", environment=environment)
    assert finished.returncode == 1
    assert b"give a --socket" in finished.stderr


def test_the_pid_file_of_a_later_server_is_left_alone(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    with started("serve", "-U", tmp_path / "1.sock", "-P", pid_file) as first:
        await_line(first, b"listening on")
        with started("serve", "-U", tmp_path / "2.sock", "-P", pid_file) as second:
            await_line(second, b"listening on")
            first.terminate()
            first.wait()
            assert int(pid_file.read_text()) == second.pid
            second.terminate()
            second.wait()
    assert not pid_file.exists()


def test_a_read_only_device_is_opened_so(tmp_path: Path) -> None:
    image = tmp_path / "a,b.img"
    image.write_bytes(bytes(4096))
    options = ["--device", f"/dev/wd1a={image},dev=197:3,ro"]
    with running_server(tmp_path / "dm.sock", *options) as path, netbsd_dm.connect(path) as dm:
        dm.create("vol1")
        dm.reload("vol1", [netbsd_dm.TableLine(0, 8, "linear", "/dev/wd1a 0")])
        assert dm.deps("vol1", inactive=True) == [197 << 8 | 3]


def test_max_request_moves_the_limit(tmp_path: Path) -> None:
    options = ["--max-request", "1000"]
    with running_server(tmp_path / "dm.sock", *options) as path, netbsd_dm.connect(path) as dm:
        reply = dm.exchange_text(b"<" * 1001)
    assert b"longer than 1000 bytes: start the server with a larger --max-request" in reply


def test_socat_is_a_client(tmp_path: Path, socat: str) -> None:
    request = (
        b'<plist version="1.0"><dict><key>command</key><string>version</string>'
        b"<key>version</key><array><integer>4</integer><integer>0</integer></array>"
        b"</dict></plist>\n"
    )
    with running_server(tmp_path / "dm.sock") as path:
        finished = subprocess.run(
            [socat, "-t10", "-", f"UNIX-CONNECT:{path}"],
            input=request * 2,
            capture_output=True,
            check=True,
        )
    assert finished.stdout.count(b"<integer>0x10</integer>") == 2


def test_starting_imports_neither_lxml_nor_what_clients_need() -> None:
    program = (
        "import sys, netbsd_dm.cli.app, netbsd_dm.cli.starting;"
        "print([m for m in ('lxml', 'rich', 'json', 'pydantic') if m in sys.modules])"
    )
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert finished.stdout == b"[]\n"


def test_200_clients_that_leave_in_the_middle_leave_nothing(tmp_path: Path) -> None:
    with started("serve", "-U", tmp_path / "dm.sock") as process:
        await_line(process, b"listening on")
        descriptors = Path(f"/proc/{process.pid}/fd")
        with netbsd_dm.connect(tmp_path / "dm.sock") as dm:
            dm.version()
            before = len(list(descriptors.iterdir()))
            for number in range(200):
                with socket.socket(socket.AF_UNIX) as client:
                    client.connect(str(tmp_path / "dm.sock"))
                    client.sendall(b"\0\0\1\0<plist>"[: number % 12])
            while len(list(descriptors.iterdir())) > before:
                dm.version()
