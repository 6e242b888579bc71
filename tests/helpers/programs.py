"""Programs of others that speak to our server."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final, NoReturn

import pytest

PACKAGES: Final = {
    "debugfs": "e2fsprogs",
    "e2fsck": "e2fsprogs",
    "fio": "fio",
    "mke2fs": "e2fsprogs",
    "nbdcopy": "libnbd-bin",
    "nbdfuse": "libnbd-bin",
    "nbdinfo": "libnbd-bin",
    "nbdkit": "nbdkit",
    "qemu-img": "qemu-utils",
    "qemu-io": "qemu-utils",
    "valgrind": "valgrind",
}
"""In which package Debian has them."""
SECONDS: Final = 30
"""None takes a tenth of that, unless it hangs."""
_SYSTEM_FOLDERS: Final = ":/usr/sbin:/sbin"
"""Where mke2fs lies, which the PATH of users does not name."""


def find(program: str) -> str:
    """Its path; without it the test is skipped by its name, or in CI fails."""
    found = shutil.which(program, path=os.environ.get("PATH", os.defpath) + _SYSTEM_FOLDERS)
    if found is None:
        unavailable(f"{program} is missing: apt-get install {PACKAGES[program]}")
    return found


def unavailable(why: str) -> NoReturn:
    """Skip the test, or in CI fail it."""
    if "NETBSD_DM_TEST_ALL" in os.environ:
        pytest.fail(why)
    pytest.skip(why)


def run(
    program: str,
    *arguments: str | os.PathLike[str],
    status: int = 0,
    folder: Path | None = None,
) -> str:
    """Run it to its end in `folder`; gives what it printed, standard error at the end.

    Fails the test, with all that, if it exits with another status.
    """
    command = [find(program), *(os.fspath(each) for each in arguments)]
    try:
        finished = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            cwd=folder,
            env=os.environ | {"LC_ALL": "C"},
            text=True,
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired as late:
        pytest.fail(f"{' '.join(command)} hangs; until then: {late.stdout!r} {late.stderr!r}")
    printed = finished.stdout + finished.stderr
    if finished.returncode != status:
        pytest.fail(f"{' '.join(command)} exited with {finished.returncode}: {printed}")
    return printed
