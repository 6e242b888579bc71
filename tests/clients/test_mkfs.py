"""File systems, made and read with ordinary tools on a device of two files."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from netbsd_dm import TableLine
from tests.helpers.processes import COMMAND
from tests.helpers.programs import SECONDS, find, run

from .conftest import Server, noise

STRIPED = TableLine(0, 32_768, "striped", "2 16 /dev/wd0 0 /dev/wd1 0")
README = Path(__file__).parents[2] / "README.md"


@pytest.fixture
def letters(tmp_path: Path) -> Path:
    """A folder with files to put into a file system."""
    folder = tmp_path / "letters"
    folder.mkdir()
    (folder / "hello.txt").write_text("hello\n")
    (folder / "noise").write_bytes(noise(1_000_003, seed=4))
    return folder


def test_a_file_system_goes_in_and_its_files_come_out(
    server: Server, tmp_path: Path, letters: Path
) -> None:
    uri, made, back = server.make("vol1", STRIPED), tmp_path / "made.img", tmp_path / "back.img"
    run("mke2fs", "-q", "-t", "ext4", "-d", letters, made, "16M")
    run("nbdcopy", made, uri)
    run("nbdcopy", uri, back)
    run("e2fsck", "-fn", back)
    assert run("debugfs", "-R", "cat hello.txt", back).startswith("hello\n")
    run("debugfs", "-R", f"dump noise {tmp_path / 'noise'}", back)
    assert (tmp_path / "noise").read_bytes() == (letters / "noise").read_bytes()


@pytest.fixture
def fuse() -> None:
    """Skips the test, in CI too, where the system lets nobody use FUSE."""
    try:
        os.close(os.open("/dev/fuse", os.O_RDWR))
    except OSError as error:
        pytest.skip(f"/dev/fuse: {error.strerror}")


@pytest.mark.usefixtures("fuse")
def test_a_file_system_is_made_in_place(server: Server, tmp_path: Path, letters: Path) -> None:
    uri, folder = server.make("vol1", STRIPED), tmp_path / "mounted"
    folder.mkdir()
    disk, ready = folder / "disk", tmp_path / "nbdfuse.pid"
    with subprocess.Popen(
        [find("nbdfuse"), "-P", ready, disk, uri], stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            while not ready.exists():  # it is written once the disk is there
                if process.poll() is not None:
                    said = process.communicate()[1]
                    assert "mount" in said, said
                    pytest.skip(said)  # containers may have the device but not the right
            run("mke2fs", "-q", "-t", "ext4", disk)
            run("debugfs", "-w", "-R", f"write {letters / 'noise'} noise", disk)
            run("e2fsck", "-fn", disk)
            run("debugfs", "-R", f"dump noise {tmp_path / 'noise'}", disk)
        finally:
            process.terminate()  # which unmounts
            process.wait(SECONDS)
    assert (tmp_path / "noise").read_bytes() == (letters / "noise").read_bytes()
    assert list(folder.iterdir()) == []


def test_the_readmes_session(tmp_path: Path) -> None:
    for program in ("mke2fs", "debugfs", "nbdcopy"):
        find(program)
    blocks = README.read_text().split("```sh\n")
    (session,) = [each.split("```")[0] for each in blocks if "mke2fs" in each.split("```")[0]]
    commands = tmp_path / "bin"
    commands.mkdir()
    netbsd_dm, python = shlex.join(COMMAND), shlex.quote(sys.executable)
    scripts = {
        # A session that fails half-way shall leave no server behind.
        "netbsd-dm": f'[ "$1" = serve ] && set -- "$@" --exit-with-parent\nexec {netbsd_dm} "$@"',
        "python3": f'exec {python} "$@"',
    }
    for name, script in scripts.items():
        (commands / name).write_text(f"#!/bin/sh\n{script}\n")
        (commands / name).chmod(0o755)
    folders = [str(commands), os.environ["PATH"], "/usr/sbin"]
    finished = subprocess.run(
        ["sh", "-e", "-c", f"{session}\nwait"],
        cwd=tmp_path,
        env=os.environ | {"PATH": ":".join(folders), "PYTHONPATH": str(README.parent)},
        capture_output=True,
        check=False,
        text=True,
        timeout=SECONDS,
    )
    assert finished.returncode == 0, finished.stderr
    assert "hello from two files\n" in finished.stdout, finished.stderr
    assert not list(tmp_path.rglob("*.sock")), "a server was left behind"
