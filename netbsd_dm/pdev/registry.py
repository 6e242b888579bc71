"""Physical devices that tables use, each open once and counted."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ..plist.escapes import cut_bytes
from ..wire.errors import DMError, Errno
from .handle import Handle, Source

MAPPER_DIRECTORY: Final = "/dev/mapper/"
"""Names below it are mapped devices."""


@dataclass(eq=False, slots=True)
class Pdev:
    """An open physical device and the number of table entries that use it."""

    name: str
    """As stored: the driver may have cut it, and its table strings show it so."""
    dev: int
    """NetBSD's dev_t, as `deps` reports it."""
    handle: Handle
    identity: object
    references: int = 0


class PdevRegistry:
    """Opens, shares, counts and closes physical devices.

    `name_bytes` and `exclusive` are the driver's two habits: a name is stored
    cut to 31 bytes, so that a longer one is never found again; and a block
    device opens only once, whatever the name.  Together they make the second
    use of a long name fail with ENOENT, as recorded.

    A device without users is closed by `reap`, at the end of a command, so that
    a command can take back what it released.
    """

    def __init__(
        self,
        resolve: Callable[[str], Source],
        resolve_mapped: Callable[[str], Source],
        name_bytes: int | None = None,
        exclusive: bool = False,
    ) -> None:
        self._resolve = resolve
        self._resolve_mapped = resolve_mapped
        self._name_bytes = name_bytes
        self._exclusive = exclusive
        self._found: dict[object, Pdev] = {}  # by identity
        self._open: set[Pdev] = set()
        self._unused: set[Pdev] = set()

    def acquire(self, name: str) -> Pdev:
        """The device of that name, with one reference more; raises `DMError`."""
        # A mapped device may be renamed while it is used: its name says nothing.
        source = self._resolve_mapped(name) if name.startswith(MAPPER_DIRECTORY) else None
        pdev = self._found.get(source.identity if source else name)
        if pdev is None:
            pdev = self._open_new(name, source or self._resolve(name))
        pdev.references += 1
        return pdev

    def retain(self, pdev: Pdev) -> None:
        """One reference more to a device that is open, or not yet reaped."""
        if pdev.references == 0:
            self._unused.discard(pdev)
            self._enter(pdev)
        pdev.references += 1

    def release(self, pdev: Pdev) -> None:
        """One reference less; after the last, nobody finds the device any more."""
        pdev.references -= 1
        if pdev.references == 0:
            self._open.discard(pdev)
            self._unused.add(pdev)
            if self._found.get(pdev.identity) is pdev:
                del self._found[pdev.identity]

    def reap(self) -> None:
        """Close what has no references left."""
        while self._unused:
            self._unused.pop().handle.close()

    def opened(self) -> list[Pdev]:
        """All devices that are open, by name."""
        return sorted(self._open, key=lambda pdev: pdev.name)

    def users(self, identity: object) -> int:
        """How many table entries use the device of that identity."""
        pdev = self._found.get(identity)
        return pdev.references if pdev else 0

    def close(self) -> None:
        """Close every device, whoever uses it: the driver is going away."""
        self._unused |= self._open
        self._open.clear()
        self._found.clear()
        self.reap()

    def _open_new(self, name: str, source: Source) -> Pdev:
        if self._exclusive and any(pdev.dev == source.dev for pdev in self._open):
            raise DMError(
                Errno.ENOENT,
                f"{name} is open already under a name that cannot be found again:"
                f" use names of at most {self._name_bytes} bytes",
            )
        stored = cut_bytes(name, self._name_bytes) if self._name_bytes else name
        identity = stored if source.identity == name else source.identity
        pdev = Pdev(stored, source.dev, source.open(), identity)
        self._enter(pdev)
        return pdev

    def _enter(self, pdev: Pdev) -> None:
        self._open.add(pdev)
        self._found[pdev.identity] = pdev
