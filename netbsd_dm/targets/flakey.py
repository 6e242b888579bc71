"""flakey: the sectors of a device that works for some seconds, and then for some does not."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ..pdev.registry import Pdev
from ..wire.errors import DMError, Errno
from .arguments import Arguments
from .interface import ENDLESS, Devices, Extent, Filler, Place, Run
from .timed import UNTREATED, Corruption, TimedTarget, Treatment

_WORDS_MIN: Final = 4
_NS: Final = 1_000_000_000
_DIRECTIONS: Final = {"r": "read", "w": "write"}


@dataclass(frozen=True, slots=True)
class Features:
    """What happens in a down interval, instead of every request failing with EIO."""

    drops_writes: bool = False
    """Writes vanish; reads go well."""
    corrupts: str = ""
    """`read` or `write`: their data is wrong."""
    corruption: Corruption | None = None


class Flakey(TimedTarget):
    """`DEVICE OFFSET UP DOWN [COUNT FEATURE...]`, the intervals in seconds.

    Features, after the number of their words: `drop_writes`, and `corrupt_bio_byte NTH
    r|w VALUE FLAGS`.  The first interval begins when the table is loaded.
    Source: dm_target_flakey.c of 2020, driver spec section 5.9; its table string shows
    a wrong offset, ours the one that was loaded.
    """

    name = "flakey"
    version = (1, 0, 0)
    form = "DEVICE OFFSET UP DOWN [COUNT FEATURE...]"

    __slots__ = (
        "_begun_ns",
        "_clock",
        "_words",
        "down",
        "features",
        "offset_sectors",
        "pdev",
        "up",
    )

    def __init__(self, arguments: Arguments, devices: Devices) -> None:
        self._words = arguments.words[_WORDS_MIN:]
        if len(arguments.words) < _WORDS_MIN:
            raise DMError(Errno.EINVAL, f"expected at least 4 arguments, {self.form}")
        self.pdev = devices.open(arguments.word(0, "device"))
        self.offset_sectors = arguments.number(1, "offset")
        self.up = arguments.number(2, "up interval")
        self.down = arguments.number(3, "down interval")
        if not self.up + self.down:
            raise DMError(Errno.EINVAL, "both intervals are 0: give one of them some seconds")
        self.features = _features(arguments)
        self._clock = devices.clock
        self._begun_ns = self._clock.nanoseconds()

    def treat(self, op: str) -> Treatment:
        passed_ns = self._clock.nanoseconds() - self._begun_ns
        if passed_ns % ((self.up + self.down) * _NS) < self.up * _NS:
            return UNTREATED
        features = self.features
        if features == Features():
            return Treatment(filler=Filler.ERROR)
        if features.drops_writes and op in ("write", "discard"):
            return Treatment(filler=Filler.ZERO)
        return Treatment(corruption=features.corruption) if op == features.corrupts else UNTREATED

    def map(self, sector: int) -> Place:
        return Place(self.pdev, self.offset_sectors + sector)

    def run(self, sector: int) -> Run:
        return Run(0, ENDLESS, self.pdev, self.offset_sectors)

    def table(self) -> str:
        words = (self.pdev.name, self.offset_sectors, self.up, self.down, *self._words)
        return " ".join(map(str, words))

    def deps(self) -> tuple[Pdev, ...]:
        return (self.pdev,)

    def extents(self, length_sectors: int) -> Iterator[Extent]:
        yield Extent(self.pdev, self.offset_sectors + length_sectors)


def _features(arguments: Arguments) -> Features:
    """The features behind the four arguments; raises `DMError` (EINVAL)."""
    if len(arguments.words) == _WORDS_MIN:
        return Features()
    count = arguments.number(_WORDS_MIN, "number of feature words")
    if count != len(arguments.words) - _WORDS_MIN - 1:
        raise DMError(Errno.EINVAL, f"{count} feature words are announced: give as many")
    features = Features()
    index = _WORDS_MIN + 1
    while index < len(arguments.words):
        word = arguments.word(index, "feature")
        if word == "drop_writes":
            features = Features(True, features.corrupts, features.corruption)
            index += 1
        elif word == "corrupt_bio_byte":
            features = _corrupting(arguments, index, features)
            index += 5
        else:
            raise DMError(
                Errno.EINVAL, f"no feature {word!r}; there are drop_writes and corrupt_bio_byte"
            )
    if features.drops_writes and features.corrupts == "write":
        raise DMError(Errno.EINVAL, "a write that is dropped cannot be corrupted: leave one out")
    return features


def _corrupting(arguments: Arguments, index: int, features: Features) -> Features:
    nth = arguments.number(index + 1, "number of the byte", least=1)
    direction = _DIRECTIONS.get(arguments.word(index + 2, "direction"))
    if direction is None:
        raise DMError(Errno.EINVAL, "the direction is r for reads or w for writes")
    value = arguments.number(index + 3, "value of the byte", most=255)
    if arguments.number(index + 4, "flags"):
        raise DMError(Errno.EINVAL, "flags other than 0 mean kinds of requests not told apart here")
    return Features(features.drops_writes, direction, Corruption(nth - 1, value))
