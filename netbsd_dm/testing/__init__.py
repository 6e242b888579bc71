"""A device mapper for test suites: servers in this process, and what to ask of them.

`DmServer` is a server of a test's own, `DmTestCase` has one for unittest, and
`plugin` the fixtures for pytest.  `thread` runs the servers, `control` is what a test
does to one while it runs, `assertions` what it asks of it, `report` what is told
of one when a test fails.  Everything is imported when it is first used, for `plugin`
is part of every run of pytest where this package is installed.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .case import DmTestCase
    from .control import Faults, HandClock
    from .disks import DiskImage, DiskImages
    from .journal import Asked
    from .server import DmServer
    from .state import DeviceState, Location

_MODULES = {
    "Asked": "journal",
    "DeviceState": "state",
    "DiskImage": "disks",
    "DiskImages": "disks",
    "DmServer": "server",
    "DmTestCase": "case",
    "Faults": "control",
    "HandClock": "control",
    "Location": "state",
}

__all__ = [
    "Asked",
    "DeviceState",
    "DiskImage",
    "DiskImages",
    "DmServer",
    "DmTestCase",
    "Faults",
    "HandClock",
    "Location",
]


def __getattr__(name: str) -> object:
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{module}", __name__), name)


def __dir__() -> list[str]:
    return __all__
