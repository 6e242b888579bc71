"""The journal of a server, as a capture."""

import itertools
import logging
import os
from collections.abc import Iterator
from pathlib import Path

from .. import __version__
from ..faults.plan import Hit
from ..pdev import devnum
from ..pdev.catalog import Catalog, FileSource
from ..pdev.handle import SECTOR_BYTES
from ..server.journal import Exchange
from .format import Disk, StepClass
from .writing import CaptureFile, fault_note, head, step

_log = logging.getLogger(__name__)


class CaptureJournal:
    """Writes every exchange to a file, each whole or not at all.

    `path` must be new or empty; raises `OSError`.  The disks in its head are what
    `catalog` offers by name, so that a replay can make them again.  A line that cannot be
    written is left out and logged: the server goes on.
    """

    def __init__(self, path: Path, profile: str, catalog: Catalog) -> None:
        self._path = path
        self._numbers = itertools.count(1)
        driver = f"netbsd-dm {__version__}, profile {profile}"
        description = "the journal of a server"
        self._file = CaptureFile(path, head(path.stem, description, driver, disks_of(catalog)))

    def exchange(self, exchange: Exchange) -> None:
        # What a fault has touched, or nobody waited for, says nothing of the server.
        is_stable = exchange.reply is not None and not exchange.faults
        self._append(
            step(
                next(self._numbers),
                exchange.request,
                exchange.reply,
                step_class=StepClass.STABLE if is_stable else StepClass.UNDEFINED,
                client=exchange.client,
                at_seconds=exchange.at_seconds,
                faults=exchange.faults,
                is_dropped=exchange.sent_bytes == 0,
                truncated_bytes=exchange.sent_bytes or None,
            )
        )

    def hit(self, hit: Hit, at_seconds: float) -> None:
        self._append(fault_note([hit.rule], hit.what, at_seconds))

    def close(self) -> None:
        """End the file."""
        self._file.close()

    def _append(self, line: bytes) -> None:
        try:
            self._file.append(line)
        except OSError as error:
            _log.warning("the journal %s lacks an exchange: %s", self._path, error.strerror)


def disks_of(catalog: Catalog) -> Iterator[Disk]:
    """What `catalog` offers by name, as disks of a capture; not what lies in directories."""
    for source in catalog.offered:
        major, minor = devnum.major(source.dev), devnum.minor(source.dev)
        yield Disk(source.identity, _size_sectors(source), major, minor)


def _size_sectors(source: FileSource) -> int:
    try:
        descriptor = os.open(source.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return 0  # who opens it for a table is told why
    try:
        return os.lseek(descriptor, 0, os.SEEK_END) // SECTOR_BYTES
    finally:
        os.close(descriptor)
