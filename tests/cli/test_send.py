"""netbsd-dm send: hand-written requests, and the exit status."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import netbsd_dm
from netbsd_dm.plist import dumps
from netbsd_dm.wire import calls
from netbsd_dm.wire.calls import Selector
from tests.helpers.processes import run, running_server

CREATE = """\
<?xml version="1.0"?>
<plist version="1.0">
<dict>
    <!-- by hand -->
    <key>command</key> <string>create</string>
    <key>version</key> <array><integer>4</integer><integer>0</integer><integer>0</integer></array>
    <key>name</key>    <string>vol1</string>
</dict>
</plist>
"""


@pytest.fixture(params=["standard", "netbsd-9"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A server of either profile."""
    with running_server(tmp_path / "dm.sock", "-p", request.param) as path:
        yield path


def is_old(server: Path) -> bool:
    """Whether it runs profile netbsd-9."""
    with netbsd_dm.connect(server) as dm:
        return len(dm.targets()) == 2


def test_a_hand_written_request_is_answered(server: Path, tmp_path: Path) -> None:
    file = tmp_path / "create.plist"
    file.write_text(CREATE)
    finished = run("send", "-U", server, file)
    assert finished.returncode == 0, finished.stderr
    assert b"<key>minor</key>\n\t<integer>0x1</integer>" in finished.stdout


def test_a_failed_command_is_status_1_and_named(server: Path, tmp_path: Path) -> None:
    file = tmp_path / "twice.plist"
    file.write_text(CREATE * 2)
    finished = run("send", "-U", server, file)
    assert finished.returncode == 1
    assert finished.stdout.count(b"</plist>") == 2
    assert f"netbsd-dm: {file}: EEXIST: " in finished.stderr.decode()


def test_standard_input_is_read_where_no_file_is_named(server: Path) -> None:
    for arguments in ((), ("-",)):
        finished = run("send", "-U", server, *arguments, stdin=dumps(calls.names().request))
        assert finished.returncode == 0, finished.stderr
        assert b"<string>names</string>" in finished.stdout


def test_what_is_no_property_list_is_status_1_with_the_line(server: Path) -> None:
    finished = run("send", "-U", server, stdin=b"<plist>\n<dict>\n<key>command</key>\n</plist>")
    assert finished.returncode == 1
    assert b"EIO" in finished.stderr
    assert b"<key>errno</key>\n\t<integer>0x5</integer>" in finished.stdout


def test_a_file_that_is_missing_is_status_2(server: Path) -> None:
    finished = run("send", "-U", server, "nosuch.plist")
    assert finished.returncode == 2
    assert b"cannot read nosuch.plist: No such file or directory" in finished.stderr


def test_no_server_is_status_3_and_says_how_to_start_one(tmp_path: Path) -> None:
    finished = run("send", "-U", tmp_path / "none.sock", stdin=b"x")
    assert finished.returncode == 3
    assert b"start one with netbsd-dm serve --socket" in finished.stderr


def test_an_unknown_option_is_status_2() -> None:
    assert run("send", "--nosuch").returncode == 2


def test_the_environment_names_the_socket(server: Path) -> None:
    request = dumps(calls.info(Selector("nobody")).request)
    finished = run("send", stdin=request, environment={"NETBSD_DM_SOCKET": str(server)})
    assert finished.returncode == 1
    assert b"ENOENT: no" in finished.stderr


def test_a_client_command_imports_neither_trio_nor_lxml(server: Path) -> None:
    program = (
        "import sys\n"
        "from netbsd_dm.cli.app import app\n"
        "try:\n"
        "    app(sys.argv[1:])\n"
        "except SystemExit as end:\n"
        "    loaded = [m for m in ('trio', 'lxml', 'rich') if m in sys.modules]\n"
        "    print(end.code, loaded, file=sys.stderr)\n"
    )
    for status, *arguments in (
        (0, "send", "-U", server),
        (1, "map", "-U", server, "nobody", "0"),
        (1 if is_old(server) else 0, "iostat", "-U", server),
        (0, "targets", "-U", server),
        (0, "targets"),
    ):
        finished = subprocess.run(
            [sys.executable, "-c", program, *arguments],
            input=dumps(calls.version().request),
            capture_output=True,
            check=True,
        )
        assert finished.stderr.decode().splitlines()[-1] == f"{status} []"
