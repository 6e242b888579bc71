"""What a program does with nodes is no command: nothing in the server tells of it."""

from pathlib import Path

import netbsd_dm
from netbsd_dm.capture.playback import Match, playback_of
from netbsd_dm.capture.writing import head, step
from netbsd_dm.driver.profile import STANDARD
from netbsd_dm.server.settings import Settings
from tests.helpers import threads

from .conftest import Host, Starter


def test_nodes_meet_no_fault_and_are_no_request(serving: Starter) -> None:
    with serving("any after=4 errno=EIO") as host:
        host.make("vol1")
        before = host.dm.exchange({"netbsd-dm": "faults"})
        host.python(
            """
            assert sorted(os.listdir(MAPPER)) == ["control", "rvol1", "vol1"]
            fd = os.open(MAPPER + "/vol1", os.O_RDWR)
            os.stat(MAPPER + "/rvol1")
            assert len(os.pread(fd, 512, 0)) == 512
            os.rename(MAPPER + "/nosuch", MAPPER + "/vol1")
            """
        )
        assert host.dm.exchange({"netbsd-dm": "faults"}) == before


def test_on_a_recording_nodes_are_made_and_unmade_and_never_there(
    tmp_path: Path, library: Path
) -> None:
    # A recording cannot tell which nodes there are; libdevmapper must get on all the same.
    capture = tmp_path / "session.jsonl"
    request, reply = b"<plist><dict/></plist>", b"<plist/>"
    capture.write_bytes(head("session", "", "", []) + step(1, request, reply))
    playback = playback_of(capture, Match.ORDER, STANDARD)
    settings = Settings(socket_path=tmp_path / "dm.sock", responder=playback)
    with threads.serving(settings), netbsd_dm.connect(settings.socket_path) as dm:
        Host(tmp_path, library, dm).python(
            """
            assert os.listdir(MAPPER) == ["control"]
            assert refused(os.stat, MAPPER + "/vol1") == "ENOENT"
            assert refused(os.open, MAPPER + "/vol1", os.O_RDWR) == "ENOENT"
            os.mknod(MAPPER + "/vol1", stat.S_IFBLK | 0o640, os.makedev(169, 1))
            os.rename(MAPPER + "/vol1", MAPPER + "/vol2")
            os.unlink(MAPPER + "/vol2")
            """
        )
    assert playback.departures == []
