"""Commands about the driver as a whole: version, targets, names."""

from ...plist import PlistDict, PlistValue, UInt
from ...wire import keys
from ..state import State


def version(state: State, request: PlistDict) -> None:
    """Nothing: the version check, before every command, has written it."""


def targets(state: State, request: PlistDict) -> None:
    """cmd_data: the targets with their versions, in order of registration.

    The numbers are signed, for proplib up to 2018 appends them so (spec 1.1).
    """
    request[keys.CMD_DATA] = [
        {keys.NAME: target.name, keys.TARGET_VERSION: list[PlistValue](target.version)}
        for target in state.targets.all()
    ]


def names(state: State, request: PlistDict) -> None:
    """cmd_data: name and minor of every device, oldest first, renamed ones last."""
    request[keys.CMD_DATA] = [
        {keys.DEV: UInt(device.minor), keys.NAME: device.name} for device in state.devices
    ]
