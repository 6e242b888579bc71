"""Devices to be tested with, and what a server must not leave behind."""

import gc
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from netbsd_dm import Client, TableLine
from netbsd_dm.testing import DmServer, thread

LINEAR = TableLine(0, 2048, "linear", "/dev/wd1a 384")


def make_device(client: Client, name: str = "vol1", *lines: TableLine) -> None:
    """Create, reload, resume; 2048 sectors of /dev/wd1a unless told otherwise."""
    client.create(name)
    client.reload(name, lines or (LINEAR,))
    client.resume(name)


@pytest.fixture
def device(dm_server: DmServer, dm_client: Client) -> DmServer:
    """The server with a device vol1, and a journal that begins here."""
    make_device(dm_client)
    dm_server.forget()
    return dm_server


def threads() -> set[str]:
    """The names of the threads of this process that serve."""
    return {each.name for each in threading.enumerate() if each.name.startswith("netbsd-dm")}


def descriptors() -> int:
    """How many descriptors this process has open."""
    gc.collect()  # those that others have forgotten
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.fixture
def private(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """No server there yet, nor its thread; and a directory for all temporary files."""
    with tempfile.TemporaryDirectory() as short:  # tmp_path is too long for sockets
        monkeypatch.setattr(tempfile, "tempdir", short)
        monkeypatch.setattr(thread, "_SHARED", thread._Shared())
        yield Path(short)
