"""NetBSD's device-mapper as a userspace server.

`connect` gives a blocking client of a running server, `connect_trio` its trio
twin, `serve` runs a server inside trio, and `DeviceMapper` is the device mapper
itself, in this process.  Everything is imported when it is first used, so that
a client pays for neither trio nor lxml.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from ._version import __version__

if TYPE_CHECKING:
    from .client.blocking import Client, connect
    from .client.local import DeviceMapper
    from .client.monitor import Monitor
    from .client.trio_client import TrioClient, connect_trio
    from .driver.profile import NETBSD_9, STANDARD, Profile
    from .pdev.catalog import Catalog, Offer
    from .server.serving import serve
    from .server.settings import ServeError, Settings
    from .targets.interface import Target
    from .targets.registry import register
    from .wire.errors import DMError, Errno, NoServerError
    from .wire.replies import Info, IoStatistics, NamedDevice, TableLine, TargetVersion, Version

_ROOMS = {
    "NETBSD_9": "driver.profile",
    "STANDARD": "driver.profile",
    "Catalog": "pdev.catalog",
    "Client": "client.blocking",
    "DMError": "wire.errors",
    "DeviceMapper": "client.local",
    "Errno": "wire.errors",
    "Info": "wire.replies",
    "IoStatistics": "wire.replies",
    "Monitor": "client.monitor",
    "NamedDevice": "wire.replies",
    "NoServerError": "wire.errors",
    "Offer": "pdev.catalog",
    "Profile": "driver.profile",
    "ServeError": "server.settings",
    "Settings": "server.settings",
    "TableLine": "wire.replies",
    "Target": "targets.interface",
    "TargetVersion": "wire.replies",
    "TrioClient": "client.trio_client",
    "Version": "wire.replies",
    "connect": "client.blocking",
    "connect_trio": "client.trio_client",
    "register": "targets.registry",
    "serve": "server.serving",
}

__all__ = [
    "NETBSD_9",
    "STANDARD",
    "Catalog",
    "Client",
    "DMError",
    "DeviceMapper",
    "Errno",
    "Info",
    "IoStatistics",
    "Monitor",
    "NamedDevice",
    "NoServerError",
    "Offer",
    "Profile",
    "ServeError",
    "Settings",
    "TableLine",
    "Target",
    "TargetVersion",
    "TrioClient",
    "Version",
    "__version__",
    "connect",
    "connect_trio",
    "register",
    "serve",
]


def __getattr__(name: str) -> object:
    room = _ROOMS.get(name)
    if room is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{room}", __name__), name)


def __dir__() -> list[str]:
    return __all__
