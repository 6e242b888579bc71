"""protocol/deviations.md has what the profiles choose, and nothing else."""

import re
from collections import Counter
from dataclasses import fields

import pytest

from netbsd_dm.driver.profile import Profile

CHOICES = sorted(field.name for field in fields(Profile) if field.name != "name")


@pytest.fixture(scope="session")
def rows(deviations: str) -> list[list[str]]:
    """The cells of the table of names: name, NetBSD 9, standard, why."""
    section = deviations.partition("## By name")[2].partition("\n##")[0]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_every_choice_of_a_profile_has_one_row_and_every_row_a_choice(
    rows: list[list[str]],
) -> None:
    named = Counter(row[0].strip("` ").replace("-", "_") for row in rows)
    assert named == Counter(CHOICES)


def test_every_row_says_what_both_do_and_why(rows: list[list[str]]) -> None:
    for row in rows:
        assert len(row) == 4, row
        assert all(row), row


@pytest.mark.parametrize("choice", ["reload-is-atomic", "validates-tables", "strict-arguments"])
def test_a_choice_of_many_rules_has_a_section_that_spells_them_out(
    deviations: str, choice: str
) -> None:
    assert re.search(rf"^### {choice}$", deviations, re.MULTILINE)
    assert f"](#{choice})" in deviations
