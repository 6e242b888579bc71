"""The clients, each on the core that the servers leave free."""

import json
import os
import socket
import struct
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random

from .servers import CORES, DISK_BYTES, Server

_TIMEOUT_SECONDS = 60


@dataclass(frozen=True)
class Job:
    """One kind of load; `target` is the least ratio of linear to nbdkit, if there is one."""

    title: str
    pattern: str
    block_bytes: int
    depth: int
    target: float | None = None

    @property
    def counts_requests(self) -> bool:
        """Whether requests, and not bytes, a second are what matters."""
        return self.block_bytes <= 4096


def fio(server: Server, job: Job, seconds: float) -> float:
    """Bytes a second that fio's nbd engine moves."""
    command = ["fio", "--name=load", "--ioengine=nbd", f"--uri={server.uri}", "--time_based"]
    command += [f"--rw={job.pattern}", f"--bs={job.block_bytes}", f"--iodepth={job.depth}"]
    command += [
        f"--size={server.size_bytes}",
        f"--runtime={max(1, round(seconds))}",
        "--output-format=json",
    ]
    output = _run(command)
    (result,) = json.loads(output[output.index("{") :])["jobs"]
    moved = result["read"]["io_bytes"] + result["write"]["io_bytes"]
    spent_ms = max(result["read"]["runtime"], result["write"]["runtime"])
    return float(moved / spent_ms * 1000)


def nbdcopy(server: Server) -> float:
    """Bytes a second that nbdcopy reads, the whole disk and no more."""
    begun = time.perf_counter()
    _run(["nbdcopy", server.uri, "null:"])
    return DISK_BYTES / (time.perf_counter() - begun)


def _run(command: list[str]) -> str:
    def pin() -> None:
        os.sched_setaffinity(0, CORES[-1:])

    finished = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_SECONDS,
        preexec_fn=pin,
    )
    if finished.returncode:
        raise RuntimeError(f"{' '.join(command)}: {finished.stderr or finished.stdout}")
    return finished.stdout


_REQUEST = struct.Struct(">IHHQQI")
_OPTION = struct.Struct(">QII")
_HEADER_BYTES = 28


def plain(server: Server, job: Job, seconds: float) -> float:
    """Bytes a second that a client reads which costs next to nothing itself.

    It sends `depth` requests at once, looks at no reply, and sends the next once as
    many bytes came as the replies have: what then counts is the server alone.
    """
    rng = Random(2)
    blocks = server.size_bytes // job.block_bytes
    flights = [
        b"".join(
            _REQUEST.pack(
                0x25609513, 0, 0, n, rng.randrange(blocks) * job.block_bytes, job.block_bytes
            )
            for n in range(job.depth)
        )
        for _ in range(256)
    ]
    expected = job.depth * (_HEADER_BYTES + job.block_bytes)
    buffer = bytearray(expected)
    with _agreed(server.socket, server.export.encode()) as connection:
        count = 0
        begun = time.perf_counter()
        while (now := time.perf_counter()) - begun < seconds:
            for flight in flights:
                connection.sendall(flight)
                missing = expected
                while missing:
                    missing -= connection.recv_into(buffer, missing)
            count += len(flights)
        return count * job.depth * job.block_bytes / (now - begun)


def _agreed(path: Path, export: bytes) -> socket.socket:
    """A connection with structured replies, in transmission."""
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(str(path))
    _receive(connection, 18)
    connection.sendall(struct.pack(">I", 3))
    go = struct.pack(">I", len(export)) + export + b"\0\0"
    for option, data in ((8, b""), (7, go)):
        connection.sendall(_OPTION.pack(0x49484156454F5054, option, len(data)) + data)
        while True:
            _, _, kind, length = struct.unpack(">QIII", _receive(connection, 20))
            _receive(connection, length)
            if kind == 1:
                break
            if kind != 3:
                raise RuntimeError(f"option {option} was refused: {kind:#x}")
    return connection


def _receive(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        data += connection.recv(count - len(data))
    return data
