"""A server in a process of its own, or in a thread, for clients that block."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from netbsd_dm import NETBSD_9, STANDARD, Client, Monitor, Profile, Settings, connect
from tests.helpers.looking import settings_in
from tests.helpers.processes import running_server
from tests.helpers.threads import serving


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


@pytest.fixture(params=[STANDARD, NETBSD_9], ids=lambda profile: profile.name)
def chosen(request: pytest.FixtureRequest) -> Profile:
    """Both profiles, each test anew."""
    profile: Profile = request.param
    return profile


@pytest.fixture
def settings(tmp_path: Path, chosen: Profile) -> Settings:
    """A server to look at."""
    return settings_in(tmp_path, chosen)


@pytest.fixture
def dm(settings: Settings) -> Iterator[Client]:
    """A client of that server, in a thread of this process."""
    with serving(settings), connect(settings.socket_path) as client:
        yield client


@pytest.fixture
def monitor(settings: Settings, dm: Client) -> Iterator[Monitor]:
    """A connection that looks; `dm` is the client before it."""
    with Monitor(settings.socket_path) as monitor:
        yield monitor
