"""Which commands there are, who may use them, and which need a version."""

from collections.abc import Callable
from dataclasses import dataclass

from ...plist import PlistDict
from ..events import Wait
from ..profile import Profile
from ..state import State
from . import devices, extra, listing, tables


@dataclass(frozen=True, slots=True)
class Command:
    """One entry of the driver's command table (driver spec section 2.2)."""

    run: Callable[[State, PlistDict], Wait | None]
    for_all: bool = False
    """Everybody may; the others are for root and the server's own user."""
    is_extra: bool = False
    """Not in NetBSD's driver; its clients send it without a version."""


COMMANDS = {
    "version": Command(listing.version, for_all=True),
    "targets": Command(listing.targets, for_all=True),
    "create": Command(devices.create),
    "info": Command(devices.info, for_all=True),
    "mknodes": Command(devices.info, for_all=True),
    "names": Command(listing.names, for_all=True),
    "suspend": Command(devices.suspend),
    "remove": Command(devices.remove),
    "rename": Command(devices.rename),
    "resume": Command(devices.resume),
    "clear": Command(tables.clear),
    "deps": Command(tables.deps, for_all=True),
    "reload": Command(tables.reload),
    "status": Command(tables.status, for_all=True),
    "table": Command(tables.status, for_all=True),
    "remove_all": Command(extra.remove_all, is_extra=True),
    "waitevent": Command(extra.waitevent, for_all=True, is_extra=True),
    "message": Command(extra.message, is_extra=True),
    "setgeometry": Command(extra.setgeometry, is_extra=True),
    "iostat": Command(extra.iostat, for_all=True, is_extra=True),
}


def commands_of(profile: Profile) -> dict[str, Command]:
    """The command table of a profile."""
    return {
        name: command
        for name, command in COMMANDS.items()
        if profile.extra_commands or not command.is_extra
    }
