"""The plugin for pytest: fixtures, options, and the journal in the report of a failure.

It is part of every run of pytest where this package is installed, so the fixtures
import what they need when a test first asks for them.
"""

import os
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ..client.blocking import Client
    from .control import Faults, HandClock
    from .disks import DiskImages
    from .server import DmServer

_PROFILE = "standard"
_MARKER = (
    "dm(profile, disks, sectors, clock, nbd): the server of a test, by keywords: its profile,"
    " standard or netbsd-9; how many disks it has, of how many sectors; its clock, wall,"
    " manual or autojump; whether it exports the mapped devices over NBD"
)
_SERVER: "pytest.StashKey[DmServer]" = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of pytest."""
    group = parser.getgroup("netbsd-dm", "NetBSD's device-mapper")
    group.addoption(
        "--dm-profile",
        metavar="NAME",
        default=_PROFILE,
        help="the profile of dm_server where no mark says: standard (the default) or netbsd-9",
    )
    group.addoption(
        "--dm-record",
        metavar="DIR",
        type=os.path.abspath,
        help="write what each test asks of dm_server to a capture in DIR, for netbsd-dm replay",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known, and refuse options that cannot be."""
    config.addinivalue_line("markers", _MARKER)
    profile = str(config.getoption("dm_profile"))
    if profile != _PROFILE:
        from ..driver.profile import find_profile

        try:
            find_profile(profile)
        except ValueError as error:
            raise pytest.UsageError(f"--dm-profile: {error}") from None
    directory = _record_directory(config)
    if directory is not None:
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise pytest.UsageError(f"--dm-record: {error}; give another directory") from None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the journal and the state of the server of a test that failed."""
    report = yield
    server = item.stash.get(_SERVER, None)
    if report.failed and server is not None:
        from .report import sections

        report.sections.extend(sections(server).items())
    return report


@pytest.fixture(scope="session")
def _dm_thread() -> Iterator[None]:
    """Keep the thread of the servers for the session, and not for each test anew."""
    from .thread import server_thread

    with server_thread():
        yield


@pytest.fixture
def dm_server(request: pytest.FixtureRequest, _dm_thread: None) -> "Iterator[DmServer]":
    """A device-mapper server of this test's own; the mark `dm` says what it is like."""
    with closing(_start(request)) as server:
        request.node.stash[_SERVER] = server
        yield server


@pytest.fixture
def dm_client(dm_server: "DmServer") -> "Client":
    """A client of `dm_server`, with a method for every command."""
    return dm_server.connect()


@pytest.fixture
def dm_disks(dm_server: "DmServer") -> "DiskImages":
    """The disks of `dm_server`: /dev/wd1a and so on; each sector says where it belongs."""
    return dm_server.disks


@pytest.fixture
def dm_clock(dm_server: "DmServer") -> "HandClock":
    """The clock of `dm_server`, which stands still until the test advances it."""
    return dm_server.clock


@pytest.fixture
def dm_faults(dm_server: "DmServer") -> "Faults":
    """What fails on demand in `dm_server`: `dm_faults.add("reload nth=2 errno=ENOENT")`."""
    return dm_server.faults


def _start(request: pytest.FixtureRequest) -> "DmServer":
    from .wanted import recording_path, wanted_by

    try:
        wanted = wanted_by(
            [_keywords(mark) for mark in request.node.iter_markers("dm")],
            profile=str(request.config.getoption("dm_profile")),
            has_clock="dm_clock" in request.fixturenames,
        )
        directory = _record_directory(request.config)
        if directory is None:
            return wanted.start(None)
        path = recording_path(directory, request.node.nodeid)
        path.unlink(missing_ok=True)  # of an earlier run
        return wanted.start(path)
    except ValueError as error:
        pytest.fail(f"the mark dm of {request.node.name}: {error}", pytrace=False)


def _keywords(mark: pytest.Mark) -> Mapping[str, object]:
    if mark.args:
        raise ValueError(f"give {mark.args[0]!r} by its keyword, such as profile=...")
    return mark.kwargs


def _record_directory(config: pytest.Config) -> Path | None:
    given = config.getoption("dm_record")
    return None if given is None else Path(str(given))
