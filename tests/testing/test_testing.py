"""The room as others import it."""

import pytest

from netbsd_dm import testing


def test_every_public_name_is_there() -> None:
    for name in testing.__all__:
        assert getattr(testing, name).__name__ == name
    assert dir(testing) == sorted(testing.__all__)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nosuch'"):
        _ = testing.nosuch
