"""qemu-img and qemu-io: QEMU's own NBD client."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from netbsd_dm import TableLine
from tests.helpers.programs import run

from .conftest import SECTOR, Server, noise_file

SECTORS = 16_384
STRIPED = TableLine(0, SECTORS, "striped", "3 7 /dev/wd0 1 /dev/wd1 100 /dev/wd2 33")

Io = Callable[..., str]


@pytest.fixture
def uri(server: Server) -> str:
    """A device of 8 MiB with odd chunks."""
    return server.make("vol1", STRIPED)


@pytest.fixture
def io(uri: str) -> Io:
    """Has qemu-io carry out commands on the device; it must exit with `status`."""

    def io(*commands: str, status: int = 0, cache: str = "writeback") -> str:
        options = [word for command in commands for word in ("-c", command)]
        return run("qemu-io", "-f", "raw", "-t", cache, *options, uri, status=status)

    return io


def test_info_tells_the_size(uri: str) -> None:
    told = json.loads(run("qemu-img", "info", "--output=json", uri))
    assert told["virtual-size"] == SECTORS * SECTOR


def test_convert_in_and_out_again(uri: str, tmp_path: Path) -> None:
    source, copy = noise_file(tmp_path / "in.img", seed=9), tmp_path / "out.img"
    run("qemu-img", "convert", "-n", "-f", "raw", "-O", "raw", source, uri)
    assert "identical" in run("qemu-img", "compare", "-f", "raw", "-F", "raw", source, uri)
    run("qemu-img", "convert", "-f", "raw", "-O", "raw", uri, copy)
    assert copy.read_bytes() == source.read_bytes()


def test_convert_from_another_format_with_holes(uri: str, tmp_path: Path) -> None:
    disk = tmp_path / "disk.qcow2"
    run("qemu-img", "create", "-q", "-f", "qcow2", disk, f"{SECTORS * SECTOR}")
    run("qemu-io", "-f", "qcow2", "-c", "write -P 5 1M 3M", "-c", "write -P 6 7000000 5000", disk)
    run("qemu-img", "convert", "-n", "-W", "-m", "8", "-f", "qcow2", "-O", "raw", disk, uri)
    assert "identical" in run("qemu-img", "compare", "-f", "qcow2", "-F", "raw", disk, uri)


def test_compare_finds_a_difference(uri: str, io: Io, tmp_path: Path) -> None:
    copy = tmp_path / "out.img"
    run("qemu-img", "convert", "-f", "raw", "-O", "raw", uri, copy)
    io("write -P 1 5000000 1")
    said = run("qemu-img", "compare", "-f", "raw", "-F", "raw", copy, uri, status=1)
    assert "Content mismatch" in said


@pytest.mark.parametrize(
    ("offset", "length"), [(0, 8 << 20), (1 << 20, 1 << 20), (511, 2), (3583, 1), (12_345, 67_891)]
)
def test_a_pattern_that_is_written_is_read(io: Io, offset: int, length: int) -> None:
    around = max(0, offset - 4096)
    end = min(SECTORS * SECTOR, offset + length + 4096)
    said = io(
        f"write -P 0xaa {around} {end - around}",
        f"write -P 0xbb {offset} {length}",
        f"read -P 0xbb {offset} {length}",
        f"read -P 0xaa {around} {offset - around}",
        f"read -P 0xaa {offset + length} {end - offset - length}",
    )
    assert "Pattern verification failed" not in said


@pytest.mark.parametrize("zero", ["write -z", "write -z -u", "discard"])
@pytest.mark.parametrize(("offset", "length"), [(0, 4 << 20), (1000, 50_000), (3584, 3584)])
def test_what_is_zeroed_or_discarded_reads_as_zeroes(
    io: Io, zero: str, offset: int, length: int
) -> None:
    io(
        "write -P 0xaa 0 8M",
        f"{zero} {offset} {length}",
        f"read -P 0 {offset} {length}",
        f"read -P 0xaa 0 {offset}",
        f"read -P 0xaa {offset + length} 4096",
    )


def test_a_write_through_and_a_flush(server: Server, io: Io) -> None:
    io("write -f -P 0x11 0 1M", "write -z -f 64k 64k", "write -P 0x22 1M 1M", "flush")
    io("write -P 0x33 2M 1M", cache="writethrough")
    io("read -P 0x11 0 64k", "read -P 0 64k 64k", "read -P 0x22 1M 1M", "read -P 0x33 2M 1M")
    (counted,) = server.dm.iostat("vol1")
    assert counted.flushes > 0
    assert counted.errors == 0


def test_many_at_once(io: Io) -> None:
    writes = [f"aio_write -P {number} {number * 77_777} 77777" for number in range(1, 100)]
    reads = [f"aio_read -P {number} {number * 77_777} 77777" for number in range(1, 100)]
    said = io(*writes, "aio_flush", *reads, "aio_flush")
    assert said.count("read 77777/77777") == 99
    assert "Pattern verification failed" not in said


def test_an_error_extent_fails_and_the_rest_goes_on(server: Server) -> None:
    uri = server.make(
        "holed",
        TableLine(0, 4096, "linear", "/dev/wd0 0"),
        TableLine(4096, 8, "error", ""),
        TableLine(4104, 4096, "linear", "/dev/wd1 0"),
    )
    commands = [
        "write -P 1 0 2M",
        "write -P 2 2101248 2M",
        "read 1M 2M",  # its middle lies in the error extent
        "read -P 1 0 2M",
        "read -P 2 2101248 2M",
        "write -P 3 2097152 1",
        "read -P 1 2097151 1",
    ]
    options = [word for command in commands for word in ("-c", command)]
    said = run("qemu-io", "-f", "raw", "-t", "writeback", *options, uri, status=1)
    assert said.count("read failed: Input/output error") == 1
    assert said.count("write failed: Input/output error") == 1
    assert "Pattern verification failed" not in said
    assert said.count("wrote 2097152/2097152") == 2
    assert said.count("read 2097152/2097152") == 2
    assert "read 1/1 bytes at offset 2097151" in said


def test_a_read_only_device_can_only_be_read(server: Server) -> None:
    server.dm.create("look", read_only=True)
    server.dm.reload("look", [STRIPED])
    server.dm.resume("look")
    uri = server.uri("look")
    said = run("qemu-io", "-f", "raw", "-c", "write 0 512", uri, status=1)
    assert "Could not open image: Permission denied" in said
    assert "read 512/512" in run("qemu-io", "-r", "-f", "raw", "-c", "read 0 512", uri)
