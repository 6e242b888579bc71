"""delay: driver spec section 5.8."""

import pytest

from netbsd_dm.targets.delay import Delay
from netbsd_dm.targets.interface import Extent
from netbsd_dm.wire.errors import DMError, Errno

from .conftest import Bench, check_run


@pytest.mark.parametrize("op", ["read", "write", "discard"])
def test_one_delay_is_for_everything(bench: Bench, op: str) -> None:
    target = bench.make(Delay, "/dev/wd1a 384 250")
    assert isinstance(target, Delay)
    assert target.treat(op).delay_seconds == 0.25
    assert target.table() == "/dev/wd1a 384 250"


def test_writes_may_have_their_own(bench: Bench) -> None:
    target = bench.make(Delay, "/dev/wd1a 384 0 /dev/wd1a 384 1500")
    assert isinstance(target, Delay)
    assert target.treat("read").delay_seconds == 0
    assert target.treat("write").delay_seconds == 1.5
    assert target.table() == "/dev/wd1a 384 0 /dev/wd1a 384 1500"
    assert [pdev.references for pdev in target.deps()] == [1]


def test_its_sectors_are_those_of_the_device_from_the_offset(bench: Bench) -> None:
    target = bench.make(Delay, "/dev/wd1a 384 250")
    assert check_run(target, 17).shift_sectors == 384
    (pdev,) = target.deps()
    assert list(target.extents(16)) == [Extent(pdev, 400)]


@pytest.mark.parametrize(
    ("params", "errno", "message"),
    [
        ("/dev/wd1a 0", Errno.EINVAL, "3 or 6 arguments, DEVICE OFFSET MS"),
        ("/dev/wd1a 0 1 /dev/wd1a", Errno.EINVAL, "3 or 6 arguments"),
        ("/dev/wd1a 0 soon", Errno.EINVAL, "delay 'soon' is not a decimal number"),
        ("/dev/wd1a 0 1 /dev/wd2a 0 1", Errno.ENOTSUP, "name the same device"),
        ("nosuch 0 1", Errno.ENOENT, "nosuch"),
    ],
)
def test_a_wrong_line_says_what_is_wrong(
    bench: Bench, params: str, errno: Errno, message: str
) -> None:
    with pytest.raises(DMError, match=message) as caught:
        bench.make(Delay, params)
    assert caught.value.errno == errno
