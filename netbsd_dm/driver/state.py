"""What the commands work on."""

from collections.abc import Callable
from dataclasses import dataclass

from ..clock.timers import Clock
from ..pdev.handle import Source
from ..pdev.registry import PdevRegistry
from ..plist import PlistDict
from ..plist.escapes import to_bytes
from ..targets.registry import TargetRegistry
from ..wire import fields, flags, keys
from ..wire.errors import DMError, Errno
from .device import Device
from .devices import DeviceList
from .profile import Profile
from .stacking import mapped_source

PDEV_NAME_BYTES = 31
"""The driver's MAX_DEV_NAME, less the NUL."""


@dataclass(frozen=True, slots=True)
class State:
    """One driver: its profile, devices, open physical devices, targets and time."""

    profile: Profile
    devices: DeviceList
    pdevs: PdevRegistry
    targets: TargetRegistry
    clock: Clock

    @classmethod
    def fresh(
        cls,
        profile: Profile,
        resolve: Callable[[str], Source],
        clock: Clock,
        before_opening: Callable[[str], None],
    ) -> "State":
        """A driver as it is after loading: without devices.

        `before_opening` is told the name of each physical device that is about to be
        opened, and may raise `DMError`.
        """
        devices = DeviceList()

        def find(name: str) -> Source:
            before_opening(name)
            return resolve(name)

        def find_mapped(name: str) -> Source:
            before_opening(name)
            return mapped_source(devices, name)

        pdevs = PdevRegistry(
            find,
            find_mapped,
            PDEV_NAME_BYTES if profile.cuts_device_names else None,
            profile.opens_exclusively,
        )
        return cls(profile, devices, pdevs, TargetRegistry(profile.targets), clock)

    def open_count(self, device: Device) -> int:
        """What replies report.

        The driver counts the users of tables: none, whenever a command runs
        (driver spec section 3.3).
        """
        return device.open_count if self.profile.counts_opens else 0

    def find(self, request: PlistDict, *, by_uuid: bool = True) -> Device:
        """The device a request names; else EXISTS is cleared and `DMError` raised (ENOENT)."""
        minor = fields.uint32(request, keys.MINOR)
        name = fields.string(request, keys.NAME)
        uuid = fields.string(request, keys.UUID)
        device = self.devices.find(minor, name, uuid if by_uuid else None)
        if device is None:
            fields.remove_flags(request, flags.EXISTS)
            raise DMError(Errno.ENOENT, _nobody(minor, name, uuid))
        return device


def _nobody(minor: int, name: str | None, uuid: str | None) -> str:
    if name:
        return f"no device named {name}"
    if uuid:
        return f"no device with uuid {uuid}"
    if minor:
        return f"no device with minor {minor}"
    return "the request names no device: give name, uuid or minor"


def check_name(value: str, key: str, longest: int) -> None:
    """Raise `DMError` (EINVAL) if a name or uuid is longer than the driver stores."""
    if len(value) * 4 > longest and len(to_bytes(value)) > longest:
        raise DMError(Errno.EINVAL, f"{key} has more than {longest} bytes: shorten it", key)


def one_dictionary(request: PlistDict, form: str) -> PlistDict:
    """The single dictionary in cmd_data; raises `DMError` (EINVAL) showing the `form`."""
    array = fields.array(request, keys.CMD_DATA)
    first = array[0] if array else None
    if not isinstance(first, dict):
        raise DMError(Errno.EINVAL, f"cmd_data must hold one dictionary: {form}", keys.CMD_DATA)
    return first
