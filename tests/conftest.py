"""For every test: the hypothesis profiles, and a check on every reply of a mapper."""

import os
import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings

from netbsd_dm.driver.events import Pending
from netbsd_dm.driver.mapper import Mapper
from netbsd_dm.plist import PlistDict
from netbsd_dm.wire.errors import DMError

from .helpers.schema import validate_reply

settings.register_profile("default", deadline=None)
settings.register_profile(
    "ci", deadline=None, derandomize=True, max_examples=60, database=None, print_blob=True
)
settings.register_profile("long", deadline=None, max_examples=3000)
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


@pytest.fixture(autouse=True)
def every_reply_matches_the_schema(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What any mapper replies in any test is as protocol/reply.rng says."""
    execute = Mapper.execute
    faults: list[str] = []

    def check(mapper: Mapper, reply: PlistDict) -> None:
        try:
            validate_reply(reply, f"reply.{mapper.profile.name}")
        except AssertionError as error:
            faults.append(str(error))

    def checked(
        mapper: Mapper,
        request: PlistDict,
        *,
        privileged: bool = True,
        failure: DMError | None = None,
    ) -> PlistDict | Pending:
        reply = execute(mapper, request, privileged=privileged, failure=failure)
        if isinstance(reply, Pending):
            waiting.append((mapper, reply))
        elif failure is None:  # on demand, anything fails, also what never does by itself
            check(mapper, reply)
        return reply

    waiting: list[tuple[Mapper, Pending]] = []
    monkeypatch.setattr(Mapper, "execute", checked)
    yield
    for mapper, pending in waiting:
        if pending.reply is not None:
            check(mapper, pending.reply)
    if faults:
        pytest.fail("\n\n".join(faults[:3]))
