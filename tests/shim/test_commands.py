"""A client in C that sends every command."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from netbsd_dm import Profile
from netbsd_dm.driver.profile import PROFILES
from tests.helpers.programs import find

from .conftest import Host, Starter

Compiled = Callable[[str], Path]


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_every_command_works_from_threads_and_after_fork(
    serving: Starter, compiled: Compiled, profile: Profile
) -> None:
    with serving(profile=profile) as host:
        assert host.run(compiled("all_commands"), "5") == ""


def test_valgrind_finds_nothing(host: Host, compiled: Compiled) -> None:
    program = compiled("all_commands")
    options = ["--leak-check=full", "--show-leak-kinds=all", "--track-fds=yes"]
    said = host.run(find("valgrind"), *options, "--error-exitcode=99", program, "1")
    # The child of fork tells of itself, too.
    assert said.count("ERROR SUMMARY: 0 errors") == 2, said
    assert said.count("All heap blocks were freed") == 2, said
    opened = re.findall(r"Open (?:file descriptor|AF_UNIX socket) \d+:.*\n.*\n", said)
    assert all("<inherited from parent>" in each for each in opened), said
