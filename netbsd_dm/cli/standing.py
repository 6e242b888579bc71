"""What stands on what: mapped devices on others, down to files."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from ..wire.state import DeviceState, LineState, PdevId, PdevState, ServerState, UseState

Range = tuple[int, int]
"""Sectors, from the first below the end."""


class Part(NamedTuple):
    """A line of a device that lies on a thing, within its sectors as the use says."""

    line: LineState
    use: UseState
    is_live: bool

    @property
    def range(self) -> Range | None:
        """Where on the thing below; None where the target does not tell."""
        start_sector, end_sector = self.use.start_sector, self.use.end_sector
        if start_sector is None or end_sector is None:
            return None
        return start_sector, end_sector


@dataclass(eq=False, slots=True)
class Stand:
    """That `upper` stands on `lower`, with each of `parts`."""

    upper: "Node"
    lower: "Node"
    parts: list[Part] = field(default_factory=list)

    def ranges(self, *, is_live: bool) -> list[Range]:
        """The sectors that one of the tables takes of the lower thing, joined where they touch."""
        parts = (part for part in self.parts if part.is_live is is_live)
        return merged(part.range for part in parts if part.range is not None)


@dataclass(eq=False, slots=True)
class Node:
    """A mapped device, or a file, or a mapped device that is no more."""

    device: DeviceState | None = None
    pdev: PdevState | None = None
    """What it is in the tables that name it, unless it is a device of the list."""
    below: list[Stand] = field(default_factory=list)
    """What it stands on, in the order of its tables, the live one first."""
    above: list[Stand] = field(default_factory=list)
    """What stands on it, oldest first."""

    @property
    def name(self) -> str:
        """What it is called: a device by its own name, anything else as in a table."""
        if self.device is not None:
            return self.device.title
        return "" if self.pdev is None else self.pdev.id.name

    @property
    def size_sectors(self) -> int:
        """How many it has."""
        if self.device is not None:
            return self.device.live.size_sectors
        return 0 if self.pdev is None else self.pdev.size_sectors


class Standing:
    """All devices and files of a server, and what stands on what."""

    def __init__(self, state: ServerState) -> None:
        self._by_minor = {device.minor: Node(device=device) for device in state.devices}
        self._by_id = {pdev.id: self._node_of(pdev) for pdev in state.pdevs}
        for node in self.devices:
            self._stand(node)

    @property
    def devices(self) -> list[Node]:
        """The mapped devices, oldest first."""
        return list(self._by_minor.values())

    @property
    def physical(self) -> list[Node]:
        """The files, by name, and the mapped devices that are no more."""
        return [node for node in self._by_id.values() if node.device is None]

    def node(self, device: DeviceState) -> Node:
        """The node of a device of that state."""
        return self._by_minor[device.minor]

    def _node_of(self, pdev: PdevState) -> Node:
        mapped = None if pdev.minor is None else self._by_minor.get(pdev.minor)
        return Node(pdev=pdev) if mapped is None else mapped

    def _stand(self, upper: Node) -> None:
        device = upper.device
        if device is None:
            return
        stands: dict[PdevId, Stand] = {}
        for part in _parts(device):
            self._on(upper, part.use.pdev, stands).parts.append(part)
        for pdev in device.uses:  # those of lines that are not looked at, too
            self._on(upper, pdev, stands)

    def _on(self, upper: Node, pdev: PdevId, stands: dict[PdevId, Stand]) -> Stand:
        """How `upper` stands on a physical device, newly found or as in `stands`."""
        if pdev not in stands:
            lower = self._by_id[pdev]
            stands[pdev] = Stand(upper, lower)
            upper.below.append(stands[pdev])
            lower.above.append(stands[pdev])
        return stands[pdev]


def _parts(device: DeviceState) -> Iterator[Part]:
    for table, is_live in ((device.live, True), (device.inactive, False)):
        for line in table.lines:
            yield from (Part(line, use, is_live) for use in line.uses)


def merged(ranges: Iterable[Range]) -> list[Range]:
    """Ranges in order, those in one that touch."""
    found: list[Range] = []
    for start, end in sorted(ranges):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found
