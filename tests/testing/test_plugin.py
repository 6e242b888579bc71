"""The plugin, as other test suites meet it: a run of pytest in a directory of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

from netbsd_dm.capture.format import read_capture
from netbsd_dm.capture.replay import Verdict, play
from netbsd_dm.driver.profile import STANDARD
from netbsd_dm.testing import plugin

from .conftest import descriptors, threads

pytest_plugins = ["pytester"]

STRICT = """
[pytest]
addopts = --strict-markers --strict-config -p no:cacheprovider
filterwarnings = error
trio_mode = true
"""
HEADER = """
import pytest
import netbsd_dm
from netbsd_dm import DMError, TableLine

LINEAR = TableLine(0, 2048, "linear", "/dev/wd1a 384")

def make_device(dm):
    dm.create("vol1")
    dm.reload("vol1", [LINEAR])
    dm.resume("vol1")
"""


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    """A directory for test suites where warnings are errors."""
    pytester.makeini(STRICT)
    return pytester


def run(suite: pytest.Pytester, source: str, *arguments: str) -> pytest.RunResult:
    """Run tests that begin with the `HEADER`."""
    suite.makepyfile(test_it=HEADER + source)
    return suite.runpytest(*arguments)


FAILING = """
def test_fails(dm_server, dm_client, dm_faults):
    dm_faults.add("reload nth=2 errno=ENOENT")
    make_device(dm_client)
    with pytest.raises(DMError):
        dm_client.reload("vol1", [LINEAR])
    assert dm_server.commands == []
"""


def test_a_test_that_fails_shows_the_journal_and_the_state(suite: pytest.Pytester) -> None:
    result = run(suite, FAILING)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*- netbsd-dm journal -*",
            "    1  create vol1 -> minor 1",
            "    2  reload vol1 -> ok",
            "           0 2048 linear /dev/wd1a 384",
            "    3  resume vol1 -> ok",
            "    4  reload vol1 -> ENOENT: *",
            "           0 2048 linear /dev/wd1a 384",
            "           fault reload nth=2 errno=ENOENT",
            "*- netbsd-dm state -*",
            "vol1: minor 1",
            "    live: 0 2048 linear /dev/wd1a 384",
            "open, with the lines that use each: /dev/wd1a (1)",
            "fault reload nth=2 errno=ENOENT: 1 hit",
        ],
        consecutive=False,
    )
    result.stdout.no_fnmatch_line("*<key>*")


def test_a_test_that_passes_shows_nothing(suite: pytest.Pytester) -> None:
    result = run(suite, "def test_passes(dm_client): make_device(dm_client)", "-rA")
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*netbsd-dm journal*")


def test_a_test_without_a_server_shows_nothing(suite: pytest.Pytester) -> None:
    result = run(suite, "def test_fails(): assert False")
    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line("*netbsd-dm journal*")


def test_a_fixture_that_fails_shows_the_journal(suite: pytest.Pytester) -> None:
    source = """
@pytest.fixture
def broken(dm_client):
    make_device(dm_client)
    yield
    dm_client.info("vol7")

def test_passes(broken): pass
"""
    result = run(suite, source)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*netbsd-dm journal*", "*info vol7 -> ENOENT*"])


def test_an_assertion_of_the_server_is_shown_without_its_inside(suite: pytest.Pytester) -> None:
    result = run(suite, "def test_fails(dm_server): dm_server.assert_devices('vol1')")
    result.stdout.fnmatch_lines(["E*the mapped devices are not as expected*", "E*- vol1"])
    result.stdout.no_fnmatch_line("*def _compare*")


def test_each_test_has_a_server_of_its_own(suite: pytest.Pytester) -> None:
    source = """
@pytest.mark.parametrize("number", range(3))
def test_it(dm_server, dm_client, dm_disks, number):
    assert dm_server.commands == []
    make_device(dm_client)
    dm_server.assert_devices("vol1")
    assert dm_disks[0].changed_sectors() == []
    with dm_server.open("vol1") as volume:
        volume.write(0, b"x" * 512)
"""
    run(suite, source).assert_outcomes(passed=3)


def test_a_mark_says_what_the_server_is_like(suite: pytest.Pytester) -> None:
    source = """
@pytest.mark.dm(profile="netbsd-9", disks=3, sectors=64, clock="manual", nbd=True)
def test_it(dm_server):
    assert dm_server.profile is netbsd_dm.NETBSD_9
    assert [disk.sectors for disk in dm_server.disks] == [64, 64, 64]
    dm_server.clock.advance(1)
    assert dm_server.nbd_path.is_socket()
"""
    run(suite, source).assert_outcomes(passed=1)


def test_the_closest_mark_counts_first(suite: pytest.Pytester) -> None:
    source = """
pytestmark = pytest.mark.dm(profile="netbsd-9", disks=3)

@pytest.mark.dm(disks=1)
def test_it(dm_server):
    assert dm_server.profile is netbsd_dm.NETBSD_9
    assert len(dm_server.disks) == 1
"""
    run(suite, source, "--dm-profile", "standard").assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("mark", "message"),
    [
        ('profile="netbsd-10"', "no profile 'netbsd-10': choose standard or netbsd-9"),
        ('clock="sundial"', "no clock 'sundial': choose wall, manual, autojump"),
        ("disk=1", "no 'disk': it takes profile, disks, sectors, clock, nbd"),
        ('"netbsd-9"', "give 'netbsd-9' by its keyword"),
    ],
)
def test_a_mark_that_cannot_be_is_an_error_that_says_what_can(
    suite: pytest.Pytester, mark: str, message: str
) -> None:
    result = run(suite, f"@pytest.mark.dm({mark})\ndef test_it(dm_server): pass")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"the mark dm of test_it: {message}*"])


def test_the_mark_is_known(suite: pytest.Pytester) -> None:
    suite.runpytest("--markers").stdout.fnmatch_lines(["@pytest.mark.dm(profile, disks, *"])


def test_the_option_sets_the_profile_of_those_that_do_not_say(suite: pytest.Pytester) -> None:
    source = """
def test_it(dm_server):
    assert dm_server.profile is netbsd_dm.NETBSD_9

@pytest.mark.dm(profile="standard")
def test_marked(dm_server):
    assert dm_server.profile is netbsd_dm.STANDARD
"""
    run(suite, source, "--dm-profile", "netbsd-9").assert_outcomes(passed=2)


def test_a_profile_that_is_none_is_a_usage_error(suite: pytest.Pytester) -> None:
    result = run(suite, "def test_it(): pass", "--dm-profile", "netbsd-10")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--dm-profile: *'netbsd-10'*standard or netbsd-9"])


def test_a_directory_that_cannot_be_made_is_a_usage_error(suite: pytest.Pytester) -> None:
    suite.makefile(".txt", taken="")
    result = run(suite, "def test_it(): pass", "--dm-record", "taken.txt")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--dm-record: *taken.txt*another directory"])


RECORDED = """
def test_a(dm_client):
    make_device(dm_client)
    dm_client.info("vol1")
    with pytest.raises(DMError):
        dm_client.create("vol1")

@pytest.mark.parametrize("name", ["a:b", "a b"])
def test_b(dm_client, name):
    dm_client.create(name)

def test_without(): pass
"""


def test_a_recording_is_one_for_each_test_and_replays_the_same(suite: pytest.Pytester) -> None:
    run(suite, RECORDED, "--dm-record", "made/captures").assert_outcomes(passed=4)
    paths = sorted(Path("made/captures").iterdir())
    assert [path.name.partition("-")[0] for path in paths] == [
        "test_it.test_a.jsonl",
        "test_it.test_b_a_b_",
        "test_it.test_b_a_b_",
    ]
    for path in paths:
        played = play(read_capture(path), STANDARD)
        assert {result.verdict for result in played.results} == {Verdict.EQUAL}


def test_a_recording_replaces_that_of_an_earlier_run(suite: pytest.Pytester) -> None:
    for _ in range(2):
        run(suite, RECORDED, "--dm-record", "captures").assert_outcomes(passed=4)
    assert len(read_capture(Path("captures/test_it.test_a.jsonl")).steps) == 5


def test_the_clock_stands_still_for_who_asks_for_it(suite: pytest.Pytester) -> None:
    source = """
def test_it(dm_clock):
    dm_clock.advance(30)
    assert dm_clock.seconds == 30

@pytest.fixture
def mine(dm_clock): return dm_clock

def test_through_a_fixture(mine):
    mine.advance(30)
"""
    run(suite, source).assert_outcomes(passed=2)


def test_tests_in_trio_are_served(suite: pytest.Pytester) -> None:
    source = """
async def test_it(dm_server, dm_clock, dm_faults):
    dm_faults.add("create delay=30s")
    dm_clock.autojump()
    async with netbsd_dm.connect_trio(dm_server.path) as dm:
        await dm.create("vol1")
    dm_server.assert_devices("vol1")
    assert dm_clock.seconds == 30
"""
    run(suite, source).assert_outcomes(passed=1)


def test_a_session_leaves_nothing(suite: pytest.Pytester, private: Path) -> None:
    before = threads(), descriptors()
    source = """
@pytest.mark.dm(nbd=True)
def test_it(dm_server, dm_client, dm_disks):
    make_device(dm_client)
    volume = dm_server.open("vol1")
"""
    run(suite, source + FAILING).assert_outcomes(passed=1, failed=1)
    assert (threads(), descriptors()) == before
    assert not list(private.glob("netbsd-dm-*"))


def test_workers_have_servers_of_their_own(suite: pytest.Pytester) -> None:
    pytest.importorskip("xdist")
    result = run(suite, RECORDED + FAILING, "-n", "2", "--dm-record", "captures")
    result.assert_outcomes(passed=4, failed=1)
    result.stdout.fnmatch_lines(["*netbsd-dm journal*", "*4  reload vol1 -> ENOENT*"])
    assert len(list(Path("captures").iterdir())) == 4


def test_a_run_that_does_not_use_it_imports_next_to_nothing() -> None:
    program = (
        "import sys, pytest; before = set(sys.modules); import netbsd_dm.testing.plugin;"
        "print(sorted(set(sys.modules) - before))"
    )
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert (
        finished.stdout.decode()
        == str(["netbsd_dm", "netbsd_dm._version", "netbsd_dm.testing", plugin.__name__]) + "\n"
    )


def test_the_plugin_is_there_where_the_package_is_installed(
    pytestconfig: pytest.Config,
) -> None:
    assert pytestconfig.pluginmanager.get_plugin("netbsd_dm") is plugin
