"""Which matches are hits: by their number alone, in every process alike."""

import subprocess
import sys

import pytest
from hypothesis import given

from netbsd_dm.faults.schedule import Schedule

from .conftest import schedules


def hits(schedule: Schedule, count: int = 12) -> list[int]:
    """The hits among the first matches."""
    return [number for number in range(1, count + 1) if schedule.hits(number)]


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (Schedule(), list(range(1, 13))),
        (Schedule(nth=1), [1]),
        (Schedule(nth=5), [5]),
        (Schedule(first=3), [1, 2, 3]),
        (Schedule(after=9), [10, 11, 12]),
        (Schedule(after=0), list(range(1, 13))),
        (Schedule(every=4), [4, 8, 12]),
        (Schedule(every=1), list(range(1, 13))),
        (Schedule(after=2, every=4), [6, 10]),
        (Schedule(after=2, first=5), [3, 4, 5]),
        (Schedule(every=3, first=8), [3, 6]),
        (Schedule(seed=1, rate=1.0), list(range(1, 13))),
    ],
    ids=str,
)
def test_the_hits_of_a_schedule(schedule: Schedule, expected: list[int]) -> None:
    assert hits(schedule) == expected


@given(schedules())
def test_a_schedule_without_a_seed_hits_at_least_once(schedule: Schedule) -> None:
    if schedule.seed is None:
        assert hits(schedule, 60)


SEEDED = Schedule(seed=42, rate=0.25)


def test_a_seed_picks_its_share_and_always_the_same() -> None:
    picked = hits(SEEDED, 2000)
    assert 400 < len(picked) < 600
    assert picked == hits(Schedule(seed=42, rate=0.25), 2000)
    assert picked != hits(Schedule(seed=43, rate=0.25), 2000)
    assert set(picked) < set(hits(Schedule(seed=42, rate=0.5), 2000)), "a rate is not the same draw"
    assert hits(Schedule(seed=42), 2000) == hits(Schedule(seed=42, rate=0.5), 2000)


def test_the_sequence_of_a_seed_is_part_of_the_format_of_rules() -> None:
    # Recorded once: a capture with seeded faults is to be replayed by later versions.
    assert hits(SEEDED, 40) == [1, 13, 20, 21, 29, 36, 37, 39]


@pytest.mark.parametrize("hash_seed", ["0", "1"])
def test_another_process_draws_the_same(hash_seed: str) -> None:
    program = (
        "from netbsd_dm.faults.schedule import Schedule;"
        "print([n for n in range(1, 41) if Schedule(seed=42, rate=0.25).hits(n)])"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONHASHSEED": hash_seed},
        capture_output=True,
        check=True,
        text=True,
    )
    assert finished.stdout == f"{hits(SEEDED, 40)}\n"
