"""linear: driver spec section 5.3."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netbsd_dm.targets.interface import ENDLESS, Extent, Place, Run
from netbsd_dm.targets.linear import Linear
from netbsd_dm.wire.errors import DMError, Errno, UndefinedError

from .conftest import Bench, check_run


@pytest.mark.parametrize(
    ("params", "device", "offset"),
    [
        ("/dev/wd1a 0", "/dev/wd1a", 0),
        ("/dev/wd1a 384", "/dev/wd1a", 384),
        ("\t /dev/wd1a \t 384 ", "/dev/wd1a", 384),
        ("/dev/we&ir<d> 1", "/dev/we&ir<d>", 1),
        (f"/dev/wd1a {2**64 - 1}", "/dev/wd1a", 2**64 - 1),
    ],
)
@pytest.mark.parametrize("strict", [True, False])
def test_it_is_a_device_and_an_offset(
    bench: Bench, params: str, device: str, offset: int, strict: bool
) -> None:
    target = bench.make(Linear, params, strict=strict)
    assert target.table() == f"{device} {offset}"
    assert [pdev.name for pdev in target.deps()] == [device]
    assert bench.opened() == [device]


@pytest.mark.parametrize(
    ("params", "table"),
    [
        ("/dev/wd1a 7abc", "/dev/wd1a 7"),
        ("/dev/wd1a -5", "/dev/wd1a 0"),
        ("/dev/wd1a 0x10", "/dev/wd1a 0"),
        ("/dev/wd1a 18446744073709551617", "/dev/wd1a 1"),
        ("/dev/wd1a x", "/dev/wd1a 0"),
        ("/dev/wd1a 5 more words 9", "/dev/wd1a 5"),
    ],
)
def test_the_driver_forgives_what_strict_reading_refuses(
    bench: Bench, params: str, table: str
) -> None:
    assert bench.make(Linear, params, strict=False).table() == table
    bench.registry.close()
    with pytest.raises(DMError) as caught:
        bench.make(Linear, params)
    assert caught.value.errno == Errno.EINVAL
    assert bench.opened() == []


@pytest.mark.parametrize("params", ["", " \t", "/dev/wd1a", "/dev/wd1a "])
def test_what_is_missing_is_undefined_in_the_driver(bench: Bench, params: str) -> None:
    with pytest.raises(UndefinedError):
        bench.make(Linear, params, strict=False)
    with pytest.raises(DMError, match="DEVICE OFFSET"):
        bench.make(Linear, params)
    assert bench.opened() == []


@pytest.mark.parametrize("strict", [True, False])
def test_a_device_that_is_not_there_is_enoent(bench: Bench, strict: bool) -> None:
    with pytest.raises(DMError) as caught:
        bench.make(Linear, "nothing 0", strict=strict)
    assert caught.value.errno == Errno.ENOENT


@given(st.integers(0, 2**54), st.integers(0, 2**54))
def test_a_sector_lies_at_the_offset_and_its_own_number(offset: int, sector: int) -> None:
    target = Bench().make(Linear, f"/dev/wd1a {offset}")
    (device,) = target.deps()
    assert target.map(sector) == Place(device, offset + sector)


@given(st.integers(0, 2**54), st.integers(1, 2**54))
def test_it_uses_its_device_up_to_the_last_sector_mapped(offset: int, length: int) -> None:
    target = Bench().make(Linear, f"/dev/wd1a {offset}")
    (device,) = target.deps()
    assert list(target.extents(length)) == [Extent(device, offset + length)]
    assert target.map(length - 1).sector == offset + length - 1


@given(st.integers(0, 2**64 - 1))
def test_its_string_makes_it_again(offset: int) -> None:
    bench = Bench()
    table = bench.make(Linear, f"  /dev/wd1a\t{offset} ").table()
    assert table is not None
    again = bench.make(Linear, table)
    assert again.table() == table
    assert again.map(7).sector == offset + 7


def test_it_takes_no_messages(bench: Bench) -> None:
    with pytest.raises(DMError, match="linear takes no messages") as caught:
        bench.make(Linear, "/dev/wd1a 0").message("hello")
    assert caught.value.errno == Errno.EINVAL


@given(st.integers(0, 2**54), st.integers(0, 2**54))
def test_all_of_it_is_one_run(offset: int, sector: int) -> None:
    target = Bench().make(Linear, f"/dev/wd1a {offset}")
    (device,) = target.deps()
    assert check_run(target, sector) == Run(0, ENDLESS, device, offset)
