"""Assertions about a server that say what there is instead, and what it was asked last.

Each has a plain value beside it, for a bare `assert`: `commands`, `devices`, `handles`,
`locate`.
"""

import difflib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NoReturn

from ..wire.replies import TableLine
from .control import Faults
from .state import DeviceState, Location

_EXCHANGES_SHOWN: Final = 8
_DIFFERENCES_SHOWN: Final = 40


class Assertions(ABC):
    """What a test asks of a server; all raise `AssertionError`."""

    faults: Faults
    is_closed: bool
    """It has no state any more, just its journal."""

    @property
    @abstractmethod
    def commands(self) -> list[str]:
        """What was received so far, as command and device: `reload vol1`."""

    @property
    @abstractmethod
    def devices(self) -> list[DeviceState]:
        """Every mapped device, oldest first, renamed ones last."""

    @property
    @abstractmethod
    def handles(self) -> dict[str, int]:
        """The physical devices that are open, and how many lines of tables use each."""

    @abstractmethod
    def locate(self, name: str, sector: int) -> list[Location]:
        """Where a sector lies by the live table, and the tables below, down to a disk."""

    @abstractmethod
    def journal_lines(self, last: int | None = None) -> list[str]:
        """What has been, for people; or the last so many entries."""

    def device(self, name: str) -> DeviceState:
        """The device of that name; raises `AssertionError` naming all."""
        __tracebackhide__ = True
        devices = {device.name: device for device in self.devices}
        if name not in devices:
            self._fail(f"there is no device {name}; there are: {', '.join(devices) or 'none'}")
        return devices[name]

    def assert_commands(self, *expected: str, contains: bool = False) -> None:
        """These were received, in this order, and no others; `contains`: others between."""
        __tracebackhide__ = True
        found = self.commands
        if not contains:
            self._compare("the commands received are", expected, found)
            return
        rest = iter(found)
        for number, command in enumerate(expected):
            if command not in rest:
                after = f" after {expected[number - 1]!r}" if number else ""
                self._fail(f"{command!r} was not received{after}")

    def assert_devices(self, *names: str) -> None:
        """The mapped devices have these names, in any order."""
        __tracebackhide__ = True
        found = sorted(device.name for device in self.devices)
        self._compare("the mapped devices are", sorted(names), found)

    def assert_table(self, name: str, *lines: TableLine | str, inactive: bool = False) -> None:
        """A table has these lines; without any, there is none."""
        __tracebackhide__ = True
        device = self.device(name)
        found = device.inactive if inactive else device.live
        slot = "inactive" if inactive else "live"
        self._compare(f"the {slot} table of {name} is", [str(line) for line in lines], found)

    def assert_suspended(self, *names: str) -> None:
        """These devices are suspended, and no others."""
        __tracebackhide__ = True
        found = sorted(device.name for device in self.devices if device.is_suspended)
        self._compare("the suspended devices are", sorted(names), found)

    def assert_handles(self, expected: Mapping[str, int]) -> None:
        """These physical devices are open, used by so many lines of tables; `{}` for none."""
        __tracebackhide__ = True
        found = self.handles
        self._compare("the physical devices open are", _uses(expected), _uses(found))

    def assert_maps(
        self, name: str, sector: int, device: str | None, device_sector: int | None = None
    ) -> None:
        """A sector of the live table lies on `device`, directly or through other devices.

        `device` is a name as in tables, `zero`, `error`, or None for nowhere; without
        `device_sector` it may be any of it.
        """
        __tracebackhide__ = True
        live = self.device(name).live
        found = self.locate(name, sector)
        if any(_is_at(place, device, device_sector) for place in found):
            return
        if device is None and not found:
            return
        there = "" if device_sector is None else f" {device_sector}"
        self._fail(
            f"sector {sector} of {name} lies on {' -> '.join(map(str, found)) or 'nothing'},"
            f" not on {device or 'nothing'}{there}; the live table is",
            [f"    {line}" for line in live] or ["    empty"],
        )

    def assert_faults_hit(self) -> None:
        """Every fault in force has hit at least once: none was waited for in vain."""
        __tracebackhide__ = True
        missed = [f"    {rule}" for rule, hits in self.faults.hits.items() if not hits]
        if missed:
            self._fail("these faults have not hit:", missed)

    def _compare(self, what: str, expected: Sequence[str], found: Sequence[str]) -> None:
        __tracebackhide__ = True
        if list(expected) != list(found):
            title = f"{what} not as expected (- expected, + found):"
            self._fail(title, _differences(expected, found))

    def _fail(self, problem: str, details: Iterable[str] = ()) -> NoReturn:
        __tracebackhide__ = True
        lines = [problem, *details]
        last = self.journal_lines(_EXCHANGES_SHOWN)
        lines += ["the last exchanges:", *last] if last else ["nothing was asked of the server"]
        raise AssertionError("\n".join(lines))


def _differences(expected: Sequence[str], found: Sequence[str]) -> Iterator[str]:
    """What is on one side only, with what is around it on both."""
    lines = list(difflib.unified_diff(expected, found, lineterm=""))[3:]
    for line in lines[:_DIFFERENCES_SHOWN]:
        yield "    ..." if line.startswith("@@") else f"    {line[0]} {line[1:]}"
    if len(lines) > _DIFFERENCES_SHOWN:
        yield f"    ... {len(lines) - _DIFFERENCES_SHOWN} more lines"


def _uses(handles: Mapping[str, int]) -> list[str]:
    return [f"{name} used by {count}" for name, count in sorted(handles.items())]


def _is_at(place: Location, device: str | None, sector: int | None) -> bool:
    return place.device == device and (sector is None or place.sector == sector)
