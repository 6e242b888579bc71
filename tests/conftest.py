"""For every test: the hypothesis profiles, and a check on every reply of a mapper."""

import os
import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings

settings.register_profile("default", deadline=None)
settings.register_profile(
    "ci", deadline=None, derandomize=True, max_examples=60, database=None, print_blob=True
)
settings.load_profile("ci" if "CI" in os.environ else "default")

LINEAR_SECONDS = 5
"""Of processor time: what is linear takes a hundredth of it, what is quadratic hours."""


@pytest.fixture
def linear_time() -> Iterator[None]:
    """Fails a test that would hang, by its own processor time and not by the clock."""

    def fail(signum: int, frame: object) -> None:
        pytest.fail(f"took more than {LINEAR_SECONDS} s of processor time: not linear")

    before = signal.signal(signal.SIGPROF, fail)
    signal.setitimer(signal.ITIMER_PROF, LINEAR_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
