"""zero and error: driver spec section 5.5."""

import pytest

from netbsd_dm.targets.error import Error
from netbsd_dm.targets.interface import ENDLESS, Filler, Run, Target
from netbsd_dm.targets.zero import Zero
from netbsd_dm.wire.errors import DMError

from .conftest import Bench, check_run

both = pytest.mark.parametrize(("kind", "filler"), [(Zero, Filler.ZERO), (Error, Filler.ERROR)])


@both
@pytest.mark.parametrize("params", ["", "anything", "/dev/d0 0"])
@pytest.mark.parametrize("strict", [True, False])
def test_it_takes_any_arguments_and_uses_none(
    bench: Bench, kind: type[Target], filler: Filler, params: str, strict: bool
) -> None:
    target = bench.make(kind, params, strict=strict)
    assert target.table() is None
    assert target.deps() == ()
    assert list(target.extents(100)) == []
    assert bench.opened() == []


@both
@pytest.mark.parametrize("sector", [0, 1, 2**54])
def test_every_sector_is_filled(
    bench: Bench, kind: type[Target], filler: Filler, sector: int
) -> None:
    assert bench.make(kind, "").map(sector).device is filler


@both
def test_it_takes_no_messages(bench: Bench, kind: type[Target], filler: Filler) -> None:
    with pytest.raises(DMError, match=f"{kind.name} takes no messages"):
        bench.make(kind, "").message("hello")


@both
@pytest.mark.parametrize("sector", [0, 1, 2**54])
def test_all_of_it_is_one_run(
    bench: Bench, kind: type[Target], filler: Filler, sector: int
) -> None:
    assert check_run(bench.make(kind, ""), sector) == Run(0, ENDLESS, filler, 0)
