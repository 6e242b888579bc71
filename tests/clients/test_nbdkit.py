"""nbdkit in between: it passes requests on, and its filters compare."""

from pathlib import Path

from netbsd_dm import TableLine
from tests.helpers.programs import find, run

from .conftest import Server, noise

SECTORS = 4096
STRIPED = TableLine(0, SECTORS, "striped", "2 13 /dev/wd0 5 /dev/wd1 3")


def checked(source: Path, uri: str, *, status: int = 0) -> str:
    """Has nbdkit compare what nbdcopy writes with what is there; nothing is written."""
    copy = f'{find("nbdcopy")} "{source}" "$uri"'
    options = ["--exit-with-parent", "-U", "-", "--filter=checkwrite"]
    return run("nbdkit", *options, "nbd", f"uri={uri}", "--run", copy, status=status)


def test_what_was_copied_in_compares_equal(server: Server, tmp_path: Path) -> None:
    uri, source = server.make("vol1", STRIPED), tmp_path / "in.img"
    data = noise(1_000_000, seed=3)
    source.write_bytes(data + bytes(SECTORS * 512 - len(data)))
    run("nbdcopy", source, uri)
    checked(source, uri)
    run("qemu-io", "-f", "raw", "-c", "write 500001 1", uri)
    checked(source, uri, status=1)


def test_a_proxy_offers_what_the_server_does(server: Server) -> None:
    uri = server.make("vol1", STRIPED)
    ask = f'{find("nbdinfo")} --size "$uri"'
    options = ["--exit-with-parent", "-U", "-"]
    assert run("nbdkit", *options, "nbd", f"uri={uri}", "--run", ask) == f"{SECTORS * 512}\n"
