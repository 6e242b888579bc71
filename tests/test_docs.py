"""What the documents show works as they show it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import netbsd_dm
from netbsd_dm import DeviceMapper, TableLine
from netbsd_dm.targets.registry import TargetRegistry

ROOT = Path(__file__).parents[1]


def code_blocks(path: Path, language: str) -> list[str]:
    """The fenced blocks of a document in one language."""
    return re.findall(rf"```{language}\n(.*?)```", path.read_text(), re.DOTALL)


def test_the_target_of_the_documents_works(tmp_path: Path) -> None:
    namespace: dict[str, type[netbsd_dm.Target]] = {}
    exec(code_blocks(ROOT / "docs" / "targets.md", "python")[0], namespace)  # noqa: S102
    image = tmp_path / "disk.img"
    image.write_bytes(bytes(1 << 20))
    with DeviceMapper(devices={"/dev/wd1a": image}) as dm:
        targets: TargetRegistry = dm.mapper._state.targets
        targets._targets["reversed"] = namespace["Reversed"]
        dm.create("vol1")
        dm.reload("vol1", [TableLine(0, 100, "reversed", "/dev/wd1a 100")])
        dm.resume("vol1")
        place = dm.map("vol1", 0)
        assert place is not None
        assert place.sector == 99
        assert dm.message("vol1", "length") == "100 sectors"
        with pytest.raises(netbsd_dm.DMError, match="expected 2 arguments, DEVICE LENGTH, not 1"):
            dm.reload("vol1", [TableLine(0, 100, "reversed", "/dev/wd1a")])


def test_the_python_of_the_readme_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "disk.img").open("wb") as file:
        file.truncate(64 << 20)
    monkeypatch.chdir(tmp_path)
    blocks = code_blocks(ROOT / "README.md", "python")
    connected, local = (each for each in blocks if not _is_test(each))
    with DeviceMapper(devices={"/dev/wd1a": "disk.img"}) as dm:
        monkeypatch.setattr(netbsd_dm, "connect", lambda _: dm)
        exec(connected, {})  # noqa: S102
    exec(f"import netbsd_dm\nfrom netbsd_dm import TableLine\n{local}", {})  # noqa: S102


def _is_test(code: str) -> bool:
    return "def test_" in code


def test_the_test_of_the_readme_passes(tmp_path: Path) -> None:
    (code,) = filter(_is_test, code_blocks(ROOT / "README.md", "python"))
    (tmp_path / "test_readme.py").write_text(code)
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", tmp_path],
        capture_output=True,
        check=False,
        cwd=tmp_path,
        text=True,
    )
    assert "1 passed" in ran.stdout, ran.stdout + ran.stderr


def test_every_link_between_documents_leads_somewhere() -> None:
    documents = [ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob("protocol/*.md")]
    for document in documents:
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text()):
            assert (document.parent / link).exists(), f"{document}: {link}"
