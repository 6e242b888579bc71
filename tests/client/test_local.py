"""A device mapper in the same process."""

import errno
from pathlib import Path

import pytest

from netbsd_dm import DeviceMapper, DMError, NoServerError, Offer, TableLine
from netbsd_dm.clock.timers import ManualClock
from netbsd_dm.plist import PlistError, dumps


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A disk of 1 MiB."""
    path = tmp_path / "disk.img"
    path.write_bytes(bytes(1 << 20))
    return path


@pytest.mark.parametrize("profile", ["standard", "netbsd-9"])
def test_it_needs_no_socket(image: Path, profile: str) -> None:
    with DeviceMapper(profile, devices={"/dev/wd1a": image}) as dm:
        dm.create("vol1")
        dm.reload("vol1", [TableLine(0, 64, "striped", "2 16 /dev/wd1a 0 /dev/wd1a 1024")])
        dm.resume("vol1")
        place = dm.map("vol1", 17)
        assert place is not None
        assert (place.device, place.sector) == (dm.opened[0], 1025)
        assert [(pdev.name, pdev.references) for pdev in dm.opened] == [("/dev/wd1a", 2)]
        dm.remove("vol1")
        assert dm.opened == []


def test_a_directory_plays_dev(image: Path) -> None:
    with DeviceMapper(device_dirs=[image.parent]) as dm:
        dm.create("vol1")
        dm.reload("vol1", [TableLine(0, 8, "linear", "/dev/disk.img 0")])
        assert dm.deps("vol1", inactive=True) == [14 << 8]


def test_a_file_that_is_missing_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(DMError, match="truncate -s 64M"):
        DeviceMapper(devices={"/dev/wd1a": tmp_path / "nosuch.img"})


def test_an_unknown_profile_is_refused_with_the_choice() -> None:
    with pytest.raises(ValueError, match="choose standard or netbsd-9"):
        DeviceMapper("netbsd-10")


def test_a_wait_that_nobody_could_end_is_refused() -> None:
    with DeviceMapper() as dm:
        dm.create("vol1")
        with pytest.raises(DMError, match="EAGAIN"):
            dm.waitevent("vol1")
        assert not dm.devices[0].watchers


def test_without_privilege_it_only_looks(image: Path) -> None:
    with DeviceMapper(devices=[Offer("/dev/wd1a", image)], privileged=False) as dm:
        assert dm.names() == []
        with pytest.raises(DMError, match="EPERM"):
            dm.create("vol1")


def test_disk_information_is_what_the_driver_was_recorded_to_answer(image: Path) -> None:
    recorded = b"""\
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple Computer//DTD PLIST 1.0//EN" \
"http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
	<key>geometry</key>
	<dict>
		<key>sector-size</key>
		<integer>0x200</integer>
		<key>sectors-per-track</key>
		<integer>0x20</integer>
		<key>sectors-per-unit</key>
		<integer>0x40</integer>
		<key>tracks-per-cylinder</key>
		<integer>0x40</integer>
	</dict>
	<key>type</key>
	<string>ESDI</string>
</dict>
</plist>
"""
    with DeviceMapper("netbsd-9", devices={"/dev/wd1a": image}) as dm:
        dm.create("l")
        with pytest.raises(DMError, match="ENOTSUP"):
            dm.disk_info("l")
        dm.reload("l", [TableLine(0, 64, "linear", "/dev/wd1a 100")])
        dm.resume("l")
        assert dumps(dm.disk_info("l")) == recorded
        dm.resume("l")  # loses the table, and disk information stays as it was
        assert dumps(dm.disk_info("l")) == recorded


def test_setgeometry_decides_what_disk_information_reports(image: Path) -> None:
    with DeviceMapper(devices={"/dev/wd1a": image}) as dm:
        dm.create("l")
        dm.reload("l", [TableLine(0, 64, "linear", "/dev/wd1a 100")])
        dm.resume("l")
        dm.setgeometry("l", cylinders=2, heads=4, sectors=8)
        geometry = dm.disk_info("l")["geometry"]
    assert isinstance(geometry, dict)
    assert geometry["cylinders-per-unit"] == 2
    assert geometry["tracks-per-cylinder"] == 4
    assert geometry["sectors-per-track"] == 8
    assert geometry["sectors-per-unit"] == 64


@pytest.mark.parametrize("profile", ["standard", "netbsd-9"])
def test_an_open_device_is_read_and_written(image: Path, profile: str) -> None:
    with DeviceMapper(profile, devices={"/dev/wd1a": image}) as dm:
        dm.create("vol1")
        dm.reload("vol1", [TableLine(0, 64, "linear", "/dev/wd1a 8")])
        dm.resume("vol1")
        with dm.open("vol1") as device:
            assert device.write(512, b"x" * 512) == 512
            assert device.read(0, 1024) == bytes(512) + b"x" * 512
            assert dm.info("vol1").open_count == (1 if profile == "standard" else 0)
        assert dm.info("vol1").open_count == 0
        with pytest.raises(DMError, match="ENOENT: no device named nobody"):
            dm.open("nobody")
    assert image.read_bytes()[9 * 512 :].startswith(b"x" * 512)


def test_a_suspension_flushes_unless_told_not_to(
    image: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr("os.fdatasync", synced.append)
    with DeviceMapper(devices={"/dev/wd1a": image}) as dm:
        dm.create("vol1")
        dm.reload("vol1", [TableLine(0, 64, "linear", "/dev/wd1a 8")])
        dm.resume("vol1")
        with dm.open("vol1") as device:
            device.write(0, b"x" * 512)
            dm.suspend("vol1", no_flush=True)
            assert not synced
            with pytest.raises(DMError, match="EAGAIN"):
                device.read(0, 512)
            dm.suspend("vol1")
            assert len(synced) == 1
            dm.resume("vol1")
            assert device.read(0, 1) == b"x"


def test_a_flush_that_fails_fails_the_suspension(
    image: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(descriptor: int) -> None:
        raise OSError(errno.EIO, "broken")

    with DeviceMapper(devices={"/dev/wd1a": image}) as dm:
        dm.create("vol1")
        dm.reload("vol1", [TableLine(0, 64, "linear", "/dev/wd1a 8")])
        dm.resume("vol1")
        with dm.open("vol1") as device:
            device.write(0, b"x" * 512)
        monkeypatch.setattr("os.fdatasync", refuse)
        with pytest.raises(DMError, match="EIO"):
            dm.suspend("vol1")
        assert dm.info("vol1").is_suspended


def test_a_device_that_is_open_is_not_removed(image: Path) -> None:
    with DeviceMapper(devices={"/dev/wd1a": image}) as dm:
        dm.create("vol1")
        with dm.open("vol1"), pytest.raises(DMError, match="EBUSY"):
            dm.remove("vol1")
        dm.remove("vol1")


def test_statistics_count_what_a_device_did(image: Path) -> None:
    with DeviceMapper(devices={"/dev/wd1a": image}) as dm:
        for name in ("vol1", "vol2"):
            dm.create(name)
            dm.reload(name, [TableLine(0, 64, "linear", "/dev/wd1a 8")])
            dm.resume(name)
        with dm.open("vol1") as device:
            device.write(0, bytes(1024))
            device.read(0, 512)
            device.flush()
        first, second = dm.iostat()
        assert (first.name, first.minor, first.requests, first.errors) == ("vol1", 1, 3, 0)
        assert (first.reads, first.read_bytes) == (1, 512)
        assert (first.writes, first.written_bytes) == (1, 1024)
        assert (first.flushes, first.discards) == (1, 0)
        assert first.average_latency_us == pytest.approx(first.latency_ns / 3000)
        assert 0 < first.average_latency_us <= first.slowest_us
        assert (second.requests, second.average_latency_us, second.slowest_us) == (0, 0, 0)
        with dm.open("vol1") as device:
            device.read(0, 4096)
        (later,) = dm.iostat(minor=1)
        added = later.since(first)
        assert (added.reads, added.read_bytes, added.writes, added.requests) == (1, 4096, 0, 1)
        assert added.latency_ns == later.latency_ns - first.latency_ns
        assert added.slowest_ns == later.slowest_ns


# Faults on demand, and time

LINES = [TableLine(0, 1000, "linear", "/dev/wd1a 0")]


@pytest.mark.parametrize("profile", ["standard", "netbsd-9"])
def test_the_second_reload_fails_with_enoent(image: Path, profile: str) -> None:
    rules = ["reload nth=2 errno=ENOENT"]
    with DeviceMapper(profile, devices={"/dev/wd1a": image}, faults=rules) as dm:
        dm.create("vol1")
        dm.reload("vol1", LINES)
        # The driver loses the errno; that the table was refused is all one can tell.
        with pytest.raises(DMError, match="ENOENT" if profile == "standard" else "EINVAL"):
            dm.reload("vol1", LINES)
        dm.reload("vol1", LINES)
        (armed,) = dm.mapper.faults
        assert (armed.matches, armed.hits) == (3, 1)


def test_every_resume_of_vol_takes_200_ms(image: Path) -> None:
    clock = ManualClock()
    rules = ["resume name=vol* delay=200ms"]
    with DeviceMapper(devices={"/dev/wd1a": image}, faults=rules, clock=clock) as dm:
        for name in ("vol1", "vol2", "other"):
            dm.create(name)
            dm.reload(name, LINES)
            dm.resume(name)  # nobody else could advance the clock: it sleeps
            assert dm.table(name) == LINES
        assert clock.seconds() == 0.4


def test_by_the_wall_a_delay_passes_by_itself() -> None:
    with DeviceMapper(faults=["create delay=1ms"]) as dm:
        assert dm.create("vol1") == 1
        assert dm.mapper.clock.seconds() >= 0.001


@pytest.mark.parametrize(
    ("effect", "is_done"), [("hangup", False), ("drop", True), ("cut=7", True)]
)
def test_the_connection_drops(effect: str, is_done: bool) -> None:
    with DeviceMapper(faults=[f"create once {effect}"]) as dm:
        with pytest.raises(NoServerError, match="on demand"):
            dm.create("vol1")
        assert [name for name, _ in dm.names()] == (["vol1"] if is_done else [])


def test_the_reply_is_truncated() -> None:
    with DeviceMapper(faults=["create once truncate=200"]) as dm:
        with pytest.raises(PlistError):
            dm.create("vol1")
        assert [name for name, _ in dm.names()] == ["vol1"]


def test_the_ioctl_fails() -> None:
    with DeviceMapper("netbsd-9", faults=["create ioctl=ENOMEM"]) as dm:
        with pytest.raises(DMError, match="ENOMEM"):
            dm.create("vol1")
        assert dm.names() == []


def test_the_open_of_wd2a_fails(image: Path) -> None:
    devices = {"/dev/wd1a": image, "/dev/wd2a": image}
    with DeviceMapper(devices=devices, faults=["open device=/dev/wd2a"]) as dm:
        dm.create("vol1")
        dm.reload("vol1", LINES)
        with pytest.raises(DMError, match=r"ENOENT: .*fault open device=/dev/wd2a"):
            dm.reload("vol1", [TableLine(0, 8, "linear", "/dev/wd2a 0")])


@pytest.mark.parametrize("profile", ["standard", "netbsd-9"])
def test_io_to_sectors_100_to_200_of_vol1_is_eio(image: Path, profile: str) -> None:
    rules = ["io name=vol1 sectors=100-200 errno=EIO"]
    with DeviceMapper(profile, devices={"/dev/wd1a": image}, faults=rules) as dm:
        dm.create("vol1")
        dm.reload("vol1", LINES)
        dm.resume("vol1")
        with dm.open("vol1") as device:
            assert device.read(99 * 512, 512) == bytes(512)
            with pytest.raises(DMError, match="EIO: read of vol1, sectors 100-100"):
                device.read(100 * 512, 512)
            with pytest.raises(DMError, match="EIO: write of vol1, sectors 200-201"):
                device.write(200 * 512, b"x" * 1024)
    assert image.read_bytes() == bytes(1 << 20)


def test_a_rule_that_is_none_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="no subject 'relaod'"):
        DeviceMapper(faults=["relaod errno=EIO"])
