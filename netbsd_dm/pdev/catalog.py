"""What the operator offers: names that tables may use, and the files behind them."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath

from ..wire.errors import DMError, Errno
from .devnum import VND_BLOCK_MAJOR, VND_MINORS_PER_UNIT, makedev
from .file import FileHandle
from .handle import Handle, Source


@dataclass(frozen=True, slots=True)
class Offer:
    """A file or block device offered under a name.

    `dev` is the NetBSD dev_t it goes by in `deps`; None, or 0, which means no
    device: that of the block device, or for a file one of vnd(4), in their order.
    """

    name: str
    path: Path
    dev: int | None = None
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class FileSource:
    """A file or block device on its way to being opened; `identity` is its name."""

    identity: str
    path: str
    dev: int
    read_only: bool

    def open(self) -> Handle:
        return FileHandle(self.path, self.read_only)


class Catalog:
    """Resolves the names in tables; everything not offered is refused.

    A directory in `directories` plays the part of /dev: the name `/dev/wd1a`
    is its file `wd1a`; a file in it may also be named by its own path.
    """

    def __init__(
        self, offers: Iterable[Offer] = (), directories: Iterable[str | os.PathLike[str]] = ()
    ) -> None:
        offers = list(offers)
        self._directories = [Path(directory).resolve() for directory in directories]
        self._taken = {offer.dev for offer in offers if offer.dev}
        self._numbers: dict[Path, int] = {}
        self._offered = {
            offer.name: FileSource(
                offer.name,
                os.fspath(offer.path),
                offer.dev or self._number(offer.path),
                offer.read_only,
            )
            for offer in offers
        }

    @property
    def offered(self) -> Iterable[FileSource]:
        """What is offered under a name of its own, in the order given."""
        return self._offered.values()

    @property
    def directories(self) -> Iterable[Path]:
        """The directories whose files are offered."""
        return tuple(self._directories)

    def resolve(self, name: str) -> Source:
        """What `name` stands for; raises `DMError` with the flag that would offer it."""
        source = self._offered.get(name)
        if source is None:
            path = self._find(name)
            source = FileSource(name, os.fspath(path), self._number(path), read_only=False)
        return source

    def _find(self, name: str) -> Path:
        for directory in self._directories:
            for base in (PurePosixPath("/dev"), directory):
                path = _within(directory, base, name)
                if path is not None:
                    return path
        raise DMError(
            Errno.ENOENT,
            f"{name} is not offered by the server: start it with --device {name}=FILE"
            " or with --device-dir DIR, where DIR holds the file",
        )

    def _number(self, path: Path) -> int:
        """The dev_t of a file that was given none: the same as long as we live."""
        dev = self._numbers.get(path)
        if dev is None:
            dev = self._free_number(path)
            self._numbers[path] = dev
            self._taken.add(dev)
        return dev

    def _free_number(self, path: Path) -> int:
        if path.is_block_device():
            number = path.stat().st_rdev
            return makedev(os.major(number), os.minor(number))
        unit = 0
        while makedev(VND_BLOCK_MAJOR, unit * VND_MINORS_PER_UNIT) in self._taken:
            unit += 1
        return makedev(VND_BLOCK_MAJOR, unit * VND_MINORS_PER_UNIT)


def _within(directory: Path, base: PurePath, name: str) -> Path | None:
    """The file of `directory` that `name` means below `base`, if there is one."""
    try:
        # Resolved, so that neither ".." nor a symbolic link leads out of the directory.
        relative = PurePosixPath(name).relative_to(base)
        path = Path(os.path.realpath(directory / relative, strict=True))
    except (ValueError, OSError):  # not below it; missing, too long, a loop
        return None
    return path if path.is_relative_to(directory) and path != directory else None
