"""Which device a verb is about: a name, or the options -u, or -j and -m."""

import os
from collections.abc import Mapping
from typing import Final

from ...pdev.devnum import DM_BLOCK_MAJOR
from ...plist.escapes import to_bytes
from ...wire.calls import Selector
from .options import Options
from .session import CommandError

NAME_BYTES: Final = 127
"""libdevmapper's DM_NAME_LEN, less the NUL."""
_NO_MAJOR: Final = -1


def select(options: Options, name: str | None) -> Selector:
    """The device called `name`, else that of the options; raises `CommandError`."""
    if name is not None:
        return Selector(name=checked_name(name))
    if options.uuid is not None:
        return Selector(uuid=options.uuid)
    if options.major is None or options.minor is None:
        raise CommandError("No device specified.")
    check_major(options.major)
    return Selector(minor=options.minor if options.minor >= 0 else None)


def check_major(major: int | None) -> None:
    """Raise `CommandError` unless devices of the mapper have that major number."""
    if major not in (None, _NO_MAJOR, DM_BLOCK_MAJOR):
        raise CommandError


def checked_name(name: str) -> str:
    """The name of a device that there may be; that of its node is as good."""
    directory, slash, last = name.rpartition("/")
    if slash and directory != mapper_directory(os.environ):
        raise CommandError(f"Device {name} not found")
    return _short(last)


def checked_new_name(name: str) -> str:
    """A name for a device that is to be made."""
    if "/" in name:
        raise CommandError(f'Name "{name}" invalid. It contains "/".')
    return _short(name)


def _short(name: str) -> str:
    if len(to_bytes(name)) > NAME_BYTES:
        raise CommandError(f'Name "{name}" too long')
    return name


def mapper_directory(environment: Mapping[str, str]) -> str:
    """Where the nodes of the devices would be; raises `ValueError` if DM_DEV_DIR is no path."""
    directory = environment.get("DM_DEV_DIR") or "/dev"
    if not directory.startswith("/"):
        raise ValueError("Invalid DM_DEV_DIR environment variable value.")
    return f"{directory.removesuffix('/')}/mapper"
