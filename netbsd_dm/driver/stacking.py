"""Mapped devices as physical devices of others: /dev/mapper/NAME in a table."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..pdev.devnum import DM_BLOCK_MAJOR, makedev
from ..pdev.handle import Handle
from ..pdev.registry import MAPPER_DIRECTORY, PdevRegistry
from ..wire.errors import DMError, Errno
from .device import Device
from .devices import DeviceList


@dataclass(frozen=True, slots=True)
class MappedHandle:
    """A mapped device that another one stands on."""

    device: Device

    @property
    def size_sectors(self) -> int:
        return self.device.live.size_sectors

    def close(self) -> None:
        """Nothing to give back: no file belongs to it."""


@dataclass(frozen=True, slots=True)
class MappedSource:
    """A mapped device on its way to being used as a physical one."""

    device: Device

    @property
    def dev(self) -> int:
        return makedev(DM_BLOCK_MAJOR, self.device.minor)

    @property
    def identity(self) -> object:
        return _identity(self.device)

    def open(self) -> Handle:
        return MappedHandle(self.device)


def mapped_source(devices: DeviceList, name: str) -> MappedSource:
    """The device that /dev/mapper/NAME means; raises `DMError` (ENOENT)."""
    device = devices.by_name(name.removeprefix(MAPPER_DIRECTORY))
    if device is None:
        raise DMError(Errno.ENOENT, f"{name}: there is no such mapped device; create it first")
    return MappedSource(device)


def refuse_loop(upper: Device, lower: Iterable[Device]) -> None:
    """Raise `DMError` (ELOOP) if one of `lower` stands on `upper`, or is it."""
    lower = list(lower)
    if upper in lower or any(upper in devices_below(device) for device in lower):
        raise DMError(
            Errno.ELOOP,
            f"a loop: what this line names is {upper.title} itself or stands on it",
        )


def devices_below(device: Device) -> set[Device]:
    """The mapped devices on which `device` stands, however far below."""
    below = list(_directly_below(device))
    seen: set[Device] = set()
    while below:
        lower = below.pop()
        if lower not in seen:
            seen.add(lower)
            below += _directly_below(lower)
    return seen


def is_used(device: Device, pdevs: PdevRegistry) -> bool:
    """Whether some table names `device`."""
    return pdevs.is_open(_identity(device))


def users_of(device: Device, devices: DeviceList) -> list[str]:
    """How messages call the devices whose tables name `device`."""
    return [upper.title for upper in devices if device in _directly_below(upper)]


def _directly_below(device: Device) -> Iterator[Device]:
    for table in device.slots:
        for pdev in table.pdevs:
            if isinstance(pdev.handle, MappedHandle):
                yield pdev.handle.device


def _identity(device: Device) -> object:
    return ("mapped", device.minor)
