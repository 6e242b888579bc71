"""Physical devices that tables use: each open once, and only as long as it is used."""

from pathlib import Path

import pytest

from netbsd_dm.pdev.catalog import Catalog, Offer
from netbsd_dm.pdev.handle import Source
from netbsd_dm.pdev.registry import PdevRegistry
from netbsd_dm.wire.errors import DMError, Errno

from .conftest import descriptors, make_disk

LONG = "/dev/a-very-long-block-device-name-0123456789"
CUT = LONG[:31]


def no_mapped(name: str) -> Source:
    raise DMError(Errno.ENOENT, f"{name}: no mapped device")


@pytest.fixture
def other(tmp_path: Path) -> Path:
    return make_disk(tmp_path / "other.img")


@pytest.fixture
def catalog(disk: Path, other: Path) -> Catalog:
    return Catalog([Offer("/dev/d", disk), Offer("/dev/e", other), Offer(LONG, other)])


@pytest.fixture
def registry(catalog: Catalog) -> PdevRegistry:
    """As in profile standard."""
    return PdevRegistry(catalog.resolve, no_mapped)


@pytest.fixture
def old(catalog: Catalog) -> PdevRegistry:
    """As in profile netbsd-9."""
    return PdevRegistry(catalog.resolve, no_mapped, name_bytes=31, exclusive=True)


def test_a_device_is_opened_once_and_shared(registry: PdevRegistry, disk: Path) -> None:
    first = registry.acquire("/dev/d")
    assert registry.acquire("/dev/d") is first
    assert (first.references, descriptors(disk)) == (2, 1)
    assert registry.opened() == [first]
    registry.close()


def test_what_is_given_back_after_the_end_is_not_closed_twice(
    registry: PdevRegistry, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pdev = registry.acquire("/dev/d")
    registry.close()
    assert descriptors(disk) == 0
    monkeypatch.setattr("os.close", pytest.fail)  # by now the number may be another file's
    registry.release(pdev)
    registry.reap()
    assert registry.opened() == []


def test_it_is_closed_when_the_last_reference_is_reaped(registry: PdevRegistry, disk: Path) -> None:
    pdev = registry.acquire("/dev/d")
    registry.acquire("/dev/d")
    registry.release(pdev)
    registry.reap()
    assert (pdev.references, descriptors(disk)) == (1, 1)
    registry.release(pdev)
    assert (registry.opened(), descriptors(disk)) == ([], 1)
    registry.reap()
    assert descriptors(disk) == 0
    registry.reap()


def test_a_released_device_is_not_found_any_more(registry: PdevRegistry, disk: Path) -> None:
    first = registry.acquire("/dev/d")
    registry.release(first)
    second = registry.acquire("/dev/d")
    assert second is not first
    registry.reap()
    assert (second.references, descriptors(disk)) == (1, 1)
    registry.close()


def test_what_was_released_can_be_taken_back_before_it_is_reaped(
    registry: PdevRegistry, disk: Path
) -> None:
    pdev = registry.acquire("/dev/d")
    registry.release(pdev)
    registry.retain(pdev)
    registry.reap()
    assert (pdev.references, descriptors(disk)) == (1, 1)
    assert registry.acquire("/dev/d") is pdev
    assert registry.opened() == [pdev]
    registry.close()


def test_a_reference_more_keeps_it_open(registry: PdevRegistry, disk: Path) -> None:
    pdev = registry.acquire("/dev/d")
    registry.retain(pdev)
    registry.release(pdev)
    registry.reap()
    assert (pdev.references, descriptors(disk)) == (1, 1)
    registry.close()


def test_a_failure_opens_and_remembers_nothing(registry: PdevRegistry, disk: Path) -> None:
    disk.unlink()
    for name in ("/dev/d", "/dev/nothing", "/dev/mapper/nothing"):
        with pytest.raises(DMError) as caught:
            registry.acquire(name)
        assert caught.value.errno == Errno.ENOENT
    assert registry.opened() == []
    make_disk(disk)
    assert registry.acquire("/dev/d").references == 1
    registry.close()


def test_closing_closes_everything_whoever_uses_it(
    registry: PdevRegistry, disk: Path, other: Path
) -> None:
    for name in ("/dev/d", "/dev/d", "/dev/e"):
        registry.acquire(name)
    registry.release(registry.acquire(LONG))
    registry.close()
    assert (descriptors(disk), descriptors(other), registry.opened()) == (0, 0, [])


def test_the_open_ones_are_listed_by_name(registry: PdevRegistry) -> None:
    for name in ("/dev/e", LONG, "/dev/d"):
        registry.acquire(name)
    assert [pdev.name for pdev in registry.opened()] == [LONG, "/dev/d", "/dev/e"]
    registry.close()


def test_a_long_name_is_kept_and_shared(registry: PdevRegistry, other: Path) -> None:
    first = registry.acquire(LONG)
    assert registry.acquire(LONG) is first
    assert (first.name, descriptors(other)) == (LONG, 1)
    registry.close()


def test_two_names_of_one_file_are_two_devices(registry: PdevRegistry, other: Path) -> None:
    assert registry.acquire("/dev/e") is not registry.acquire(LONG)
    assert descriptors(other) == 2
    registry.close()


class TestAsTheDriver:
    """Names are cut to 31 bytes, and a device opens under one name only."""

    def test_a_long_name_is_stored_cut(self, old: PdevRegistry) -> None:
        assert old.acquire(LONG).name == CUT
        old.close()

    def test_its_second_use_fails_with_enoent_as_recorded(
        self, old: PdevRegistry, other: Path
    ) -> None:
        # linear-longdev: the name is not found again, and a second open is refused.
        first = old.acquire(LONG)
        with pytest.raises(DMError) as caught:
            old.acquire(LONG)
        assert caught.value.errno == Errno.ENOENT
        assert (first.references, descriptors(other)) == (1, 1)
        old.release(first)
        old.reap()
        assert old.acquire(LONG).references == 1
        old.close()

    def test_even_after_a_release_that_is_not_reaped_it_opens_again(
        self, old: PdevRegistry, other: Path
    ) -> None:
        old.release(old.acquire(LONG))
        assert old.acquire(LONG).references == 1
        old.reap()
        assert descriptors(other) == 1
        old.close()

    def test_a_name_of_31_bytes_is_whole(self, disk: Path) -> None:
        name = "/dev/" + "x" * 26
        old = PdevRegistry(Catalog([Offer(name, disk)]).resolve, no_mapped, 31, exclusive=True)
        first = old.acquire(name)
        assert old.acquire(name) is first
        old.close()

    def test_a_name_is_cut_by_bytes_even_within_a_character(self, disk: Path) -> None:
        name = "/dev/x" + "é" * 20
        old = PdevRegistry(Catalog([Offer(name, disk)]).resolve, no_mapped, 31, exclusive=True)
        assert old.acquire(name).name.encode("utf-8", "surrogateescape") == name.encode()[:31]
        old.close()

    def test_one_dev_under_another_name_fails(self, disk: Path, other: Path) -> None:
        offers = [Offer("/dev/d", disk, dev=0xE00), Offer("/dev/alias", other, dev=0xE00)]
        old = PdevRegistry(Catalog(offers).resolve, no_mapped, 31, exclusive=True)
        old.acquire("/dev/d")
        with pytest.raises(DMError) as caught:
            old.acquire("/dev/alias")
        assert caught.value.errno == Errno.ENOENT
        assert descriptors(other) == 0
        old.close()
