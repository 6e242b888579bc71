"""The published files, as the tests read them."""

import pytest

from ..helpers.schema import PROTOCOL


@pytest.fixture(scope="session")
def reference() -> str:
    return (PROTOCOL / "reference.md").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def deviations() -> str:
    return (PROTOCOL / "deviations.md").read_text(encoding="utf-8")
