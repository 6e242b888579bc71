"""nbdinfo: what our exports are, by libnbd."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import netbsd_dm
from netbsd_dm import TableLine
from tests.helpers.processes import COMMAND, await_line
from tests.helpers.programs import run

from .conftest import SECTOR, Server

MEBIBYTE = 1 << 20
LINE = TableLine(0, 2048, "linear", "/dev/wd0 0")


def test_every_device_is_listed_with_its_description(server: Server) -> None:
    server.make("vol1", LINE, uuid="LVM-1")
    server.make("vol 2ü", TableLine(0, 8, "zero", ""))
    server.dm.create("empty")
    listed = json.loads(run("nbdinfo", "--list", "--json", server.uri("")))
    found = {each["export-name"]: each for each in listed["exports"]}
    assert list(found) == ["vol1", "vol 2ü", "empty"]
    assert found["vol1"]["description"].endswith("2048 sectors, uuid LVM-1")
    assert [each["export-size"] for each in found.values()] == [MEBIBYTE, 8 * SECTOR, 0]


def test_an_export_tells_what_it_can(server: Server) -> None:
    told = json.loads(run("nbdinfo", "--json", server.make("vol1", LINE)))
    assert told["protocol"] == "newstyle-fixed"
    assert told["structured"] is True
    (export,) = told["exports"]
    assert export["contexts"] == ["base:allocation"]
    for ability in ("cache", "df", "flush", "fua", "multi_conn", "trim", "zero"):
        assert export[f"can_{ability}"] is True, f"cannot {ability}: {export}"
    assert export["is_read_only"] is False
    assert export["block_size_minimum"] == 1


def test_a_device_is_found_by_name_uuid_and_minor(server: Server) -> None:
    server.make("other", TableLine(0, 8, "zero", ""))
    server.make("vol1", LINE, uuid="LVM-1")
    minor = server.dm.info("vol1").minor
    for name in ("vol1", "LVM-1", str(minor)):
        assert run("nbdinfo", "--size", server.uri(name)) == f"{MEBIBYTE}\n"


def test_the_only_device_needs_no_name(server: Server) -> None:
    server.make("vol1", LINE)
    assert run("nbdinfo", "--size", server.uri("")) == f"{MEBIBYTE}\n"


def test_an_export_that_is_missing_is_named(server: Server) -> None:
    said = run("nbdinfo", server.uri("nosuch"), status=1)
    assert "No such file or directory for export: nosuch" in said


def test_a_map_shows_data_zeroes_and_holes(server: Server) -> None:
    with server.images[1].open("wb") as image:  # a hole, data, a hole
        image.seek(MEBIBYTE)
        image.write(b"data" * 16_384)
        image.truncate(4 * MEBIBYTE)
    uri = server.make(
        "vol1",
        LINE,
        TableLine(2048, 2048, "zero", ""),
        TableLine(4096, 8192, "linear", "/dev/wd1 0"),
        TableLine(12_288, 8, "error", ""),
    )
    found = json.loads(run("nbdinfo", "--map", "--json", uri))
    assert [(each["offset"], each["length"], each["description"]) for each in found] == [
        (0, MEBIBYTE, "data"),
        (MEBIBYTE, 2 * MEBIBYTE, "hole,zero"),
        (3 * MEBIBYTE, 65_536, "data"),
        (3 * MEBIBYTE + 65_536, 3 * MEBIBYTE - 65_536, "hole,zero"),
        (6 * MEBIBYTE, 8 * SECTOR, "data"),
    ]


def test_nbdinfo_starts_a_server_with_a_socket(tmp_path: Path) -> None:
    path = tmp_path / "dm.sock"
    serve = [*COMMAND, "serve", "--exit-with-parent", "--socket", str(path)]
    said = run("nbdinfo", "--list", "--", "[", *serve, "]")
    assert "protocol: newstyle-fixed" in said
    assert f"listening on {path}" in said
    while path.exists():
        pass  # the server unlinks it on its way out


def test_a_listening_socket_is_taken_over(tmp_path: Path) -> None:
    control, path = tmp_path / "dm.sock", tmp_path / "ours.sock"
    # What systemd does: the socket becomes descriptor 3, LISTEN_PID is the process.
    program = (
        "import os, sys; os.dup2(int(sys.argv[1]), 3); os.environ['LISTEN_PID'] = str(os.getpid());"
        "os.execv(sys.argv[2], sys.argv[2:])"
    )
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.fspath(path))
        listener.listen()
        number = listener.fileno()
        with subprocess.Popen(
            [sys.executable, "-c", program, str(number), *COMMAND, "serve", "-U", control],
            pass_fds=[number, 3],
            env=os.environ | {"LISTEN_FDS": "1"},
            stderr=subprocess.PIPE,
        ) as process:
            try:
                await_line(process, b"listening on")
                with netbsd_dm.connect(control) as dm:
                    dm.create("vol1")
                    said = run("nbdinfo", "--list", f"nbd+unix://?socket={path}")
            finally:
                process.terminate()
    assert 'export="vol1"' in said
