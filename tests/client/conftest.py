"""A server in a process of its own, for clients that block."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.processes import running_server


@pytest.fixture(scope="module", params=["standard", "netbsd-9"])
def profile(request: pytest.FixtureRequest) -> str:
    """Both profiles."""
    return str(request.param)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, profile: str) -> Iterator[Path]:
    """A server of that profile with a disk of 1 MiB; the path of its socket."""
    directory = tmp_path_factory.mktemp("server")
    image = directory / "disk.img"
    image.write_bytes(bytes(1 << 20))
    device = f"/dev/wd1a={image},dev=197:0"
    with running_server(directory / "dm.sock", "-p", profile, "--device", device) as path:
        yield path
