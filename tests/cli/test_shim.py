"""netbsd-dm shim: the path of the preload shim, or why there is none."""

from pathlib import Path

from tests.helpers.processes import run
from tests.shim.conftest import compiler


def test_its_path_is_printed(tmp_path: Path) -> None:
    compiler()
    cache = {"XDG_CACHE_HOME": str(tmp_path)}
    finished = run("shim", environment=cache)
    assert finished.returncode == 0, finished.stderr
    path = Path(finished.stdout.decode().removesuffix("\n"))
    assert path.parent == tmp_path / "netbsd-dm"
    assert path.read_bytes().startswith(b"\x7fELF")
    assert run("shim", environment=cache).stdout == finished.stdout


def test_without_a_compiler_it_fails(tmp_path: Path) -> None:
    finished = run("shim", environment={"XDG_CACHE_HOME": str(tmp_path), "CC": "nosuch-cc"})
    assert finished.returncode == 1
    assert finished.stdout == b""
    assert finished.stderr.decode() == (
        "netbsd-dm: no C compiler nosuch-cc, which CC names: install it, or unset CC\n"
    )
