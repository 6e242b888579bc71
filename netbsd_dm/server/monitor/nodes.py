"""The mapped devices as nodes of /dev/mapper, for who stands in for that directory."""

from ...driver.device import Device
from ...driver.mapper import Mapper
from ...plist import PlistDict, UInt
from ...wire import fields, keys, monitoring


def nodes_of(mapper: Mapper, request: PlistDict) -> PlistDict:
    """The device of the name or minor in `request`, if there is one; without either, all."""
    name = fields.string(request, keys.NAME)
    minor = int(fields.uint32(request, keys.MINOR))
    if name is None and keys.MINOR not in request:
        found = mapper.devices
    else:
        device = mapper.lookup(minor, name)
        found = () if device is None else (device,)
    return {monitoring.NODES: [_node(device) for device in found]}


def _node(device: Device) -> PlistDict:
    node: PlistDict = {
        keys.NAME: device.name,
        keys.MINOR: UInt(device.minor),
        monitoring.SECTORS: UInt(device.live.size_sectors),
    }
    if device.mapped_sectors is not None:
        node[monitoring.MAPPED] = UInt(device.mapped_sectors)
    return node
