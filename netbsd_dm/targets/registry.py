"""Which targets there are.

The driver loads an unknown type as a kernel module, `dm_target_NAME`; here an
entry point of that name plays the module.  Looking for entry points reads the
metadata of every installed package, so it waits until somebody asks for a type
that is not there, or for the list of all.
"""

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..wire import keys
from ..wire.errors import DMError, Errno
from .delay import Delay
from .error import Error
from .flakey import Flakey
from .interface import Target
from .linear import Linear
from .striped import Striped
from .zero import Zero

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

_log = logging.getLogger(__name__)

ENTRY_POINTS = "netbsd_dm.targets"
BUILT_IN: tuple[type[Target], ...] = (Linear, Striped, Zero, Error, Delay, Flakey)

_registered: dict[str, type[Target]] = {}


def register(target: type[Target]) -> type[Target]:
    """Make `target` known under its name, to every mapper made from now on.

    Returns it, so that it serves as a class decorator.  Raises `ValueError`
    for a name that is taken or that clients would cut.
    """
    name = target.name
    if not 0 < len(name.encode()) <= 15:
        raise ValueError(f"target name {name!r}: clients cut names to 15 bytes")
    if _registered.setdefault(name, target) is not target:
        raise ValueError(f"a target named {name!r} is registered already")
    return target


class TargetRegistry:
    """The targets of one mapper: `names` of those registered, in that order.

    None for `names` means all: the built-in ones, those of `register` and those
    that installed packages provide.
    """

    def __init__(self, names: Iterable[str] | None = None) -> None:
        self._open_ended = names is None
        order = _registered if names is None else names
        self._targets = {name: _registered[name] for name in order}

    def find(self, name: str) -> type[Target]:
        """The target of that type; raises `DMError` (ENOENT)."""
        target = self._targets.get(name)
        if target is None and self._open_ended:
            target = self._load(name)
        if target is None:
            known = ", ".join(self._targets)
            raise DMError(Errno.ENOENT, f"no target {name!r}; there are {known}", keys.TYPE)
        return target

    def all(self) -> list[type[Target]]:
        """Every target, in order of registration."""
        if self._open_ended:
            self._load(None)
        return list(self._targets.values())

    def _load(self, wanted: str | None) -> type[Target] | None:
        from importlib.metadata import entry_points

        found = entry_points(group=ENTRY_POINTS)
        for entry in found if wanted is None else found.select(name=wanted):
            if entry.name not in self._targets:
                try:
                    self._targets[entry.name] = _loaded(entry)
                except DMError as error:
                    if wanted is not None:
                        raise
                    _log.warning("left out: %s", error.message)
        return self._targets.get(wanted) if wanted is not None else None


def _loaded(entry: "EntryPoint") -> type[Target]:
    try:
        target = entry.load()
    except Exception as error:  # noqa: BLE001 (a package may raise anything when imported)
        problem = f"cannot be loaded: {error!r}"
    else:
        if isinstance(target, type) and issubclass(target, Target) and target.name == entry.name:
            return target
        problem = f"gives {target!r}, not a Target of that name"
    raise DMError(Errno.ENOENT, f"target {entry.name!r}, entry point of {ENTRY_POINTS}, {problem}")


for _target in BUILT_IN:
    register(_target)
