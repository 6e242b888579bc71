"""A table: which entry has a sector, and where it lies."""

from collections.abc import Iterable
from itertools import accumulate, pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netbsd_dm.driver.table import EMPTY, Entry, Table
from netbsd_dm.pdev.registry import Pdev, PdevRegistry
from netbsd_dm.targets.arguments import Arguments
from netbsd_dm.targets.interface import Devices, Filler, Place
from netbsd_dm.targets.zero import Zero

NOBODY = PdevRegistry(pytest.fail, pytest.fail)
ZERO = Zero(Arguments(""), Devices(NOBODY))
NO_DEVICES = Devices(NOBODY)


class NoHandle:
    """Of a device that nobody opens."""

    size_sectors = 0

    def close(self) -> None:
        pytest.fail("it was never open")


NO_HANDLE = NoHandle()


def table(*ranges: tuple[int | None, int | None]) -> Table:
    """A table of entries with these starts and lengths."""
    return Table(Entry(start, length, ZERO, NO_DEVICES) for start, length in ranges)


def index_of(found: Entry | None, whole: Table) -> int | None:
    """Which entry of the table `found` is, by identity."""
    if found is None:
        return None
    return next(index for index, entry in enumerate(whole) if entry is found)


def first_cover(whole: Table, sector: int) -> int | None:
    """The plain rule: the first entry in whose range the sector lies."""
    for index, entry in enumerate(whole):
        start, length = entry.start or 0, entry.length or 0
        if start <= sector < start + length:
            return index
    return None


@pytest.mark.parametrize(
    ("ranges", "expected"),
    [
        pytest.param([], {0: None, 5: None}, id="nothing"),
        pytest.param([(0, 8)], {0: 0, 7: 0, 8: None}, id="one"),
        pytest.param([(5, 8)], {0: None, 4: None, 5: 0, 12: 0, 13: None}, id="one, not from 0"),
        pytest.param([(0, 8), (8, 8)], {0: 0, 7: 0, 8: 1, 15: 1, 16: None}, id="two"),
        pytest.param([(0, 4), (8, 4)], {3: 0, 4: None, 7: None, 8: 1, 12: None}, id="a hole"),
        pytest.param([(8, 8), (0, 8)], {0: 1, 7: 1, 8: 0, 15: 0, 16: None}, id="out of order"),
        pytest.param([(0, 8), (4, 8)], {3: 0, 4: 0, 7: 0, 8: 1, 11: 1}, id="an overlap"),
        pytest.param([(4, 4), (0, 100)], {3: 1, 4: 0, 7: 0, 8: 1}, id="one within another"),
        pytest.param([(0, 100), (4, 4)], {3: 0, 4: 0, 99: 0, 100: None}, id="hidden by another"),
        pytest.param([(0, 8), (0, 8)], {0: 0, 7: 0, 8: None}, id="the same twice"),
        pytest.param([(0, 0)], {0: None, 1: None}, id="of no length"),
        pytest.param([(0, 0), (0, 8)], {0: 1, 7: 1}, id="of no length first"),
        pytest.param([(0, 8), (8, 0), (8, 8)], {7: 0, 8: 2}, id="of no length between"),
        pytest.param([(0, 8), (4, 0), (8, 8)], {4: 0, 8: 2}, id="of no length within"),
        pytest.param([(2**64 - 1, 1)], {2**64 - 1: 0, 2**64 - 2: None}, id="the last sector"),
        pytest.param([(2**64 - 1, 9)], {2**64 - 1: 0, 0: None}, id="beyond the last"),
        pytest.param([(None, 8), (8, None)], {0: 0, 8: None}, id="without numbers"),
    ],
)
def test_the_first_entry_that_covers_a_sector_has_it(
    ranges: list[tuple[int | None, int | None]], expected: dict[int, int | None]
) -> None:
    whole = table(*ranges)
    assert {sector: index_of(whole.find(sector), whole) for sector in expected} == expected
    assert {sector: first_cover(whole, sector) for sector in expected} == expected


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 15)), max_size=8),
    st.lists(st.integers(0, 60), min_size=1),
)
def test_it_is_the_first_whatever_the_order(
    ranges: list[tuple[int, int]], sectors: list[int]
) -> None:
    whole = table(*ranges)
    for sector in sectors:
        assert index_of(whole.find(sector), whole) == first_cover(whole, sector), sector


WHOLE = 2**64


@pytest.mark.parametrize(
    ("ranges", "expected"),
    [
        pytest.param([], {0: (None, WHOLE), 5: (None, WHOLE)}, id="nothing"),
        pytest.param([(0, 8)], {0: (0, 8), 7: (0, 8), 8: (None, WHOLE)}, id="one"),
        pytest.param([(5, 8)], {0: (None, 5), 4: (None, 5), 5: (0, 13)}, id="one, not from 0"),
        pytest.param([(0, 4), (8, 4)], {1: (0, 4), 4: (None, 8), 9: (1, 12)}, id="a hole"),
        pytest.param([(8, 8), (0, 8)], {3: (1, 8), 8: (0, 16)}, id="out of order"),
        pytest.param([(20, 4), (4, 4)], {0: (None, 4), 8: (None, 20)}, id="a hole out of order"),
        pytest.param([(0, 8), (4, 8)], {0: (0, 8), 4: (0, 8), 8: (1, 12)}, id="an overlap"),
        pytest.param([(4, 4), (0, 100)], {0: (1, 4), 5: (0, 8), 8: (1, 100)}, id="one within"),
        pytest.param([(0, 100), (4, 4)], {0: (0, 100), 5: (0, 100)}, id="hidden by another"),
        pytest.param([(6, 0), (0, 8), (0, 9)], {0: (1, 8), 8: (2, 9)}, id="of no length within"),
        pytest.param([(0, 8), (8, 0)], {0: (0, 8), 8: (None, WHOLE)}, id="of no length behind"),
        pytest.param([(None, 8), (8, None)], {0: (0, 8)}, id="without numbers"),
    ],
)
def test_a_span_goes_on_to_where_another_entry_has_the_sectors(
    ranges: list[tuple[int | None, int | None]], expected: dict[int, tuple[int | None, int]]
) -> None:
    whole = table(*ranges)
    spans = {sector: whole.span(sector) for sector in expected}
    found = {
        sector: (index_of(entry, whole), end_sector)
        for sector, (entry, end_sector) in spans.items()
    }
    assert found == expected


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 15)), max_size=8))
def test_spans_agree_with_a_plain_list_of_sectors(ranges: list[tuple[int, int]]) -> None:
    whole = table(*ranges)
    plain = [first_cover(whole, sector) for sector in range(70)]
    for sector in range(60):
        entry, end_sector = whole.span(sector)
        assert end_sector > sector
        assert set(plain[sector:end_sector]) == {index_of(entry, whole)}, sector
        if end_sector < 60 and end_sector not in {start for start, _ in ranges}:
            assert plain[end_sector] != plain[sector], f"the span of {sector} goes on"


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 15)), max_size=8))
def test_the_starts_are_there_to_be_searched_unless_entries_overlap(
    ranges: list[tuple[int, int]],
) -> None:
    whole = table(*ranges)
    in_order = all(start + length <= then for (start, length), (then, _) in pairwise(ranges))
    assert list(whole.starts) == ([start for start, _ in ranges] if in_order else [])
    assert whole.starts is whole.starts, "made once"


def test_its_devices_are_those_that_its_entries_opened_each_once() -> None:
    first, second = (Pdev(name, 1, NO_HANDLE, name, name) for name in ("a", "b"))
    entries = []
    for opened in ([first, second], [], [second]):
        devices = Devices(NOBODY)
        devices.opened += opened
        entries.append(Entry(0, 8, ZERO, devices))
    assert Table(entries).pdevs == {first, second}
    assert EMPTY.pdevs == frozenset()


def test_a_sector_is_mapped_relative_to_its_entry() -> None:
    whole = table((10, 5), (20, 5))
    assert whole.map(12) == Place(Filler.ZERO, 2)
    assert whole.map(24) == Place(Filler.ZERO, 4)
    assert whole.map(15) is None


@pytest.mark.parametrize(
    ("ranges", "size"),
    [
        ([], 0),
        ([(0, 8), (8, 8)], 16),
        ([(100, 8)], 8),
        ([(0, 8), (0, 8)], 16),
        ([(0, None)], 0),
        ([(0, 2**63), (0, 2**63), (0, 5)], 5),
    ],
)
def test_its_size_is_the_sum_of_the_lengths_modulo_2_to_the_64(
    ranges: list[tuple[int, int | None]], size: int
) -> None:
    # Not the end of the last entry: driver spec section 4.3.
    assert table(*ranges).size_sectors == size


def lengths(count: int) -> Iterable[int]:
    random = Random(1)  # noqa: S311 (any numbers, the same every time)
    return (random.randrange(1, 1000) for _ in range(count))


@pytest.mark.usefixtures("linear_time")
def test_in_a_million_entries_every_sector_is_found() -> None:
    count = 1_000_000
    starts = [0, *accumulate(lengths(count))]
    whole = table(*((start, end - start) for start, end in pairwise(starts)))
    random = Random(2)  # noqa: S311 (any numbers, the same every time)
    for index in (0, count - 1, *(random.randrange(count) for _ in range(20_000))):
        start, end = starts[index], starts[index + 1]
        for sector in (start, end - 1, random.randrange(start, end)):
            found = whole.find(sector)
            assert found is whole.entries[index], f"sector {sector} is of entry {index}"
    assert whole.find(starts[-1]) is None
    assert len(whole) == count
    assert whole.size_sectors == starts[-1]


def test_the_empty_table_is_false_and_a_table_true() -> None:
    assert not EMPTY
    assert list(EMPTY) == []
    assert EMPTY.map(0) is None
    assert table((0, 0))
