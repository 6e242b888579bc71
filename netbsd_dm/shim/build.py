"""Compiling the shim, once for each compiler and source."""

import hashlib
import os
import shlex
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

_SOURCES: Final = Path(__file__).parent
_COMPILERS: Final = ("cc", "gcc", "clang")
_FLAGS: Final = (
    "-std=c11",
    "-D_GNU_SOURCE",
    # Both change which functions libc's headers declare, and ours stand in for all of them.
    "-U_FORTIFY_SOURCE",
    "-U_FILE_OFFSET_BITS",
    "-O2",
    "-fPIC",
    "-shared",
    "-pthread",
    "-fvisibility=hidden",
    "-Wall",
    "-Wextra",
)
_LIBRARIES: Final = ("-ldl",)


class ShimError(Exception):
    """There is no shim; the message says why and what to do."""


def build_shim(
    environment: Mapping[str, str] = os.environ, extra_flags: Sequence[str] = ()
) -> Path:
    """The compiled shim, made now if it was not before; raises `ShimError`.

    $CC names the compiler.  The library lies in `netbsd-dm` in $XDG_CACHE_HOME, under
    a name that changes with the sources, the compiler and its flags; any number of
    processes may do this at the same time.
    """
    compiler = _compiler(environment)
    command = [*compiler, *_FLAGS, *extra_flags]
    directory = _cache(environment)
    library = directory / f"shim-{_digest(command)}.so"
    if not library.exists():
        _compile(command, library)
    return library


def sources() -> list[Path]:
    """The C files."""
    return sorted(_SOURCES.glob("*.c"))


def _compiler(environment: Mapping[str, str]) -> list[str]:
    """The command, its program as a full path."""
    path = environment.get("PATH")
    given = environment.get("CC")
    if given:
        name, *options = shlex.split(given)
        found = shutil.which(name, path=path)
        if found is None:
            raise ShimError(f"no C compiler {name}, which CC names: install it, or unset CC")
        return [found, *options]
    for name in _COMPILERS:
        found = shutil.which(name, path=path)
        if found is not None:
            return [found]
    raise ShimError("no C compiler: apt-get install gcc, or set CC")


def _digest(command: Sequence[str]) -> str:
    digest = hashlib.sha256(repr(command).encode())
    for path in [*sources(), *sorted(_SOURCES.glob("*.h"))]:
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _cache(environment: Mapping[str, str]) -> Path:
    """The directory for it, made if need be; nobody else may write there."""
    named = environment.get("XDG_CACHE_HOME", "")
    home = environment.get("HOME", "")
    if not named.startswith("/") and not home.startswith("/"):
        raise ShimError("nowhere to keep the compiled shim: set HOME or XDG_CACHE_HOME")
    directory = (Path(named) if named.startswith("/") else Path(home, ".cache")) / "netbsd-dm"
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        directory.mkdir(mode=0o700, exist_ok=True)
        status = directory.stat()
    except OSError as error:
        reason = error.strerror
        raise ShimError(f"cannot make {directory}: {reason}; set XDG_CACHE_HOME") from None
    others = stat.S_IWGRP | stat.S_IWOTH
    if status.st_uid != os.geteuid() or status.st_mode & others:
        raise ShimError(
            f"others may write to {directory}, and what lies there is run: set XDG_CACHE_HOME"
        )
    return directory


def _compile(command: Sequence[str], library: Path) -> None:
    """Compile beside `library`, and put it there in one step."""
    try:
        with tempfile.TemporaryDirectory(prefix="build-", dir=library.parent) as name:
            draft = Path(name, library.name)
            _run([*command, "-o", str(draft), *map(str, sources()), *_LIBRARIES])
            draft.replace(library)
    except OSError as error:
        where = library.parent
        raise ShimError(f"cannot write to {where}: {error.strerror}; set XDG_CACHE_HOME") from None


def _run(command: Sequence[str]) -> None:
    try:
        subprocess.run(  # noqa: S603 (the compiler is the user's choice)
            command, check=True, capture_output=True, text=True, errors="replace"
        )
    except subprocess.CalledProcessError as error:
        raise ShimError(
            f"{command[0]} cannot compile the shim (apt-get install libc6-dev, or set CC):\n"
            f"{error.stderr.strip()}"
        ) from None
    except OSError as error:
        raise ShimError(f"cannot run {command[0]}: {error.strerror}; set CC") from None
