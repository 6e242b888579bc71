"""Programs that some tests need."""

import os
import shutil

import pytest


@pytest.fixture
def socat() -> str:
    """The program socat; the test is skipped by name, or in CI fails, without it."""
    program = shutil.which("socat")
    if program is None:
        if "NETBSD_DM_TEST_ALL" in os.environ:
            pytest.fail("socat is missing")
        pytest.skip("socat is missing: apt-get install socat")
    return program
