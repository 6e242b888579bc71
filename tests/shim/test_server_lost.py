"""Servers that are not there, go away, or break off; and signals meanwhile."""

import subprocess
import sys
from textwrap import dedent

import pytest

from .conftest import Host, Starter


def test_without_a_server_the_device_is_not_configured(host: Host) -> None:
    host.python("assert refused(open_control) == 'ENXIO'", NETBSD_DM_SOCKET="/nosuch/socket")
    host.python("assert refused(open_control) == 'ENXIO'", NETBSD_DM_SOCKET="long" * 40)


def test_the_reason_is_told_once_to_who_asks_for_it(host: Host) -> None:
    snippet = "assert [refused(open_control) for _ in '123'] == ['ENXIO'] * 3"
    nowhere = {"NETBSD_DM_SOCKET": "/nosuch/socket"}
    assert host.python(snippet, **nowhere) == ""
    said = host.python(snippet, NETBSD_DM_SHIM_DEBUG="1", **nowhere)
    assert said.splitlines() == [
        "netbsd-dm shim: /nosuch/socket: no server answers: No such file or directory"
    ]


@pytest.mark.parametrize("place", ["XDG_RUNTIME_DIR", "TMPDIR"])
def test_the_default_socket_is_that_of_the_other_clients(host: Host, place: str) -> None:
    host.python(
        f"""
        from netbsd_dm.wire.address import default_socket_path
        path = default_socket_path()
        path.parent.mkdir(exist_ok=True)
        os.symlink({str(host.folder / "dm.sock")!r}, path)
        open_control()
        """,
        NETBSD_DM_SOCKET="",
        XDG_RUNTIME_DIR=str(host.folder) if place == "XDG_RUNTIME_DIR" else "",
        TMPDIR=str(host.folder) if place == "TMPDIR" else "",
    )


def test_a_relative_path_holds_after_a_chdir(host: Host) -> None:
    host.python("os.chdir('/'); open_control()", NETBSD_DM_SOCKET="dm.sock")


@pytest.mark.parametrize("effect", ["hangup", "drop", "cut=2", "cut=60"])
def test_a_connection_lost_in_an_exchange_is_eio_and_the_next_one_works(
    serving: Starter, effect: str
) -> None:
    with serving(f"names nth=2 {effect}") as host:
        host.python(
            """
            fd = open_control()
            names = request("names")
            assert b"cmd_data" in dm_ioctl(fd, names)
            assert refused(dm_ioctl, fd, names) == "EIO"
            assert b"cmd_data" in dm_ioctl(fd, names)
            """
        )


def test_a_reply_whose_text_is_cut_comes_as_it_is(serving: Starter) -> None:
    with serving("names once truncate=60") as host:
        host.python("assert len(dm_ioctl(open_control(), request('names'))) == 60")


def test_a_server_that_was_restarted_is_found_again(serving: Starter) -> None:
    snippet = """
        fd = open_control()
        copy = os.dup(fd)
        print(len(dm_ioctl(fd, request("names"))), flush=True)
        while sys.stdin.readline():
            try:
                print(len(dm_ioctl(copy, request("names"))), flush=True)
            except OSError as error:
                print(errno.errorcode[error.errno], flush=True)
        """
    with serving() as host:
        client = _talking(host, snippet)
        assert _line(client, None) == _line(client, "again")
    assert _line(client, "nobody is there") == "ENXIO"
    with serving():
        assert _line(client, "a new one").isdigit()
        assert _line(client, "again").isdigit()
        assert client.communicate(timeout=60) == ("", "")


def test_a_wait_ends_with_a_signal_and_the_descriptor_goes_on(host: Host) -> None:
    host.make("vol1")
    host.python(
        """
        def wake(number, frame):
            pass

        signal.signal(signal.SIGALRM, wake)
        signal.siginterrupt(signal.SIGALRM, True)
        fd = open_control()
        known = 10**6
        wait = request("waitevent", f"<key>event_nr</key><integer>{known}</integer>"
                                    "<key>name</key><string>vol1</string>")
        for _ in range(3):
            # Again and again, for the first one might come before the ioctl.
            signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
            assert refused(dm_ioctl, fd, wait) == "EINTR"
            signal.setitimer(signal.ITIMER_REAL, 0)
            assert b"<key>minor</key>" in ask(fd, "info", "vol1")
        """
    )


def test_other_commands_are_not_disturbed_by_signals(serving: Starter) -> None:
    with serving("info delay=20ms first=5") as host:
        host.make("vol1")
        host.python(
            """
            signal.signal(signal.SIGALRM, lambda number, frame: None)
            signal.siginterrupt(signal.SIGALRM, True)
            signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
            fd = open_control()
            for _ in range(200):
                assert b"<key>minor</key>" in ask(fd, "info", "vol1")
            signal.setitimer(signal.ITIMER_REAL, 0)
            """
        )


def test_what_ends_a_wait_can_come_over_the_same_descriptor(host: Host) -> None:
    host.make("vol1")
    host.python(
        """
        fd = open_control()
        ended = []
        wait = request("waitevent", "<key>name</key><string>vol1</string>"
                                    "<key>event_nr</key><integer>1</integer>")
        waiter = threading.Thread(target=lambda: ended.append(dm_ioctl(fd, wait)))
        waiter.start()
        while waiter.is_alive():
            ask(fd, "suspend", "vol1")
            dm_ioctl(fd, request("reload", "<key>cmd_data</key><array/>"
                                           "<key>name</key><string>vol1</string>"))
            ask(fd, "resume", "vol1")
            ask(fd, "remove", "vol1")
        assert b"<key>event_nr</key>" in ended[0] or b"ENXIO" in ended[0]
        """
    )


def _talking(host: Host, snippet: str) -> "subprocess.Popen[str]":
    """A snippet that is written to and read from, line by line."""
    return subprocess.Popen(
        [sys.executable, "-c", f"from tests.shim.inside import *\n{dedent(snippet)}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=host.environment(),
        text=True,
    )


def _line(client: "subprocess.Popen[str]", question: str | None) -> str:
    assert client.stdin is not None
    assert client.stdout is not None
    if question is not None:
        client.stdin.write(f"{question}\n")
        client.stdin.flush()
    return client.stdout.readline().strip()
