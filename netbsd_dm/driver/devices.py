"""The list of devices and the three ways to find one."""

from collections.abc import Iterator

from .device import Device

_INT32_MAX = 2**31 - 1


class DeviceList:
    """All devices, in the order in which they were entered.

    Minors count from 1 and are never given twice, not even after a failed
    create (driver spec section 3.2).
    """

    def __init__(self) -> None:
        self._by_minor: dict[int, Device] = {}
        self._by_name: dict[str, Device] = {}
        self._by_uuid: dict[str, Device] = {}
        self._last_minor = 0

    def __iter__(self) -> Iterator[Device]:
        return iter(self._by_minor.values())

    def __len__(self) -> int:
        return len(self._by_minor)

    def new_minor(self) -> int:
        """A number that no device has had."""
        self._last_minor += 1
        return self._last_minor

    def find(self, minor: int, name: str | None, uuid: str | None) -> Device | None:
        """By minor, else by name, else by uuid (driver spec section 2.4).

        A minor counts as a signed number and only above 0; empty strings find
        nothing; every stage that finds nothing falls through to the next.
        """
        device = self._by_minor.get(minor) if 0 < minor <= _INT32_MAX else None
        if device is None and name:
            device = self._by_name.get(name)
        if device is None and uuid:
            device = self._by_uuid.get(uuid)
        return device

    def by_name(self, name: str) -> Device | None:
        """The device of that name, if it is not empty."""
        return self._by_name.get(name) if name else None

    def insert(self, device: Device) -> bool:
        """Enter `device` at the end; False if its name or uuid is taken."""
        if self.find(device.minor, device.name, device.uuid) is not None:
            return False
        self._by_minor[device.minor] = device
        if device.name:
            self._by_name[device.name] = device
        if device.uuid:
            self._by_uuid[device.uuid] = device
        return True

    def remove(self, device: Device) -> None:
        """Take `device` off the list."""
        del self._by_minor[device.minor]
        if device.name:
            del self._by_name[device.name]
        if device.uuid:
            del self._by_uuid[device.uuid]
