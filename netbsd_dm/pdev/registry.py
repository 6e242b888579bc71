"""Physical devices that tables use, each open once and counted."""

from collections import Counter
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
    """What it is, whatever it is called."""
    key: object
    """Under which the next user finds it."""
    references: int = 0


class PdevRegistry:
    """Opens, shares, counts and closes physical devices.

    `name_bytes` and `exclusive` are the driver's two habits: a name is stored
    cut to 31 bytes, so that a longer one is never found again; and a block
    device opens only once, whatever the name.  Together they make the second
    use of a long name fail with ENOENT, as recorded.

    Otherwise a mapped device is looked up each time, for it may have been renamed
    while it is in use; under another name it is another `Pdev`, so that each
    table string shows the name that was loaded.

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
        self._found: dict[object, Pdev] = {}
        self._uses: Counter[object] = Counter()  # open devices by identity
        self._open: set[Pdev] = set()
        self._unused: set[Pdev] = set()

    def acquire(self, name: str) -> Pdev:
        """The device of that name, with one reference more; raises `DMError`."""
        source = None
        key: object = name
        if not self._exclusive and name.startswith(MAPPER_DIRECTORY):
            source = self._resolve_mapped(name)
            key = (source.identity, name)
        pdev = self._found.get(key)
        if pdev is None:
            pdev = self._open_new(name, key, source)
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
        if pdev.references == 0 and pdev in self._open:  # not since `close`
            self._open.discard(pdev)
            self._uses[pdev.identity] -= 1
            self._unused.add(pdev)
            if self._found.get(pdev.key) is pdev:
                del self._found[pdev.key]

    def reap(self) -> None:
        """Close what has no references left."""
        while self._unused:
            self._unused.pop().handle.close()

    def opened(self) -> list[Pdev]:
        """All devices that are open, by name."""
        return sorted(self._open, key=lambda pdev: pdev.name)

    def is_open(self, identity: object) -> bool:
        """Whether some table entry uses the device of that identity."""
        return self._uses[identity] > 0

    def close(self) -> None:
        """Close every device, whoever uses it: the driver is going away."""
        self._unused |= self._open
        self._open.clear()
        self._uses.clear()
        self._found.clear()
        self.reap()

    def _open_new(self, name: str, key: object, source: Source | None) -> Pdev:
        stored = cut_bytes(name, self._name_bytes) if self._name_bytes else name
        if source is None:
            is_mapped = name.startswith(MAPPER_DIRECTORY)
            source = self._resolve_mapped(name) if is_mapped else self._resolve(name)
            key = stored
        if self._exclusive:
            self._refuse_second(name, source)
        pdev = Pdev(stored, source.dev, source.open(), source.identity, key)
        self._enter(pdev)
        return pdev

    def _refuse_second(self, name: str, source: Source) -> None:
        for pdev in self._open:
            if pdev.dev == source.dev:
                raise DMError(
                    Errno.ENOENT,
                    f"{name} is open already, as {pdev.name}, and a device opens only once:"
                    f" use that name, or one of at most {self._name_bytes} bytes",
                )

    def _enter(self, pdev: Pdev) -> None:
        self._open.add(pdev)
        self._uses[pdev.identity] += 1
        self._found[pdev.key] = pdev
