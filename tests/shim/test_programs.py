"""Programs of others under the shim: those that use devices, and those that use none."""

from collections.abc import Callable
from pathlib import Path

import pytest

from netbsd_dm import TableLine
from tests.helpers.programs import find

from .conftest import DISK_SECTORS, Host

Compiled = Callable[[str], Path]


def test_a_device_is_copied_and_compared(host: Host) -> None:
    host.make("vol1")
    for command in ("cat /dev/mapper/vol1", "dd if=/dev/mapper/rvol1 bs=64k status=none"):
        host.run("sh", "-c", f"{command} > copy && cmp -n 1048576 copy disk.img")
    host.run("cp", "/dev/mapper/vol1", "copy")
    host.run("cmp", "copy", "/dev/mapper/vol1")
    host.run("sh", "-c", "tr a-z A-Z < copy > /dev/mapper/vol1")
    assert host.run("head", "-c", "6", "/dev/mapper/vol1") == "SECTOR"


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_a_shell_redirects_to_and_from_a_node(host: Host, shell: str) -> None:
    host.make("vol1")
    script = """
        env printf 'one two three' > /dev/mapper/vol1
        (dd bs=4 count=1 status=none; dd bs=3 count=1 status=none) < /dev/mapper/vol1; echo
        cut -c 1-3 < /dev/mapper/vol1 | head -n 1
        (env printf 1; env printf 2) > /dev/mapper/vol1
        head -c 4 /dev/mapper/vol1
        """
    assert host.run(shell, "-c", script) == "one two\none\n12e "


def test_a_file_system_is_made_and_checked(host: Host) -> None:
    find("mke2fs")
    host.make("vol1", TableLine(0, DISK_SECTORS, "linear", "/dev/wd1a 0"))
    host.run("mke2fs", "-q", "-t", "ext4", "/dev/mapper/vol1")
    host.run("sh", "-c", "echo hello > file")
    host.run("debugfs", "-w", "-R", "write file file", "/dev/mapper/vol1")
    assert "hello\n" in host.run("debugfs", "-R", "cat file", "/dev/mapper/vol1")
    host.run("e2fsck", "-fn", "/dev/mapper/vol1")
    host.run("e2fsck", "-fn", str(host.image), LD_PRELOAD="")


def test_streams_read_write_and_seek(host: Host, compiled: Compiled) -> None:
    host.make("vol1")
    assert host.run(compiled("streams"), "/dev/mapper/vol1") == "sector         2\n"
    assert host.image.read_bytes()[512:518] == b"stream"


def test_a_child_of_vfork_opens_a_node_for_the_program_it_becomes(
    host: Host, compiled: Compiled
) -> None:
    host.make("vol1")
    assert host.run(compiled("redirect"), "/dev/mapper/vol1") == "sector"


def test_a_program_that_uses_no_device_runs_the_same(host: Host, compiled: Compiled) -> None:
    program = compiled("others")
    (host.folder / "one").mkdir()
    (host.folder / "two").mkdir()
    plain = host.run(program, "one", LD_PRELOAD="")
    assert host.run(program, "two") == plain
    assert len(plain.splitlines()) > 60
