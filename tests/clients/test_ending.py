"""What was acknowledged is there, however the server ends; and when its disk is full."""

import os
import select
import signal
import socket
import struct
import subprocess
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import pytest

from netbsd_dm import TableLine
from tests.helpers.programs import SECONDS, find, run, unavailable

from .conftest import SECTOR, Server, Starter, fio

BLOCK = 4096
BLOCKS = 1024
IN_FLIGHT = 64
ENOUGH = 5000
"""Writes acknowledged before the server is told to end."""
LINEAR = TableLine(0, BLOCKS * BLOCK // SECTOR, "linear", "/dev/wd0 0")


@contextmanager
def talking(uri: str) -> "Iterator[subprocess.Popen[bytes]]":
    """qemu-io with a pipe to write commands to; it does not outlive the block."""
    with subprocess.Popen(
        [find("qemu-io"), "-f", "raw", "-t", "writeback", uri],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        bufsize=0,
    ) as process:
        try:
            await_prompt(process)
            yield process
        finally:
            process.kill()


def tell(process: "subprocess.Popen[bytes]", command: str) -> None:
    """Have qemu-io carry out a command, and wait until it has."""
    assert process.stdin is not None
    process.stdin.write(f"{command}\n".encode())
    said = await_prompt(process)
    assert b"failed" not in said, said


def await_prompt(process: "subprocess.Popen[bytes]") -> bytes:
    """What qemu-io says until it asks for the next command."""
    assert process.stdout is not None
    said = b""
    while not said.endswith(b"qemu-io> "):
        assert select.select([process.stdout], [], [], SECONDS)[0], f"qemu-io hangs: {said!r}"
        received = process.stdout.read(4096)
        assert received, f"qemu-io ended: {said!r}"
        said += received
    return said


@pytest.mark.parametrize("commands", [["write -f -P 7 0 64k"], ["write -P 7 0 64k", "flush"]])
def test_what_was_acknowledged_outlives_the_server(
    server: Server, start: Starter, commands: list[str]
) -> None:
    uri = server.make("vol1", LINEAR)
    with talking(uri) as qemu_io:
        for command in commands:
            tell(qemu_io, command)
        server.process.kill()
        server.process.wait(SECONDS)
    assert server.images[0].read_bytes()[:65_536] == b"\7" * 65_536
    again = start(server.images)
    uri = again.make("vol1", LINEAR)
    assert "read 65536/65536" in run("qemu-io", "-f", "raw", "-c", "read -P 7 0 64k", uri)


class Writer:
    """Writes numbered blocks, many at a time, and notes which were acknowledged."""

    def __init__(self, server: Server, name: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(SECONDS)
        self._socket.connect(os.fspath(server.nbd_path))
        self._replies = self._socket.makefile("rb")
        self._free = deque(range(BLOCKS))
        self.under_way: dict[int, int] = {}
        """The block that each unanswered write is for."""
        self.acknowledged: dict[int, int] = {}
        """The last write to each block that was answered."""
        self._number = 0
        assert len(self._replies.read(18)) == 18, "no greeting"
        option = struct.pack(">I8sII", 3, b"IHAVEOPT", 1, len(name)) + name.encode()
        self._socket.sendall(option)
        assert len(self._replies.read(10)) == 10, "no export"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self._replies.close()
        self._socket.close()

    def send(self) -> None:
        """Write to a block to which nothing else is being written."""
        self._number += 1
        block = self._free.popleft()
        request = struct.pack(">IHHQQI", 0x25609513, 0, 1, self._number, block * BLOCK, BLOCK)
        self.under_way[self._number] = block
        self._socket.sendall(request + contents(self._number))

    def receive(self) -> bool:
        """Note an answer; False where no more come."""
        try:
            reply = self._replies.read(16)
        except ConnectionResetError:
            return False
        if len(reply) < 16:
            return False
        magic, error, number = struct.unpack(">IIQ", reply)
        assert (magic, error) == (0x67446698, 0), "a write failed"
        block = self.under_way.pop(number)
        self.acknowledged[block] = number
        self._free.append(block)
        return True


def contents(number: int) -> bytes:
    """What the write of that number puts into its block."""
    return number.to_bytes(8, "big") * (BLOCK // 8)


def test_sigterm_under_load_loses_nothing_that_was_acknowledged(server: Server) -> None:
    server.make("vol1", LINEAR)
    uri = server.make("busy", TableLine(0, 16_000, "striped", "2 5 /dev/wd1 0 /dev/wd2 0"))
    load = ["--rw=randwrite", "--bs=64k", "--size=4M", "--do_verify=0", "--loops=100000"]
    with fio(server, uri, *load) as process, Writer(server, "vol1") as writer:
        while not server.dm.iostat("busy")[0].writes:
            assert process.poll() is None, process.communicate()
        for _ in range(IN_FLIGHT):
            writer.send()
        for _ in range(ENOUGH):
            assert writer.receive()
            writer.send()
        server.process.send_signal(signal.SIGTERM)
        try:
            while writer.receive():
                writer.send()
        except BrokenPipeError:
            while writer.receive():
                pass
        status, logged = server.ended()
    assert status == 0, logged
    assert "Traceback" not in logged, logged
    assert not server.nbd_path.exists()
    image = server.images[0].read_bytes()
    maybe = {block: number for number, block in writer.under_way.items()}
    for block, number in writer.acknowledged.items():
        found = image[block * BLOCK : (block + 1) * BLOCK]
        possible = {contents(number), contents(maybe.get(block, number))}
        assert found in possible, f"block {block} has lost write {number}"


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        unavailable(f"cannot mount a small file system: {mounted.stderr.decode()}")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_file_system_is_told_and_the_server_goes_on(small: Path, start: Starter) -> None:
    image = small / "sparse.img"
    with image.open("wb") as file:
        file.truncate(BLOCKS * BLOCK)
    server = start([image])
    uri = server.make("vol1", LINEAR)
    commands = ["write -P 1 0 64k", "write -P 2 64k 3M", "read -P 1 0 64k", "write -P 3 0 64k"]
    options = [word for command in commands for word in ("-c", command)]
    said = run("qemu-io", "-f", "raw", *options, uri, status=1)
    assert said.count("write failed: No space left on device") == 1
    assert "Pattern verification failed" not in said
    assert "wrote 65536/65536 bytes at offset 0\n" in said
    run("qemu-io", "-f", "raw", "-c", "discard 64k 3M", "-c", "write -P 2 64k 512k", uri)
    assert server.dm.iostat("vol1")[0].errors == 1
    server.process.terminate()
    status, logged = server.ended()
    assert status == 0, logged
    assert logged.count(": make room on its file system") == 1, logged
