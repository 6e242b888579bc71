"""striped: driver spec section 5.4."""

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netbsd_dm.targets.striped import Striped
from netbsd_dm.wire.errors import DMError, Errno, UndefinedError

from .conftest import Bench, check_run, name_of


def params(stripes: int, chunk: int, *offsets: int) -> str:
    """The string for as many stripes as there are offsets."""
    words = [f"/dev/d{number} {offset}" for number, offset in enumerate(offsets)]
    return " ".join([f"{stripes} {chunk}", *words])


@pytest.mark.parametrize("count", [1, 2, 3, 4])
@pytest.mark.parametrize("strict", [True, False])
def test_it_is_a_count_a_chunk_and_devices_with_offsets(
    bench: Bench, count: int, strict: bool
) -> None:
    text = params(count, 16, *range(100, 100 + count))
    target = bench.make(Striped, text, strict=strict)
    assert target.table() == text
    assert [pdev.name for pdev in target.deps()] == [f"/dev/d{n}" for n in range(count)]


def test_a_device_may_serve_several_stripes_and_is_opened_once(bench: Bench) -> None:
    target = bench.make(Striped, "3 8 /dev/d0 0 /dev/d1 0 /dev/d0 500")
    assert [pdev.name for pdev in target.deps()] == ["/dev/d0", "/dev/d1", "/dev/d0"]
    assert bench.opened() == ["/dev/d0", "/dev/d1"]
    assert [pdev.references for pdev in bench.registry.opened()] == [2, 1]


def test_the_documented_protocol_takes_255_stripes(bench: Bench) -> None:
    offsets = range(255)
    target = bench.make(Striped, params(255, 8, *offsets))
    assert len(target.deps()) == 255
    with pytest.raises(DMError, match="between 1 and 255") as caught:
        bench.make(Striped, params(256, 8, *range(256)))
    assert caught.value.errno == Errno.EINVAL


@pytest.mark.parametrize(
    ("text", "table"),
    [
        pytest.param("257 16 /dev/d0 5", "1 16 /dev/d0 5", id="257 stripes are one"),
        pytest.param("258 16 /dev/d0 5 /dev/d1 6", "2 16 /dev/d0 5 /dev/d1 6", id="258 are two"),
        pytest.param("256 16 /dev/d0 5", "0 16", id="256 are none"),
        pytest.param("0 16 /dev/d0 5", "0 16", id="none"),
        pytest.param("1 0 /dev/d0 5", "1 0 /dev/d0 5", id="a chunk of 0"),
        pytest.param("x y /dev/d0 5", "0 0", id="no numbers"),
        pytest.param("1x 16k /dev/d0 5s", "1 16 /dev/d0 5", id="numbers with units"),
        pytest.param("1 16 /dev/d0 -5", "1 16 /dev/d0 0", id="a negative offset"),
        pytest.param("1 16 /dev/d0 5 /dev/d1 6", "1 16 /dev/d0 5", id="more than it needs"),
        pytest.param(f"1 {2**64 + 3} /dev/d0 0", "1 3 /dev/d0 0", id="a chunk that wraps"),
    ],
)
def test_the_driver_forgives_what_strict_reading_refuses(
    bench: Bench, text: str, table: str
) -> None:
    target = bench.make(Striped, text, strict=False)
    assert target.table() == table
    assert len(bench.opened()) == len(target.deps())
    bench.registry.close()
    with pytest.raises(DMError) as caught:
        bench.make(Striped, text)
    assert caught.value.errno == Errno.EINVAL
    assert bench.opened() == []


@pytest.mark.parametrize(
    "text", ["", " ", "1", "1 16", "1 16 /dev/d0", "2 16 /dev/d0 0", "2 16 /dev/d0 0 /dev/d1"]
)
def test_what_is_missing_is_undefined_in_the_driver(bench: Bench, text: str) -> None:
    with pytest.raises(UndefinedError):
        bench.make(Striped, text, strict=False)
    assert bench.opened() == [], "what was opened before the fault stays open"
    with pytest.raises(DMError) as caught:
        bench.make(Striped, text)
    assert caught.value.errno == Errno.EINVAL
    assert not isinstance(caught.value, UndefinedError)
    assert bench.opened() == []


@pytest.mark.parametrize("strict", [True, False])
def test_a_device_that_is_not_there_is_enoent_and_closes_the_others(
    bench: Bench, strict: bool
) -> None:
    with pytest.raises(DMError) as caught:
        bench.make(Striped, "3 16 /dev/d0 0 /dev/d1 0 nothing 0", strict=strict)
    assert caught.value.errno == Errno.ENOENT
    assert bench.opened() == []


def test_the_driver_has_room_for_four_stripes(bench: Bench) -> None:
    text = params(5, 16, 0, 0, 0, 0, 0)
    with pytest.raises(DMError, match="4 stripes") as caught:
        bench.make(Striped, text, strict=False)
    assert (caught.value.errno, bench.opened()) == (Errno.ENOENT, [])
    assert bench.make(Striped, text).table() == text


@pytest.mark.parametrize("text", ["0 16", "256 16", "1 0 /dev/d0 5"])
def test_where_the_driver_divides_by_zero_an_access_fails(bench: Bench, text: str) -> None:
    with pytest.raises(DMError) as caught:
        bench.make(Striped, text, strict=False).map(0)
    assert caught.value.errno == Errno.EIO


@pytest.mark.parametrize(
    ("sector", "disk", "physical"),
    [
        # "2 16 d0 100 d1 200", the formula of driver spec section 5.4 by hand
        (0, 0, 100),
        (15, 0, 115),
        (16, 1, 200),
        (31, 1, 215),
        (32, 0, 116),
        (47, 0, 131),
        (48, 1, 216),
        (1000, 0, 100 + 31 * 16 + 8),
    ],
)
def test_chunks_are_dealt_out_in_turn(bench: Bench, sector: int, disk: int, physical: int) -> None:
    place = bench.make(Striped, params(2, 16, 100, 200)).map(sector)
    assert (name_of(place.device), place.sector) == (f"/dev/d{disk}", physical)


shapes = st.integers(1, 6).flatmap(
    lambda count: st.tuples(
        st.integers(1, 40), st.lists(st.integers(0, 2000), min_size=count, max_size=count)
    )
)


@given(shapes, st.integers(0, 2**54))
def test_every_sector_lies_where_the_formula_says(
    shape: tuple[int, list[int]], sector: int
) -> None:
    chunk, offsets = shape
    place = Bench().make(Striped, params(len(offsets), chunk, *offsets)).map(sector)
    stripe, within = sector // chunk, sector % chunk
    column = stripe % len(offsets)
    assert name_of(place.device) == f"/dev/d{column}"
    assert place.sector == offsets[column] + stripe // len(offsets) * chunk + within


@given(shapes, st.integers(1, 400))
def test_sectors_fill_its_extents_without_a_gap_and_each_place_once(
    shape: tuple[int, list[int]], length: int
) -> None:
    chunk, offsets = shape
    target = Bench().make(Striped, params(len(offsets), chunk, *offsets))
    used: dict[str, list[int]] = defaultdict(list)
    for sector in range(length):
        place = target.map(sector)
        used[name_of(place.device)].append(place.sector)
    extents = {extent.device.name: extent.end_sector for extent in target.extents(length)}
    for number, offset in enumerate(offsets):
        name = f"/dev/d{number}"
        # In order, once each, from the offset up to the end that it promised.
        assert used[name] == list(range(offset, extents[name])), name


@given(shapes, st.integers(0, 10_000))
def test_its_string_makes_the_same_map_again(shape: tuple[int, list[int]], sector: int) -> None:
    chunk, offsets = shape
    bench = Bench()
    target = bench.make(Striped, "\t" + params(len(offsets), chunk, *offsets) + "  ")
    table = target.table()
    assert table is not None
    again = bench.make(Striped, table)
    assert again.table() == table
    assert again.map(sector) == target.map(sector)


@given(shapes, st.integers(0, 2**54))
def test_a_run_is_a_chunk(shape: tuple[int, list[int]], sector: int) -> None:
    chunk, offsets = shape
    run = check_run(Bench().make(Striped, params(len(offsets), chunk, *offsets)), sector)
    assert (run.first_sector % chunk, run.end_sector - run.first_sector) == (0, chunk)


@given(shapes, st.integers(1, 300))
def test_its_runs_agree_with_every_sector(shape: tuple[int, list[int]], length: int) -> None:
    chunk, offsets = shape
    target = Bench().make(Striped, params(len(offsets), chunk, *offsets))
    sector = 0
    while sector < length:
        run = target.run(sector)
        for each in range(run.first_sector, run.end_sector):
            place = target.map(each)
            assert (place.device, place.sector) == (run.device, each + run.shift_sectors), each
        assert run.first_sector == sector, "runs follow each other"
        sector = run.end_sector


@pytest.mark.parametrize("text", ["0 16", "1 0 /dev/d0 5"])
def test_where_the_driver_divides_by_zero_there_is_no_run(bench: Bench, text: str) -> None:
    with pytest.raises(DMError) as caught:
        bench.make(Striped, text, strict=False).run(0)
    assert caught.value.errno == Errno.EIO
