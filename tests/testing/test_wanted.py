"""What marks come to, and names of recordings."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netbsd_dm.testing.wanted import Wanted, recording_path, wanted_by

DEFAULT = Wanted(profile="standard", disks=2, sectors=4096, clock="wall", nbd=False)


def test_without_marks_there_are_defaults() -> None:
    assert wanted_by([], profile="standard", has_clock=False) == DEFAULT


def test_who_has_the_clock_wants_it_manual() -> None:
    assert wanted_by([], profile="netbsd-9", has_clock=True) == Wanted(
        profile="netbsd-9", disks=2, sectors=4096, clock="manual", nbd=False
    )


def test_the_closest_mark_counts_first() -> None:
    closest = {"profile": "netbsd-9", "disks": 1}
    wanted = wanted_by(
        [closest, {"disks": 3, "clock": "autojump"}], profile="standard", has_clock=True
    )
    assert wanted == Wanted(profile="netbsd-9", disks=1, sectors=4096, clock="autojump", nbd=False)


@pytest.mark.parametrize(
    ("mark", "message"),
    [
        ({"profil": "netbsd-9"}, "no 'profil': it takes profile, disks, sectors, clock, nbd"),
        ({"disks": "three"}, "disks='three' is no int"),
        ({"profile": 9}, "profile=9 is no str"),
        ({"clock": None}, "clock=None is no str"),
    ],
)
def test_what_a_mark_does_not_take_is_refused(mark: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        wanted_by([mark], profile="standard", has_clock=False)


@pytest.mark.parametrize(
    ("test_id", "name"),
    [
        ("tests/test_a.py::test_b", "tests.test_a.test_b.jsonl"),
        ("test_a.py::TestB::test_c", "test_a.TestB.test_c.jsonl"),
        ("test_a.py::test_b[1-x]", "test_a.test_b_1-x_-d2b365d1.jsonl"),
    ],
)
def test_recordings_are_called_as_their_tests(test_id: str, name: str) -> None:
    assert recording_path(Path("captures"), test_id) == Path("captures", name)


@given(st.text(min_size=1))
def test_any_name_becomes_one_file(test_id: str) -> None:
    path = recording_path(Path("captures"), f"test_a.py::test_b[{test_id}]")
    assert path.parent == Path("captures")
    assert path.name.isascii()
    assert path.name.isprintable()
    assert len(path.name) < 150


@given(st.sets(st.text(alphabet="ab/:[]. \x00", min_size=1), min_size=2, max_size=2))
def test_two_tests_have_two_files(names: set[str]) -> None:
    one, other = (f"test_a.py::test_b[{name}]" for name in names)
    assert recording_path(Path(), one) != recording_path(Path(), other)
