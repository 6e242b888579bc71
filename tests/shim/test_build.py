"""Compiling the shim, and what stands in the way."""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from netbsd_dm.shim import build
from netbsd_dm.shim.build import ShimError, build_shim
from netbsd_dm.shim.environment import preload

from .conftest import compiler, fake_compiler

QUICK = ["-O0"]
"""What is only compiled, and not run."""


def environment(cache: Path, **variables: str) -> dict[str, str]:
    """That of a user whose cache is there."""
    inherited = {name: value for name, value in os.environ.items() if name != "CC"}
    return inherited | {"XDG_CACHE_HOME": str(cache)} | variables


def test_it_is_compiled_once(tmp_path: Path) -> None:
    cc = fake_compiler(tmp_path)
    first = build_shim(environment(tmp_path, CC=cc))
    assert build_shim(environment(tmp_path, CC=cc)) == first
    assert first.read_text() == "made\n"
    assert re.fullmatch(r"shim-[0-9a-f]{64}\.so", first.name)
    assert (tmp_path / "fake-cc.calls").read_text() == "x\n"
    assert list(first.parent.iterdir()) == [first]
    assert first.parent.stat().st_mode & 0o777 == 0o700


def test_another_compiler_other_flags_or_sources_make_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cc = fake_compiler(tmp_path)
    made = [
        build_shim(environment(tmp_path, CC=cc)),
        build_shim(environment(tmp_path, CC=f"{cc} -g")),
        build_shim(environment(tmp_path, CC=cc), extra_flags=["-Werror"]),
    ]
    sources = tmp_path / "sources"
    sources.mkdir()
    (sources / "one.c").write_text("int one;\n")
    monkeypatch.setattr(build, "_SOURCES", sources)
    made.append(build_shim(environment(tmp_path, CC=cc)))
    (sources / "one.h").write_text("extern int one;\n")
    made.append(build_shim(environment(tmp_path, CC=cc)))
    assert len(set(made)) == 5


def test_it_may_be_compiled_many_times_at_once(tmp_path: Path) -> None:
    compiler()
    with ThreadPoolExecutor(4) as pool:
        made = list(
            pool.map(lambda _: build_shim(environment(tmp_path), extra_flags=QUICK), range(4))
        )
    assert len(set(made)) == 1
    assert list(made[0].parent.iterdir()) == [made[0]]
    loaded = [sys.executable, "-c", "import ctypes; ctypes.CDLL(None).shim_nothing"]
    failed = subprocess.run(
        loaded, env=os.environ | preload(made[0], {}), capture_output=True, check=False, text=True
    )
    assert "undefined symbol: shim_nothing" in failed.stderr
    assert "preload" not in failed.stderr


def test_without_a_compiler_the_message_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ShimError, match=r"^no C compiler: apt-get install gcc, or set CC$"):
        build_shim(environment(tmp_path, PATH=str(tmp_path)))
    with pytest.raises(ShimError, match=r"^no C compiler nosuch-cc, which CC names: install it"):
        build_shim(environment(tmp_path, CC="nosuch-cc -g"))


def test_what_the_compiler_says_is_told(tmp_path: Path) -> None:
    cc = fake_compiler(tmp_path, "echo shim.h: no such thing >&2; exit 1")
    with pytest.raises(ShimError, match=r"cannot compile the shim .*:\nshim.h: no such thing$"):
        build_shim(environment(tmp_path, CC=cc))
    assert list((tmp_path / "netbsd-dm").iterdir()) == []


def test_a_compiler_that_cannot_be_run_is_told(tmp_path: Path) -> None:
    cc = fake_compiler(tmp_path, "")
    Path(cc).write_text("#!/nosuch/interpreter\n")
    with pytest.raises(ShimError, match=r"cannot run .*fake-cc: No such file or directory; set CC"):
        build_shim(environment(tmp_path, CC=cc))


def test_a_cache_that_others_may_write_to_is_refused(tmp_path: Path) -> None:
    (tmp_path / "netbsd-dm").mkdir()
    (tmp_path / "netbsd-dm").chmod(0o777)
    with pytest.raises(ShimError, match=r"others may write to .*: set XDG_CACHE_HOME"):
        build_shim(environment(tmp_path))


def test_a_cache_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ShimError, match=r"cannot make .*: File exists; set XDG_CACHE_HOME"):
        build_shim(environment(tmp_path / "file"))


def test_the_cache_is_in_the_home_directory_by_default(tmp_path: Path) -> None:
    cc = fake_compiler(tmp_path)
    for unset in ("", "relative/path"):
        variables = {"XDG_CACHE_HOME": unset, "HOME": str(tmp_path), "CC": cc}
        made = build_shim(environment(tmp_path) | variables)
        assert made.parent == tmp_path / ".cache/netbsd-dm"
    with pytest.raises(ShimError, match=r"set HOME or XDG_CACHE_HOME"):
        build_shim({"CC": cc})


def test_it_is_loaded_before_what_is_loaded_anyway() -> None:
    library = Path("/cache/shim.so")
    assert preload(library, {}) == {"LD_PRELOAD": "/cache/shim.so"}
    assert preload(library, {"LD_PRELOAD": "/other.so"}) == {
        "LD_PRELOAD": "/cache/shim.so:/other.so"
    }
    for path in ("/my cache/shim.so", "/my:cache/shim.so"):
        with pytest.raises(ShimError, match=r"blanks or colons cannot be preloaded"):
            preload(Path(path), {})


def test_every_file_of_it_is_short() -> None:
    for path in [*build.sources(), *Path(build.__file__).parent.glob("*.h")]:
        assert len(path.read_text().splitlines()) <= 300, path
