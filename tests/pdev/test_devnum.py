"""NetBSD's dev_t: driver spec section 3.2."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netbsd_dm.pdev import devnum


@pytest.mark.parametrize(
    ("major", "minor", "dev"),
    [
        (0, 0, 0),
        (197, 0, 50432),  # the first disk of the recordings
        (197, 1, 50433),
        (169, 1, 0xA901),
        (14, 16, 0xE10),
        (0, 0xFF, 0xFF),
        (0, 0x100, 0x100000),
        (0xFFF, 0, 0xFFF00),
        (0xFFF, 0xFFFFF, 0xFFFFFFFF),
    ],
)
def test_a_number_is_put_together_as_netbsd_does(major: int, minor: int, dev: int) -> None:
    assert devnum.makedev(major, minor) == dev
    assert (devnum.major(dev), devnum.minor(dev)) == (major, minor)


@given(st.integers(0, 0xFFF), st.integers(0, 0xFFFFF))
def test_it_comes_apart_into_what_it_was_made_of(major: int, minor: int) -> None:
    dev = devnum.makedev(major, minor)
    assert (devnum.major(dev), devnum.minor(dev)) == (major, minor)
    assert 0 <= dev < 2**32
