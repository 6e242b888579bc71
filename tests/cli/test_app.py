"""The command line as a whole: help, version, completion, targets."""

import pytest

from netbsd_dm import __version__
from netbsd_dm.cli.options import ProfileName
from netbsd_dm.driver.profile import PROFILES
from tests.helpers.processes import run

COMMANDS = (
    *("serve", "send", "map", "iostat"),
    *("show", "tree", "graph", "tail", "fault", "clock"),
    *("record", "replay", "targets", "shim", "exec"),
)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_every_command_shows_an_example(command: str) -> None:
    finished = run(command, "--help")
    assert finished.returncode == 0
    assert f"    netbsd-dm {command}" in finished.stdout.decode()


def test_the_help_shows_an_example_a_line() -> None:
    lines = run("--help").stdout.decode().splitlines()
    assert [line.split()[1] for line in lines if line.startswith("      netbsd-dm")] == [*COMMANDS]
    assert not any("\b" in line for line in lines)


def test_the_version_is_printed() -> None:
    assert run("--version").stdout.decode() == f"netbsd-dm {__version__}\n"


def test_without_a_command_the_commands_are_listed() -> None:
    finished = run()
    assert finished.returncode == 2
    text = (finished.stdout + finished.stderr).decode()
    assert all(command in text for command in COMMANDS)


def test_the_shell_completes() -> None:
    environment = {
        "_NETBSD_DM_COMPLETE": "complete_bash",
        "COMP_WORDS": "netbsd-dm se",
        "COMP_CWORD": "1",
    }
    finished = run(environment=environment)
    assert finished.stdout.split() == [b"serve", b"send"]


def test_targets_are_listed_with_version_and_arguments() -> None:
    lines = run("targets").stdout.decode().splitlines()
    assert lines[0].split() == ["linear", "1.0.2", "DEVICE", "OFFSET"]
    assert [line.split()[0] for line in lines] == [
        "linear",
        "striped",
        "zero",
        "error",
        "delay",
        "flakey",
    ]
    old = run("targets", "-p", "netbsd-9").stdout.decode().splitlines()
    assert [line.split()[0] for line in old] == ["linear", "striped"]


def test_the_option_knows_every_profile() -> None:
    assert [name.value for name in ProfileName] == list(PROFILES)
