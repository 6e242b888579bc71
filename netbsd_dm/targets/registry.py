"""Which targets there are.

The driver loads an unknown type as a kernel module, `dm_target_NAME`; here an
entry point of that name plays the module.  Looking for entry points reads the
metadata of every installed package, so it waits until somebody asks for a type
that is not there, or for the list of all.
"""

from collections.abc import Iterable

from ..wire.errors import DMError, Errno
from .error import Error
from .interface import Target
from .linear import Linear
from .striped import Striped
from .zero import Zero

ENTRY_POINTS = "netbsd_dm.targets"
BUILT_IN: tuple[type[Target], ...] = (Linear, Striped, Zero, Error)

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
            raise DMError(Errno.ENOENT, f"no target {name!r}; there are {known}")
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
                self._targets[entry.name] = _checked(entry.name, entry.load())
        return self._targets.get(wanted) if wanted is not None else None


def _checked(name: str, target: object) -> type[Target]:
    if not (isinstance(target, type) and issubclass(target, Target) and target.name == name):
        raise DMError(
            Errno.ENOENT,
            f"entry point {name!r} of group {ENTRY_POINTS} gives {target!r},"
            f" not a Target whose name is {name!r}",
        )
    return target


for _target in BUILT_IN:
    register(_target)
