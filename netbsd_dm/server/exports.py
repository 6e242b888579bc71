"""The mapped devices as NBD exports."""

from collections.abc import Sequence

from ..blockio.volume import Volume
from ..driver.device import Device
from ..driver.drain import files_of
from ..driver.mapper import Mapper
from ..nbd.constants import PAYLOAD_BYTES_MAX, TransmissionFlag
from ..nbd.exports import BlockSize, Export, Listed
from ..pdev.handle import SECTOR_BYTES
from ..wire.errors import DMError, Errno

_PREFERRED_BYTES = 4096
_ALWAYS = (
    TransmissionFlag.HAS_FLAGS
    | TransmissionFlag.SEND_FLUSH
    | TransmissionFlag.SEND_FUA
    | TransmissionFlag.SEND_CACHE
    # A flush on one connection makes durable what all have written: they share files.
    | TransmissionFlag.CAN_MULTI_CONN
)
_WRITABLE = TransmissionFlag.SEND_TRIM | TransmissionFlag.SEND_WRITE_ZEROES


class MappedExports:
    """Every device under its name, its uuid and its minor; the only one also as ""."""

    def __init__(self, mapper: Mapper) -> None:
        self._mapper = mapper

    def all(self) -> Sequence[Listed]:
        """Each device once, by name, or by minor if it has none."""
        return [Listed(_name(each), _description(each)) for each in self._mapper.devices]

    def find(self, name: str) -> Export | None:
        """The export as it is now."""
        device = self._device(name)
        return None if device is None else self._export(device)

    def open(self, export: Export) -> Volume:
        """Its device, open; raises `DMError` (ENXIO) if it has gone meanwhile."""
        device = self._mapper.lookup(export.identity)
        if device is None:
            raise DMError(Errno.ENXIO, f"export {export.name!r} was removed while it was chosen")
        return Volume(self._mapper, device)

    def _device(self, name: str) -> Device | None:
        if not name:
            devices = self._mapper.devices
            return devices[0] if len(devices) == 1 else None
        minor = int(name) if name.isascii() and name.isdigit() and len(name) < 11 else 0
        return self._mapper.lookup(0, name, name) or self._mapper.lookup(minor)

    def _export(self, device: Device) -> Export:
        profile = self._mapper.profile
        read_only = (device.is_read_only and profile.enforces_readonly) or any(
            file.read_only for file in files_of(device)
        )
        return Export(
            identity=device.minor,
            name=_name(device),
            description=_description(device),
            # A table of the driver's may claim more than a file can have.
            size_bytes=min(device.live.size_sectors * SECTOR_BYTES, 2**63 - SECTOR_BYTES),
            flags=_ALWAYS | (TransmissionFlag.READ_ONLY if read_only else _WRITABLE),
            block_size=BlockSize(
                1 if profile.byte_granular else SECTOR_BYTES, _PREFERRED_BYTES, PAYLOAD_BYTES_MAX
            ),
        )


def _name(device: Device) -> str:
    """The first name under which it is exported; one that is no UTF-8 cannot be asked for."""
    return device.name if device.name and _is_utf_8(device.name) else str(device.minor)


def _is_utf_8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # bytes that are none are kept as surrogates
        return False
    return True


def _description(device: Device) -> str:
    uuid = f", uuid {device.uuid.encode(errors='replace').decode()}" if device.uuid else ""
    return f"minor {device.minor}, {device.live.size_sectors} sectors{uuid}"
