"""Programs that some tests need, and a server to look at."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from netbsd_dm import Client, DeviceMapper, Settings, connect
from tests.helpers.looking import settings_in
from tests.helpers.threads import serving


@pytest.fixture
def socat() -> str:
    """The program socat; the test is skipped by name, or in CI fails, without it."""
    program = shutil.which("socat")
    if program is None:
        if "NETBSD_DM_TEST_ALL" in os.environ:
            pytest.fail("socat is missing")
        pytest.skip("socat is missing: apt-get install socat")
    return program


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A server to look at, with /dev/wd1a and /dev/wd2a, on a manual clock."""
    return settings_in(tmp_path)


@pytest.fixture
def dm(settings: Settings) -> Iterator[Client]:
    """A client of that server, which is in a thread of this process."""
    with serving(settings), connect(settings.socket_path) as client:
        yield client


@pytest.fixture
def mapper(tmp_path: Path) -> Iterator[DeviceMapper]:
    """A mapper in this process with those disks."""
    offers = settings_in(tmp_path).catalog.offered
    with DeviceMapper(devices={offer.identity: offer.path for offer in offers}) as mapper:
        yield mapper
