"""What libdevmapper makes of a reply about a device (driver spec section 8.2)."""

from dataclasses import dataclass
from typing import Final, Self

from ...pdev.devnum import DM_BLOCK_MAJOR
from ...plist import PlistDict
from ...wire import fields, flags, keys

_COUNTS_ITS_DATA: Final = ("deps", "status", "table")
"""Commands in whose replies the length of cmd_data is the number of targets."""


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """A device as one reply shows it; what the reply lacks is 0, or empty."""

    name: str = ""
    uuid: str = ""
    flags: int = 0
    minor: int = 0
    open_count: int = 0
    event_nr: int = 0
    target_count: int = 0

    @classmethod
    def of(cls, reply: PlistDict) -> Self:
        """The device that `reply` is about."""
        targets = fields.uint32(reply, keys.TARGET_COUNT)
        if reply.get(keys.COMMAND) in _COUNTS_ITS_DATA:
            targets = len(fields.array(reply, keys.CMD_DATA) or [])
        return cls(
            name=fields.string(reply, keys.NAME) or "",
            uuid=fields.string(reply, keys.UUID) or "",
            flags=int(fields.uint32(reply, keys.FLAGS)),
            minor=int(fields.uint32(reply, keys.MINOR)),
            open_count=int(fields.uint32(reply, keys.OPEN_COUNT)),
            event_nr=int(fields.uint32(reply, keys.EVENT_NR)),
            target_count=int(targets),
        )

    @property
    def exists(self) -> bool:
        """The driver found it."""
        return bool(self.flags & flags.EXISTS)

    @property
    def is_suspended(self) -> bool:
        """Its I/O waits."""
        return bool(self.flags & flags.SUSPEND)

    @property
    def is_read_only(self) -> bool:
        """It was made so; few replies tell."""
        return bool(self.flags & flags.READONLY)

    @property
    def has_live_table(self) -> bool:
        """The live slot is filled."""
        return bool(self.flags & flags.ACTIVE_PRESENT)

    @property
    def has_inactive_table(self) -> bool:
        """The inactive slot is filled."""
        return bool(self.flags & flags.INACTIVE_PRESENT)


NO_DEVICE: Final = DeviceInfo()
"""What is not mapped."""


def describe(device: DeviceInfo) -> str:
    """What info prints of a device, a line for each fact, and an empty one."""
    slots = [("LIVE", device.has_live_table), ("INACTIVE", device.has_inactive_table)]
    state = "SUSPENDED" if device.is_suspended else "ACTIVE"
    tables = " & ".join(slot for slot, is_filled in slots if is_filled)
    lines = [
        f"Name:              {device.name}",
        f"State:             {state}{' (READ-ONLY)' if device.is_read_only else ''}",
        "Read Ahead:        0",  # NetBSD has none
        f"Tables present:    {tables or 'None'}",
        f"Open count:        {device.open_count}",
        f"Event number:      {device.event_nr}",
        f"Major, minor:      {DM_BLOCK_MAJOR}, {device.minor}",
        f"Number of targets: {device.target_count}",
    ]
    if device.uuid:
        lines.append(f"UUID: {device.uuid}")
    return "\n".join([*lines, ""])
