"""The package as a whole: its imports run one way, and its wheel holds what it should."""

import ast
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import netbsd_dm

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "netbsd_dm"

FLOORS = (
    {"plist", "clock", "resources"},
    {"wire"},
    {"faults"},
    {"pdev"},
    {"targets"},
    {"driver"},
    {"blockio"},
    {"nbd"},
    {"server", "client"},
    {"capture"},
    {"shim"},
    {"testing"},
    {"cli"},
)
"""From the ground; a room knows those below it.  (The server's conversation is all
of it that `capture` uses.)"""

ONLY_IN = {
    "lxml": {"plist"},
    "trio": {"server", "client", "capture", "testing", "cli"},
    "typer": {"cli"},
}


def _modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        room = path.relative_to(PACKAGE).parts[0]
        if not room.endswith(".py"):
            yield room, path


MODULES = list(_modules())
"""Every module of a room, with the name of its room."""


def imported_rooms(path: Path) -> set[str]:
    """The rooms of this package that a module imports, wherever in it."""
    depth = len(path.relative_to(PACKAGE).parts)
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level == depth and node.module:
            rooms.add(node.module.split(".")[0])
    return rooms


def imported_packages(path: Path) -> set[str]:
    """The packages of others that a module imports."""
    packages = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            packages |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            packages.add(node.module.split(".")[0])
    return packages


@pytest.mark.parametrize(("room", "path"), MODULES, ids=lambda value: getattr(value, "name", value))
def test_a_room_imports_only_from_below(room: str, path: Path) -> None:
    floor = next(number for number, rooms in enumerate(FLOORS) if room in rooms)
    below = set().union(*FLOORS[:floor], {room})
    assert imported_rooms(path) <= below


@pytest.mark.parametrize(("room", "path"), MODULES, ids=lambda value: getattr(value, "name", value))
def test_a_heavy_package_is_imported_only_where_it_belongs(room: str, path: Path) -> None:
    for package in imported_packages(path) & ONLY_IN.keys():
        assert room in ONLY_IN[package]


def test_every_public_name_is_there() -> None:
    for name in netbsd_dm.__all__:
        assert getattr(netbsd_dm, name) is not None
    assert dir(netbsd_dm) == sorted(netbsd_dm.__all__)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nosuch'"):
        _ = netbsd_dm.nosuch


def test_importing_the_package_imports_nothing_heavy() -> None:
    program = (
        "import sys, netbsd_dm; netbsd_dm.connect;"
        "print([m for m in ('trio', 'lxml', 'typer') if m in sys.modules])"
    )
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert finished.stdout == b"[]\n"


def test_the_wheel_installs_nothing_but_the_package(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {
        "netbsd_dm",
        f"netbsd_dm-{netbsd_dm.__version__}.dist-info",
    }
    for needed in ("py.typed", "plist/lenient.py", "protocol/reference.md", "protocol/reply.rng"):
        assert f"netbsd_dm/{needed}" in names
