"""What names in tables stand for: only what the operator offered."""

import os
import socket
from pathlib import Path

import pytest

from netbsd_dm.pdev.catalog import Catalog, Offer
from netbsd_dm.pdev.devnum import makedev
from netbsd_dm.wire.errors import DMError, Errno

from .conftest import SECTORS, descriptors, make_disk


def refusal(catalog: Catalog, name: str) -> str:
    """The message with which `catalog` refuses `name`, by which nothing may be opened."""
    with pytest.raises(DMError) as caught:
        catalog.resolve(name).open().close()
    assert caught.value.errno == Errno.ENOENT, "the driver makes ENOENT of every failure"
    return caught.value.message


def test_an_offer_opens_its_file_under_its_name(disk: Path) -> None:
    handle = Catalog([Offer("/dev/wd0a", disk)]).resolve("/dev/wd0a").open()
    assert handle.size_sectors == SECTORS
    assert descriptors(disk) == 1
    handle.close()
    assert descriptors(disk) == 0


@pytest.mark.parametrize("name", ["/dev/wd0a", "wd0a", "a name with blanks", "/", "é"])
def test_an_offer_may_have_any_name(disk: Path, name: str) -> None:
    Catalog([Offer(name, disk)]).resolve(name).open().close()


def test_what_nobody_offered_is_refused_with_the_flags_that_would_offer_it(disk: Path) -> None:
    for catalog in (Catalog(), Catalog([Offer("/dev/wd0a", disk)])):
        message = refusal(catalog, "/dev/wd1a")
        assert "/dev/wd1a" in message
        assert "--device /dev/wd1a=FILE" in message
        assert "--device-dir" in message


def test_the_path_of_an_offered_file_is_not_its_name(disk: Path) -> None:
    assert "--device" in refusal(Catalog([Offer("/dev/wd0a", disk)]), str(disk))


def test_nothing_is_opened_before_it_is_asked_for(disk: Path) -> None:
    catalog = Catalog([Offer("/dev/wd0a", disk)], [disk.parent])
    catalog.resolve("/dev/wd0a")
    catalog.resolve("/dev/disk.img")
    assert descriptors(disk) == 0


class TestDirectory:
    """A directory plays the part of /dev."""

    @pytest.fixture
    def device_dir(self, tmp_path: Path) -> Path:
        directory = tmp_path / "devices"
        (directory / "sub").mkdir(parents=True)
        make_disk(directory / "wd0a")
        make_disk(directory / "sub" / "wd1a")
        make_disk(tmp_path / "outside.img")
        return directory

    @pytest.mark.parametrize(
        "name", ["/dev/wd0a", "/dev/sub/wd1a", "/dev/./wd0a", "/dev//wd0a", "/dev/sub/../wd0a"]
    )
    def test_a_name_below_dev_is_a_file_of_it(self, device_dir: Path, name: str) -> None:
        Catalog(directories=[device_dir]).resolve(name).open().close()

    def test_a_file_of_it_may_be_named_by_its_path(self, device_dir: Path) -> None:
        Catalog(directories=[device_dir]).resolve(f"{device_dir}/wd0a").open().close()

    def test_it_may_be_given_as_a_relative_path(
        self, device_dir: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(device_dir.parent)
        catalog = Catalog(directories=["devices"])
        monkeypatch.chdir("/")
        catalog.resolve("/dev/wd0a").open().close()
        catalog.resolve(f"{device_dir}/wd0a").open().close()

    def test_a_file_made_later_is_found(self, device_dir: Path) -> None:
        catalog = Catalog(directories=[device_dir])
        refusal(catalog, "/dev/wd7a")
        make_disk(device_dir / "wd7a")
        catalog.resolve("/dev/wd7a").open().close()

    @pytest.mark.parametrize(
        "name",
        [
            "/dev/../outside.img",
            "/dev/sub/../../outside.img",
            "/dev/../../../../../../etc/passwd",
            "/dev/wd0a/../../outside.img",
            "/dev",
            "/dev/",
            "/dev/.",
            "/dev/sub/..",
            "",
            ".",
            "..",
            "wd0a",
            "dev/wd0a",
            "/etc/passwd",
            "/dev/null",
            "/devices/wd0a",
            "/dev/nothing",
            "/dev/wd0a/nothing",
            "/dev/" + "x" * 300,
            "/dev/" + "x/" * 3000,
        ],
        ids=lambda name: name[:40] or "nothing",
    )
    def test_nothing_else_is_found(self, device_dir: Path, name: str) -> None:
        assert "--device" in refusal(Catalog(directories=[device_dir]), name)

    def test_a_path_out_of_it_is_refused_however_it_is_written(self, device_dir: Path) -> None:
        catalog = Catalog(directories=[device_dir])
        for name in (f"{device_dir}/../outside.img", f"{device_dir}", f"{device_dir}/sub/../.."):
            assert "--device" in refusal(catalog, name)

    @pytest.mark.parametrize("target", ["../outside.img", "/etc/passwd", "..", "/dev/null"])
    def test_a_symbolic_link_does_not_lead_out_of_it(self, device_dir: Path, target: str) -> None:
        (device_dir / "link").symlink_to(target)
        refusal(Catalog(directories=[device_dir]), "/dev/link")
        refusal(Catalog(directories=[device_dir]), "/dev/link/outside.img")

    def test_a_symbolic_link_within_it_is_followed(self, device_dir: Path) -> None:
        (device_dir / "link").symlink_to("sub/wd1a")
        Catalog(directories=[device_dir]).resolve("/dev/link").open().close()

    def test_a_symbolic_link_to_itself_is_refused(self, device_dir: Path) -> None:
        (device_dir / "loop").symlink_to("loop")
        refusal(Catalog(directories=[device_dir]), "/dev/loop")

    def test_a_link_that_leads_nowhere_is_refused(self, device_dir: Path) -> None:
        (device_dir / "link").symlink_to("nothing")
        refusal(Catalog(directories=[device_dir]), "/dev/link")

    def test_it_may_itself_be_reached_by_a_link(self, device_dir: Path, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to(device_dir)
        Catalog(directories=[tmp_path / "link"]).resolve("/dev/wd0a").open().close()

    def test_the_first_of_several_that_has_the_file_gives_it(
        self, device_dir: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "more").mkdir()
        make_disk(tmp_path / "more" / "wd0a", 7)
        make_disk(tmp_path / "more" / "wd9a", 9)
        catalog = Catalog(directories=[device_dir, tmp_path / "more"])
        for name, sectors in (("/dev/wd0a", SECTORS), ("/dev/wd9a", 9)):
            handle = catalog.resolve(name).open()
            assert handle.size_sectors == sectors
            handle.close()

    def test_an_offer_comes_before_it(self, device_dir: Path, tmp_path: Path) -> None:
        offer = Offer("/dev/wd0a", make_disk(tmp_path / "offered", 5))
        handle = Catalog([offer], [device_dir]).resolve("/dev/wd0a").open()
        assert handle.size_sectors == 5
        handle.close()


class TestKinds:
    """Only regular files and block devices are disks."""

    def test_a_directory_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "thing").mkdir()
        self.refused(tmp_path)

    def test_a_fifo_is_refused_and_not_waited_for(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "thing")
        self.refused(tmp_path)

    def test_a_socket_is_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)  # for a path of any length
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("thing")
            self.refused(tmp_path)

    @staticmethod
    def refused(directory: Path) -> None:
        path = directory / "thing"
        for catalog, name in (
            (Catalog([Offer("/dev/wd0a", path)]), "/dev/wd0a"),
            (Catalog(directories=[directory]), "/dev/thing"),
        ):
            assert str(path) in refusal(catalog, name)
            assert descriptors(path) == 0

    def test_a_character_device_is_refused(self) -> None:
        before = descriptors(Path("/dev/null"))
        message = refusal(Catalog([Offer("/dev/wd0a", Path("/dev/null"))]), "/dev/wd0a")
        assert "neither a regular file nor a block device" in message
        assert descriptors(Path("/dev/null")) == before

    def test_a_file_that_is_gone_is_refused_with_a_hint(self, disk: Path) -> None:
        catalog = Catalog([Offer("/dev/wd0a", disk)])
        disk.unlink()
        assert "truncate -s" in refusal(catalog, "/dev/wd0a")


class TestNumbers:
    """The dev_t that `deps` reports."""

    def test_files_are_vnd_disks_in_the_order_of_the_offers(self, tmp_path: Path) -> None:
        names = ["b", "a", "c"]
        catalog = Catalog(Offer(name, make_disk(tmp_path / name)) for name in names)
        devs = {name: catalog.resolve(name).dev for name in ("c", "a", "b")}
        assert devs == {"b": makedev(14, 0), "a": makedev(14, 16), "c": makedev(14, 32)}

    def test_files_of_a_directory_are_numbered_as_they_are_named(self, tmp_path: Path) -> None:
        for name in ("a", "b", "offered"):
            make_disk(tmp_path / name)
        catalog = Catalog([Offer("first", tmp_path / "offered")], [tmp_path])
        devs = [catalog.resolve(name).dev for name in ("/dev/b", "/dev/a", "/dev/b", "first")]
        assert devs == [makedev(14, 16), makedev(14, 32), makedev(14, 16), makedev(14, 0)]

    def test_a_number_that_is_given_is_used_and_not_given_twice(self, tmp_path: Path) -> None:
        given = makedev(14, 0)
        offers = [
            Offer("file", make_disk(tmp_path / "a")),
            Offer("given", make_disk(tmp_path / "b"), dev=given),
            Offer("other", make_disk(tmp_path / "c"), dev=makedev(4095, 0xFFFFF)),
        ]
        catalog = Catalog(offers)
        assert catalog.resolve("given").dev == given
        assert catalog.resolve("file").dev == makedev(14, 16)
        assert catalog.resolve("other").dev == 0xFFFFFFFF - 0x0  # all 32 bits

    def test_no_number_is_zero(self, disk: Path) -> None:
        # A 0 ends the list for NetBSD's library.
        assert Catalog([Offer("d", disk, dev=0)]).resolve("d").dev != 0

    def test_an_offer_whose_file_comes_later_is_counted_all_the_same(self, tmp_path: Path) -> None:
        catalog = Catalog([Offer("late", tmp_path / "late"), Offer("d", make_disk(tmp_path / "d"))])
        assert catalog.resolve("d").dev == makedev(14, 16)
        make_disk(tmp_path / "late")
        assert catalog.resolve("late").dev == makedev(14, 0)

    def test_one_file_under_two_names_has_one_number(self, disk: Path) -> None:
        catalog = Catalog(directories=[disk.parent])
        (disk.parent / "link").symlink_to("disk.img")
        names = ("/dev/disk.img", str(disk), "/dev/link")
        assert {catalog.resolve(name).dev for name in names} == {makedev(14, 0)}


def test_a_read_only_offer_is_opened_for_reading(disk: Path) -> None:
    for read_only, mode in ((True, os.O_RDONLY), (False, os.O_RDWR)):
        handle = Catalog([Offer("d", disk, read_only=read_only)]).resolve("d").open()
        flags = [
            int(text.split("flags:")[1].split()[0], 8)
            for link in Path("/proc/self/fd").iterdir()
            if str(link.resolve()) == str(disk)
            for text in [Path(f"/proc/self/fdinfo/{link.name}").read_text()]
        ]
        handle.close()
        assert [value & os.O_ACCMODE for value in flags] == [mode]
        assert [value & os.O_CLOEXEC for value in flags] == [os.O_CLOEXEC], "children inherit it"
