"""The columns of info -c: where each value comes from, and how it is headed."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from ...pdev.devnum import DM_BLOCK_MAJOR
from ...plist.escapes import to_bytes
from .device import NO_DEVICE, DeviceInfo
from .naming import NO_PARTS, NameParts
from .tree import Node, Number


class Source(Enum):
    """What a value is read from; the two last need requests of their own."""

    TASK = 1
    INFO = 2
    NAME = 3
    DEPS = 4
    TREE = 5


@dataclass(frozen=True, slots=True)
class Subject:
    """What a row is about; only `sources` are known of it."""

    sources: frozenset[Source]
    device: DeviceInfo = NO_DEVICE
    parts: NameParts = NO_PARTS
    dependencies: tuple[Number, ...] = ()
    node: Node = field(default_factory=Node)


@dataclass(frozen=True, slots=True)
class Column:
    """One column: a number is aligned to the right, and sorted as one."""

    id: str
    heading: str
    width: int
    source: Source
    value: Callable[[Subject], str | int]

    def sort_value(self, subject: Subject) -> tuple[int, bytes]:
        """What rows are sorted by: a number, or the bytes of a text."""
        value = self.value(subject)
        return (value, b"") if isinstance(value, int) else (0, to_bytes(value))


def _attributes(device: DeviceInfo) -> str:
    return (
        f"{'L' if device.has_live_table else '-'}{'I' if device.has_inactive_table else '-'}"
        f"{'s' if device.is_suspended else '-'}{'r' if device.is_read_only else 'w'}"
    )


def _tables(device: DeviceInfo) -> str:
    if device.has_live_table:
        return "Both" if device.has_inactive_table else "Live"
    return "Inactive" if device.has_inactive_table else "None"


def _state(device: DeviceInfo) -> str:
    return "Suspended" if device.is_suspended else "Active"


def _access(device: DeviceInfo) -> str:
    return "Read-only" if device.is_read_only else "Writeable"


def _numbers(numbers: Iterable[Number]) -> str:
    return ",".join(map(str, numbers))


def _users(node: Node) -> str:
    return _numbers(user.number for user in node.used_by)


def _names(nodes: list[Node]) -> str:
    return ",".join(node.name for node in nodes if node.name)


_TASK, _INFO, _NAME, _DEPS, _TREE = Source

COLUMNS: Final = (
    Column("name", "Name", 16, _TASK, lambda of: of.device.name),
    Column("uuid", "UUID", 32, _TASK, lambda of: of.device.uuid),
    Column("read_ahead", "RAhead", 6, _TASK, lambda _: 0),
    Column("attr", "Stat", 4, _INFO, lambda of: _attributes(of.device)),
    Column("tables_loaded", "Tables", 6, _INFO, lambda of: _tables(of.device)),
    Column("suspended", "Suspended", 9, _INFO, lambda of: _state(of.device)),
    Column("readonly", "Read-only", 9, _INFO, lambda of: _access(of.device)),
    Column("devno", "DevNo", 5, _INFO, lambda of: str(Number(DM_BLOCK_MAJOR, of.device.minor))),
    Column("major", "Maj", 3, _INFO, lambda _: DM_BLOCK_MAJOR),
    Column("minor", "Min", 3, _INFO, lambda of: of.device.minor),
    Column("open", "Open", 4, _INFO, lambda of: of.device.open_count),
    Column("segments", "Targ", 4, _INFO, lambda of: of.device.target_count),
    Column("events", "Event", 6, _INFO, lambda of: of.device.event_nr),
    Column("device_count", "#Devs", 5, _DEPS, lambda of: len(of.dependencies)),
    Column("devs_used", "DevNames", 8, _TREE, lambda of: _names(of.node.uses)),
    Column("devnos_used", "DevNos", 6, _DEPS, lambda of: _numbers(of.dependencies)),
    Column("device_ref_count", "#Refs", 5, _TREE, lambda of: len(of.node.used_by)),
    Column("names_using_dev", "RefNames", 8, _TREE, lambda of: _names(of.node.used_by)),
    Column("devnos_using_dev", "RefDevNos", 9, _TREE, lambda of: _users(of.node)),
    Column("subsystem", "Subsys", 6, _NAME, lambda of: of.parts.subsystem),
    Column("vg_name", "VG", 4, _NAME, lambda of: of.parts.volume_group),
    Column("lv_name", "LV", 4, _NAME, lambda of: of.parts.logical_volume),
    Column("lv_layer", "LVLayer", 7, _NAME, lambda of: of.parts.layer),
)
DEFAULT_COLUMNS: Final = "name,major,minor,attr,open,segments,events,uuid"
NAME_COLUMNS: Final = "vg_name,lv_name,lv_layer"
"""Those of splitname."""


def find_column(name: str) -> Column | None:
    """The column of that name, in either case."""
    return next((column for column in COLUMNS if column.id == name.lower()), None)
