"""netbsd-dm map: where sectors lie, by a running server's table."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import netbsd_dm
from netbsd_dm import DMError, TableLine, Target
from netbsd_dm.cli.mapping import Wanted, joined, pieces, rebuilt
from netbsd_dm.targets.arguments import Arguments
from netbsd_dm.targets.interface import Devices, Filler, Place
from netbsd_dm.targets.registry import _registered
from tests.helpers.processes import run, running_server

LINES = [
    TableLine(0, 64, "linear", "/dev/wd1a 384"),
    TableLine(64, 64, "linear", "/dev/wd1a 448"),
    TableLine(128, 64, "striped", "2 16 /dev/wd1a 0 /dev/wd2a 1024"),
    TableLine(192, 8, "zero"),
    TableLine(200, 8, "error"),
]


@contextmanager
def serving(directory: Path, profile: str) -> Iterator[Path]:
    """A server of that profile with two disks of 1 MiB; the path of its socket."""
    options = []
    for name in ("wd1a", "wd2a"):
        image = directory / f"{name}.img"
        image.write_bytes(bytes(1 << 20))
        options += ["--device", f"/dev/{name}={image}"]
    with running_server(directory / "dm.sock", "-p", profile, *options) as path:
        yield path


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A server of profile standard, whose vol1 has `LINES`, and vol2 no live table."""
    with (
        serving(tmp_path_factory.mktemp("standard"), "standard") as path,
        netbsd_dm.connect(path) as dm,
    ):
        dm.create("vol1")
        dm.reload("vol1", LINES)
        dm.resume("vol1")
        dm.reload("vol1", [TableLine(0, 8, "linear", "/dev/wd2a 5")])
        dm.create("vol2")
        dm.create("up")
        dm.reload("up", [TableLine(0, 64, "linear", "/dev/mapper/vol1 100")])
        dm.resume("up")
        yield path


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A server of profile netbsd-9, which takes tables that standard refuses."""
    with (
        serving(tmp_path_factory.mktemp("old"), "netbsd-9") as path,
        netbsd_dm.connect(path) as dm,
    ):
        for name, lines in {
            "gap": [TableLine(0, 8, "linear", "/dev/wd1a 0"), TableLine(16, 8, "striped", "0 0")],
            "order": [
                TableLine(8, 8, "linear", "/dev/wd1a 7abc"),
                TableLine(0, 8, "linear", "/dev/wd2a 1 and more"),
            ],
        }.items():
            dm.create(name)
            dm.reload(name, lines)
            dm.resume(name)
        yield path


def places(server: Path, *arguments: str) -> list[str]:
    """The lines that `netbsd-dm map` prints, which must succeed."""
    finished = run("map", "-U", server, *arguments)
    assert (finished.returncode, finished.stderr) == (0, b"")
    return finished.stdout.decode().splitlines()


def complaint(server: Path, *arguments: str) -> tuple[int, str]:
    """With what status `netbsd-dm map` fails, and what it says."""
    finished = run("map", "-U", server, *arguments)
    assert finished.stdout == b""
    return finished.returncode, finished.stderr.decode()


def test_every_run_has_a_line(server: Path) -> None:
    assert places(server, "vol1", "0+208") == [
        "0+128  /dev/wd1a 384+128",
        "128+16  /dev/wd1a 0+16",
        "144+16  /dev/wd2a 1024+16",
        "160+16  /dev/wd1a 16+16",
        "176+16  /dev/wd2a 1040+16",
        "192+8  zero",
        "200+8  error",
    ]


def test_several_ranges_are_answered_in_their_order(server: Path) -> None:
    assert places(server, "vol1", "150", "5+3", "127+2") == [
        "150+1  /dev/wd2a 1030+1",
        "5+3  /dev/wd1a 389+3",
        "127+1  /dev/wd1a 511+1",
        "128+1  /dev/wd1a 0+1",
    ]


def test_the_inactive_table_is_another(server: Path) -> None:
    assert places(server, "vol1", "--inactive", "0+8") == ["0+8  /dev/wd2a 5+8"]


def test_a_mapped_device_is_named_as_in_the_table(server: Path) -> None:
    assert places(server, "up", "0+2") == ["0+2  /dev/mapper/vol1 100+2"]


@pytest.mark.parametrize("sectors", ["208", "200+9", "99999999999999999999+99999999999999999999"])
def test_sectors_beyond_the_end_are_status_1_with_the_size(server: Path, sectors: str) -> None:
    status, text = complaint(server, "vol1", "0", sectors)
    assert status == 1
    assert text.endswith("is beyond the end of vol1, which has 208 sectors\n")


def test_a_device_without_a_table_is_status_1(server: Path) -> None:
    assert complaint(server, "vol2", "0") == (
        1,
        "netbsd-dm: vol2 has no live table: load one with reload; resume makes it live\n",
    )
    assert "vol2 has no inactive table" in complaint(server, "vol2", "0", "--inactive")[1]


def test_an_unknown_device_is_status_1_with_the_servers_words(server: Path, old: Path) -> None:
    assert complaint(server, "nobody", "0") == (
        1,
        "netbsd-dm: nobody: ENOENT: no device named nobody\n",
    )
    assert complaint(old, "nobody", "0") == (1, "netbsd-dm: nobody: ENOENT: no such device\n")


@pytest.mark.parametrize("sectors", ["x", "", "-1", "0x10", "1+", "1+0", "+1", "1+2+3", "9" * 21])
def test_what_is_no_number_is_status_2(sectors: str) -> None:
    finished = run("map", "-U", "none.sock", "vol1", "--", sectors)
    assert finished.returncode == 2
    assert b"is no SECTOR or SECTOR+COUNT, such as 8 or 8+128" in finished.stderr


def test_no_server_is_status_3(tmp_path: Path) -> None:
    assert run("map", "-U", tmp_path / "none.sock", "vol1", "0").returncode == 3


def test_a_hole_is_a_dash(old: Path) -> None:
    assert places(old, "gap", "4+12") == ["4+4  /dev/wd1a 4+4", "8+8  -"]


def test_a_table_in_any_order_is_read(old: Path) -> None:
    assert places(old, "order", "0+16") == ["0+8  /dev/wd2a 1+8", "8+8  /dev/wd1a 7+8"]


class Backwards(Target):
    """A target that does not say `run`, and fails at sector 3."""

    name = "backwards"
    version = (1, 0, 0)

    def __init__(self, arguments: Arguments, devices: Devices) -> None:
        if not arguments.strict:
            raise RuntimeError("no words")
        self.pdev = devices.open(arguments.word(0, "device"))

    def map(self, sector: int) -> Place:
        if sector == 3:
            raise RuntimeError("not this one")
        return Place(Filler.ERROR, 0) if sector == 2 else Place(self.pdev, 10 - sector)


@pytest.fixture
def backwards(monkeypatch: pytest.MonkeyPatch) -> None:
    """The target `Backwards` is installed."""
    monkeypatch.setitem(_registered, "backwards", Backwards)


def mapped(lines: Iterable[TableLine], sector: int, length: int) -> list[str]:
    """What would be printed for those sectors of a table."""
    return [str(piece) for piece in joined(pieces(rebuilt(lines), Wanted(sector, length)))]


@pytest.mark.usefixtures("backwards")
class TestTargetOfAPackage:
    def test_it_is_asked_sector_by_sector(self) -> None:
        lines = [TableLine(0, 3, "backwards", "/dev/a"), TableLine(3, 3, "backwards", "/dev/a")]
        assert mapped(lines, 0, 5) == [
            "0+1  /dev/a 10+1",
            "1+1  /dev/a 9+1",
            "2+1  error",
            "3+1  /dev/a 10+1",
            "4+1  /dev/a 9+1",
        ]

    def test_what_it_raises_is_told(self) -> None:
        with pytest.raises(DMError, match=r"sector 3: RuntimeError\('not this one'\)"):
            mapped([TableLine(0, 8, "backwards", "/dev/a")], 3, 1)
        with pytest.raises(DMError, match=r"'0 8 backwards' cannot be read here: .*no words"):
            mapped([TableLine(0, 8, "backwards")], 0, 1)


def test_a_target_that_is_not_installed_here_is_told() -> None:
    with pytest.raises(DMError) as caught:
        rebuilt([TableLine(0, 8, "nosuch", "\x1b[31m")])
    assert caught.value.message == (
        r"the line '0 8 nosuch \x1b[31m' cannot be read here: no target 'nosuch'; there are"
        " linear, striped, zero, error, delay, flakey; install here what the server has"
    )


@pytest.mark.parametrize(
    ("kind", "params", "message"),
    [
        ("linear", "", "'0 8 linear' cannot be read here: the device is missing"),
        ("linear", None, "the device is missing"),
        ("linear", "/dev/a", "the offset is missing"),
        ("striped", "2", "the chunk size is missing"),
        ("striped", "300 x", "the device of a stripe is missing"),
        ("striped", "2 8 /dev/a 0", "the device of a stripe is missing"),
        ("striped", "0 0", "sector 0: striped 0 0: the driver divides by zero here"),
    ],
)
def test_params_that_say_too_little_are_told(kind: str, params: str | None, message: str) -> None:
    with pytest.raises(DMError, match=message):
        mapped([TableLine(0, 8, kind, params)], 0, 8)


def test_params_are_read_as_generously_as_a_server_may() -> None:
    assert mapped([TableLine(0, 8, "linear", "/dev/a 7abc x")], 0, 8) == ["0+8  /dev/a 7+8"]
    many = "5 1 /dev/a 0 /dev/b 0 /dev/c 0 /dev/d 0 /dev/e 0"
    assert mapped([TableLine(0, 5, "striped", many)], 4, 1) == ["4+1  /dev/e 0+1"]


def test_holes_join_and_so_does_one_filler() -> None:
    lines = [TableLine(0, 4, "zero"), TableLine(4, 4, "zero"), TableLine(20, 4, "error")]
    assert mapped(lines, 0, 22) == ["0+8  zero", "8+12  -", "20+2  error"]


def test_striped_on_one_device_joins_what_is_in_order() -> None:
    lines = [TableLine(0, 64, "striped", "1 16 /dev/a 5")]
    assert mapped(lines, 1, 60) == ["1+60  /dev/a 6+60"]
