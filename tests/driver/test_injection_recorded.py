"""Every failure of the real driver that was recorded, once by itself and once on demand."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from netbsd_dm.capture.disks import offer_disks
from netbsd_dm.capture.format import Capture, read_capture
from netbsd_dm.driver import mapper as mapper_module
from netbsd_dm.driver.failure import failed_command
from netbsd_dm.driver.mapper import Mapper
from netbsd_dm.driver.profile import NETBSD_9, Profile
from netbsd_dm.pdev.catalog import Catalog
from netbsd_dm.plist import PlistDict
from netbsd_dm.server.control import Control
from netbsd_dm.wire.errors import DMError, UndefinedError

FIXTURES = Path(__file__).parents[2] / "fixtures"
CAPTURES = [read_capture(path) for path in sorted(FIXTURES.rglob("*.jsonl"))]
LEAVES_A_PHANTOM = {("create-long-name-collide", 2)}
"""Where the driver notices too late that a name is taken: the reply has a minor."""


@contextmanager
def recreated(capture: Capture, directory: Path) -> Iterator[Callable[[], Control]]:
    """Makes fresh servers with the disks of a capture."""
    offers = offer_disks(capture.disks, directory)
    mappers: list[Mapper] = []

    def make() -> Control:
        mappers.append(Mapper(NETBSD_9, Catalog(offers)))
        return Control(mappers[-1], True)

    yield make
    for mapper in mappers:
        mapper.close()


def inject(control: Control, failure: DMError) -> None:
    """Let the next request to `control` fail so, if nothing else fails it."""
    faults = control._mapper.faults
    faults.clear()
    # An unknown type leaves the lines before it behind, and undefined is what crashes:
    # on demand nothing does that.
    if not isinstance(failure, UndefinedError) and "no target" not in failure.message:
        faults.add(f"any once errno={int(failure.errno)}")


@pytest.mark.parametrize(
    "capture",
    [pytest.param(each, id=each.name) for each in CAPTURES if not each.has_accesses],
)
def test_what_was_recorded_of_failures_comes_on_demand_too(
    capture: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures: list[DMError] = []

    def noted(request: PlistDict, error: DMError, profile: Profile) -> PlistDict:
        failures.append(error)
        return failed_command(request, error, profile)

    monkeypatch.setattr(mapper_module, "failed_command", noted)
    with recreated(capture, tmp_path) as make:
        real, double = make(), make()
        for step in capture.steps:
            if step.request is None:
                continue
            failures.clear()
            expected = real.run(step.request)
            if failures and (capture.name, step.number) not in LEAVES_A_PHANTOM:
                inject(double, failures[0])
            if step.is_comparable:
                assert double.run(step.request) == expected, f"step {step.number}, {step.label}"
            if step.restarted_after:
                real, double = make(), make()
