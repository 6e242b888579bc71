"""Which device stands on which, from the deps of all devices."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Final, NamedTuple

from ...pdev import devnum
from ...pdev.devnum import DM_BLOCK_MAJOR
from ...wire import calls
from ...wire.calls import Selector
from ...wire.replies import NamedDevice
from .device import NO_DEVICE, DeviceInfo
from .session import Session


class Number(NamedTuple):
    """Major and minor number of a device."""

    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.major}:{self.minor}"


NO_NUMBER: Final = Number(0, 0)


@dataclass(eq=False, slots=True)
class Node:
    """A device, what it stands on, and what stands on it.

    `device` is empty for one that is not mapped, or gone.
    """

    number: Number = NO_NUMBER
    device: DeviceInfo = NO_DEVICE
    uses: "list[Node]" = field(default_factory=list)
    used_by: "list[Node]" = field(default_factory=list)

    @property
    def name(self) -> str:
        """Empty for a device that is not mapped."""
        return self.device.name if self.device.exists else ""


def as_number(dev: int) -> Number:
    """The two numbers in a dev_t."""
    return Number(devnum.major(dev), devnum.minor(dev))


class Dependencies(NamedTuple):
    """A device, and what its table stands on, once for each use."""

    device: DeviceInfo
    numbers: list[Number]


def ask_dependencies(session: Session, device: Selector, bits: int = 0) -> Dependencies:
    """Ask the driver; a number of 0 ends its list.  Raises `CommandError`."""
    answer = session.do(calls.deps(device, inactive=False), bits=bits)
    return Dependencies(answer.device, [as_number(dev) for dev in takewhile(bool, answer.value)])


class Tree:
    """All devices that were added, and below them all that they stand on."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._nodes: dict[Number, Node] = {}
        self._named: list[Node] = []

    def add(self, device: NamedDevice) -> None:
        """Ask for a device of the mapper, and for what it stands on in turn."""
        top = Number(DM_BLOCK_MAJOR, device.minor)
        edges: list[tuple[Node | None, Number]] = [(None, top)]
        while edges:
            user, number = edges.pop()
            node = self._nodes.get(number)
            if node is None:
                node, below = self._ask(number)
                edges += [(node, each) for each in reversed(below)]
            if user is not None and node not in user.uses:
                user.uses.append(node)
                node.used_by.append(user)
        self._named.append(self._nodes[top])

    def find(self, minor: int) -> Node | None:
        """The node of a mapped device."""
        return self._nodes.get(Number(DM_BLOCK_MAJOR, minor))

    def roots(self, *, inverted: bool) -> Iterator[Node]:
        """The devices that nothing stands on; `inverted`, those that stand on nothing."""
        if inverted:
            return (node for node in self._nodes.values() if not node.uses)
        return (node for node in self._named if not node.used_by)

    def _ask(self, number: Number) -> tuple[Node, list[Number]]:
        node = self._nodes[number] = Node(number)
        if number.major != DM_BLOCK_MAJOR:
            return node, []
        found = ask_dependencies(self._session, Selector(minor=number.minor))
        node.device = found.device
        return node, found.numbers
