"""A server of a test's own: how it is made, used, and what is left of it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from trio import TaskStatus

import netbsd_dm
from netbsd_dm import (
    Client,
    DMError,
    Errno,
    NoServerError,
    Offer,
    ServeError,
    Settings,
    TableLine,
)
from netbsd_dm.driver.mapper import Mapper
from netbsd_dm.testing import DmServer

from ..helpers.programs import unavailable
from .conftest import LINEAR, descriptors, make_device, threads


def test_it_serves_at_its_path(dm_server: DmServer) -> None:
    with netbsd_dm.connect(dm_server.path) as client:
        assert str(client.version()) == "4.16.0"


@pytest.mark.parametrize("name", ["standard", "netbsd-9"])
def test_it_has_the_profile_that_is_asked_for(name: str) -> None:
    with DmServer(name) as server:
        reply = server.connect().exchange({"command": "nosuch", "version": [4, 0, 0]})
    assert server.profile.name == name
    assert ("error" in reply) is (name == "standard")


def test_a_profile_may_be_a_value() -> None:
    with DmServer(netbsd_dm.NETBSD_9) as server:
        assert server.profile is netbsd_dm.NETBSD_9


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"profile": "netbsd-10"}, "choose standard or netbsd-9"),
        ({"clock": "sundial"}, "choose wall, manual, autojump"),
        ({"faults": ["reload nosuch"]}, "nosuch"),
        ({"disks": -1}, "-1 disks"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_nothing(
    private: Path, arguments: dict[str, object], message: str
) -> None:
    before = threads(), descriptors()
    with pytest.raises(ValueError, match=message):
        DmServer(**arguments)  # type: ignore[arg-type]
    assert (threads(), descriptors()) == before


def test_a_server_that_cannot_start_says_why(
    private: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, mode: int, option: str = "") -> None:
        raise ServeError("no socket today")

    monkeypatch.setattr("netbsd_dm.server.serving.listening_socket", refuse)
    before = threads(), descriptors()
    with pytest.raises(ServeError, match="no socket today"):
        DmServer()
    assert (threads(), descriptors()) == before
    monkeypatch.undo()


def test_what_ended_a_server_is_raised_at_its_end(
    private: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def serve(settings: Settings, mapper: Mapper, task_status: TaskStatus[Mapper]) -> None:
        task_status.started(mapper)
        raise ZeroDivisionError

    before = threads()
    monkeypatch.setattr("netbsd_dm.testing.running.serve", serve)
    server = DmServer()
    with pytest.raises(ZeroDivisionError):
        server.close()
    assert threads() == before
    assert not list(private.iterdir())


def test_two_servers_know_nothing_of_each_other() -> None:
    with DmServer() as first, DmServer("netbsd-9", clock="manual") as second:
        make_device(first.connect(), "vol1")
        make_device(second.connect(), "vol2", TableLine(0, 8, "linear", "/dev/wd1a 0"))
        with second.open("vol2") as volume:
            volume.write(0, b"x" * 512)
        second.clock.advance(30)
        first.assert_devices("vol1")
        second.assert_devices("vol2")
        assert first.commands == ["create vol1", "reload vol1", "resume vol1"]
        assert first.disks[0].changed_sectors() == []
        assert second.disks[0].changed_sectors() == [0]
        assert second.clock.seconds == 30


def test_a_server_begins_without_what_was_before() -> None:
    for _ in range(3):
        with DmServer() as server:
            assert server.commands == []
            client = server.connect()
            make_device(client)
            assert client.info("vol1").minor == 1
            server.disks[0].path.write_bytes(b"")


@pytest.mark.parametrize("nbd", [False, True])
def test_nothing_is_left(private: Path, nbd: bool) -> None:
    before = threads(), descriptors()
    for _ in range(3):
        with DmServer(nbd=nbd, record=private / "capture.jsonl") as server:
            make_device(server.connect())
            server.open("vol1")
            assert threads() == {"netbsd-dm"}
        (private / "capture.jsonl").unlink()
    assert (threads(), descriptors()) == before
    assert not list(private.iterdir())


def test_clients_are_closed_with_it() -> None:
    with DmServer() as server:
        client = server.connect()
        client.version()
    with pytest.raises(NoServerError):
        client.version()


def test_closing_once_is_enough() -> None:
    server = DmServer()
    server.close()
    server.close()


def test_a_closed_server_keeps_its_journal_and_has_no_state() -> None:
    with DmServer() as server:
        server.connect().version()
    assert server.commands == ["version"]
    with pytest.raises(ValueError, match="closed"):
        server.assert_devices()


def test_an_exception_that_leaves_the_block_tells_the_journal() -> None:
    def block() -> None:
        with DmServer() as server:
            make_device(server.connect(), "vol1", LINEAR)
            raise KeyError

    with pytest.raises(KeyError) as caught:
        block()
    journal, state = caught.value.__notes__
    assert journal.startswith("netbsd-dm journal:\n    1  create vol1 -> minor 1\n")
    assert "vol1: minor 1" in state


@pytest.mark.dm(nbd=True)
def test_unchanged_programs_find_it_under_the_preload_library(dm_server: DmServer) -> None:
    if shutil.which("cc") is None:
        unavailable("cc is missing: apt-get install gcc")
    client = dm_server.connect()
    client.create("vol1")
    client.reload("vol1", [TableLine(0, 8, "linear", "/dev/wd1a 3")])
    client.resume("vol1")
    dm_server.forget()
    environment = dm_server.environment(preload=True)
    command = ["cat", "/dev/mapper/vol1"]
    ran = subprocess.run(command, env=environment, check=True, capture_output=True)
    assert ran.stdout == dm_server.disks["/dev/wd1a"].original(3, 8)
    assert dm_server.commands == [], "nodes are no requests"


def test_programs_find_it_by_their_environment(
    dm_server: DmServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NETBSD_DM_NBD", "of another server")
    program = "import netbsd_dm\nwith netbsd_dm.connect() as dm: dm.create('vol1')"
    environment = dm_server.environment()
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)
    dm_server.assert_devices("vol1")
    assert "NETBSD_DM_NBD" not in environment


def test_its_nbd_socket_exports_the_devices() -> None:
    with DmServer(nbd=True) as server:
        assert server.nbd_path is not None
        assert server.nbd_path.is_socket()
        assert server.environment()["NETBSD_DM_NBD"] == str(server.nbd_path)
    assert not server.nbd_path.exists()


def test_other_files_can_be_offered(tmp_path: Path) -> None:
    path = tmp_path / "own.img"
    path.write_bytes(b"x" * 4096)
    with DmServer(disks=0, offers=[Offer("/dev/own", path)]) as server:
        make_device(server.connect(), "vol1", TableLine(0, 8, "linear", "/dev/own 0"))
        with server.open("vol1") as volume:
            assert volume.read(0, 512) == b"x" * 512


@pytest.mark.dm(sectors=2**31)
def test_a_disk_may_be_a_tebibyte(dm_server: DmServer, dm_client: Client) -> None:
    make_device(dm_client, "vol1", TableLine(0, 2**30, "linear", f"/dev/wd2a {2**30}"))
    dm_server.assert_maps("vol1", 5, "/dev/wd2a", 2**30 + 5)


def test_faults_may_be_there_from_the_start() -> None:
    with DmServer(faults=["create errno=EIO"]) as server, pytest.raises(DMError) as caught:
        server.connect().create("vol1")
    assert caught.value.errno == Errno.EIO


async def test_a_client_of_the_tests_own_trio_is_served(dm_server: DmServer) -> None:
    async with netbsd_dm.connect_trio(dm_server.path) as dm:
        await dm.create("vol1")
        dm_server.assert_devices("vol1")


@pytest.mark.parametrize(
    "ending", ["", "; import os, sys\nif not os.fork(): sys.exit(0)\nos.wait()"]
)
def test_a_program_that_forgets_to_close_it_ends_and_leaves_nothing(
    tmp_path: Path, ending: str
) -> None:
    program = (
        "from netbsd_dm.testing import DmServer\n"
        "server = DmServer()\n"
        f"print(server.connect().version(), flush=True){ending}"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program],
        env={"TMPDIR": str(tmp_path)},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (finished.returncode, finished.stdout, finished.stderr) == (0, b"4.16.0\n", b"")
    assert not list(tmp_path.iterdir())
