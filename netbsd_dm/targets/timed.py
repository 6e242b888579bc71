"""Targets that treat I/O by the time: each request is asked about when it starts."""

from abc import abstractmethod
from typing import Final, NamedTuple

from .interface import Filler, Target


class Corruption(NamedTuple):
    """A byte of a request's data that becomes another."""

    offset_bytes: int
    """From the start of the part of the request that lies in the entry."""
    value: int


class Treatment(NamedTuple):
    """What becomes of a request now."""

    delay_seconds: float = 0.0
    """It is done so much later."""
    filler: Filler | None = None
    """It meets this instead of the device."""
    corruption: Corruption | None = None


UNTREATED: Final = Treatment()


class TimedTarget(Target):
    """One that says of each request, when it starts, what becomes of it."""

    @abstractmethod
    def treat(self, op: str) -> Treatment:
        """What a `read`, `write` or `discard` that starts now meets."""
