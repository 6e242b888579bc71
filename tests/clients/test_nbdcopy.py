"""nbdcopy: whole devices out and in, through tables of 500 entries."""

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from netbsd_dm import TableLine
from tests.helpers.programs import run

from .conftest import IMAGE_SECTORS, IMAGES, SECTOR, Server, explain, noise

ENTRIES = 500
LENGTH_MAX = 60
CHUNK_MAX = 9

every_way = pytest.mark.parametrize(
    "options",
    [
        [],
        ["--connections=4", "--requests=64", "--flush"],
        ["--connections=4", "--requests=64", "--request-size=4096"],
        ["--synchronous", "--flush"],
    ],
    ids=" ".join,
)


@dataclass(frozen=True)
class Entry:
    """Sectors dealt out to legs, an image and an offset each; no legs: zeroes."""

    length: int
    chunk: int
    legs: list[tuple[int, int]]

    def line(self, start: int) -> TableLine:
        legs = " ".join(f"/dev/wd{image} {offset}" for image, offset in self.legs)
        if not self.legs:
            return TableLine(start, self.length, "zero", "")
        if len(self.legs) == 1:
            return TableLine(start, self.length, "linear", legs)
        return TableLine(start, self.length, "striped", f"{len(self.legs)} {self.chunk} {legs}")

    def sectors(self) -> Iterator[tuple[int, int] | None]:
        """Where each of them lies, by the book: an image and a sector of it."""
        for sector in range(self.length):
            if not self.legs:
                yield None
            elif len(self.legs) == 1:
                image, offset = self.legs[0]
                yield image, offset + sector
            else:
                number, rest = divmod(sector, self.chunk)
                row, leg = divmod(number, len(self.legs))
                image, offset = self.legs[leg]
                yield image, offset + row * self.chunk + rest


def mixed(seed: int, *, zeroes: bool) -> list[Entry]:
    """Entries of every kind, out of order on the images, no sector twice."""
    dice = random.Random(seed)  # noqa: S311
    entries: list[Entry] = []
    free = [0] * IMAGES
    for _ in range(ENTRIES):
        count = dice.choice([0, 1, 1, 2, 3] if zeroes else [1, 1, 2, 3])
        length = dice.randint(1, LENGTH_MAX)
        chunk = dice.randrange(1, CHUNK_MAX + 1, 2)
        used = length + chunk  # as much as any leg takes
        legs = []
        for _ in range(count):
            image = dice.randrange(IMAGES)
            offset = free[image] + dice.randrange(3)
            free[image] = offset + used
            legs.append((image, offset))
        entries.append(Entry(length, chunk, legs))
    assert max(free) <= IMAGE_SECTORS, "the images are too small for this table"
    dice.shuffle(entries)
    return entries


def load(server: Server, entries: list[Entry]) -> str:
    """A device with that table; gives its URI."""
    lines, start = [], 0
    for entry in entries:
        lines.append(entry.line(start))
        start += entry.length
    return server.make("vol1", *lines)


def places(entries: list[Entry]) -> list[tuple[int, int] | None]:
    """Where each sector of the device lies."""
    return [place for entry in entries for place in entry.sectors()]


def assert_same(got: bytes, wanted: bytes) -> None:
    sums = [hashlib.sha256(each).hexdigest() for each in (got, wanted)]
    assert sums[0] == sums[1], explain(got, wanted)


@every_way
def test_what_comes_out_is_what_the_table_says(
    server: Server, tmp_path: Path, options: list[str]
) -> None:
    entries = mixed(len(options), zeroes=True)
    contents = [path.read_bytes() for path in server.images]
    wanted = bytearray()
    for place in places(entries):
        if place is None:
            wanted += bytes(SECTOR)
        else:
            image, sector = place
            wanted += contents[image][sector * SECTOR : (sector + 1) * SECTOR]
    run("nbdcopy", *options, load(server, entries), tmp_path / "out.img")
    assert_same((tmp_path / "out.img").read_bytes(), bytes(wanted))


@every_way
def test_what_goes_in_lies_where_the_table_says(
    server: Server, tmp_path: Path, options: list[str]
) -> None:
    entries = mixed(len(options), zeroes=False)
    wanted = [bytearray(path.read_bytes()) for path in server.images]
    found = places(entries)
    data = noise(len(found) * SECTOR, seed=99)
    for number, place in enumerate(found):
        assert place is not None
        image, sector = place
        wanted[image][sector * SECTOR : (sector + 1) * SECTOR] = data[
            number * SECTOR : (number + 1) * SECTOR
        ]
    (tmp_path / "in.img").write_bytes(data)
    run("nbdcopy", *options, tmp_path / "in.img", load(server, entries))
    for path, each in zip(server.images, wanted, strict=True):
        assert_same(path.read_bytes(), bytes(each))


def test_from_one_device_to_another(server: Server) -> None:
    source = server.make("source", TableLine(0, 4096, "striped", "2 7 /dev/wd0 5 /dev/wd1 3"))
    target = server.make("target", TableLine(0, 4096, "linear", "/dev/wd2 11"))
    run("nbdcopy", "--connections=4", source, target)
    run("nbdcopy", source, server.folder / "source.img")
    run("nbdcopy", target, server.folder / "target.img")
    got, wanted = ((server.folder / f"{name}.img").read_bytes() for name in ("target", "source"))
    assert_same(got, wanted)


def test_the_holes_of_a_file_go_in_as_zeroes(server: Server, tmp_path: Path) -> None:
    uri = server.make("vol1", TableLine(0, 4096, "striped", "2 13 /dev/wd0 5 /dev/wd1 3"))
    wanted = bytes(500_000) + noise(100_000, seed=7) + bytes(4096 * SECTOR - 600_000)
    with (tmp_path / "sparse.img").open("wb") as file:
        file.seek(500_000)
        file.write(wanted[500_000:600_000])
        file.truncate(len(wanted))
    run("nbdcopy", tmp_path / "sparse.img", uri)
    run("nbdcopy", uri, tmp_path / "out.img")
    assert_same((tmp_path / "out.img").read_bytes(), wanted)
