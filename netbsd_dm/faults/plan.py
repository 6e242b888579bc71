"""The rules of one mapper, and what they come to at each command, open and access."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from ..wire.errors import DMError
from .rules import ANY_COMMAND, FLUSH, NO_EFFECT, OPEN, Effect, Names, Rule
from .text import parse_rule


class Hit(NamedTuple):
    """That a rule has hit: its text, for the how many-th time, and what."""

    rule: str
    number: int
    what: str


class Fault(NamedTuple):
    """What the rules that hit come to, and their texts."""

    effect: Effect
    rules: tuple[str, ...]

    @property
    def failure(self) -> DMError | None:
        """What the command fails with, if it does."""
        return self._error(self.effect.errno, "it fails on demand")

    @property
    def ioctl_failure(self) -> DMError | None:
        """What the exchange itself fails with, if it does."""
        return self._error(self.effect.ioctl, "the ioctl fails on demand")

    def __str__(self) -> str:
        return f"fault {', '.join(self.rules)}"

    def _error(self, errno: int | None, message: str) -> DMError | None:
        return None if errno is None else DMError(errno, f"{message}: {self}")


@dataclass(eq=False, slots=True)
class Armed:
    """A rule in force, with its counts."""

    rule: Rule
    matches: int = 0
    hits: int = 0

    def counts(self) -> bool:
        """Count a match; whether it is a hit."""
        self.matches += 1
        is_hit = self.rule.schedule.hits(self.matches)
        self.hits += is_hit
        return is_hit


class Access(NamedTuple):
    """A part of an access that lies on one device: of `op`, below `end_sector`."""

    op: str
    first_sector: int
    end_sector: int
    names: Names | None
    """The mapped device it is on; None on a physical one."""
    device: str
    """The name of the physical device; empty on a mapped one."""

    def __str__(self) -> str:
        title = self.device or (self.names and (self.names.name or f"minor {self.names.minor}"))
        if self.op == FLUSH:
            return f"flush of {title}"
        return f"{self.op} of {title}, sectors {self.first_sector}-{self.end_sector - 1}"


class AccessFault(NamedTuple):
    """What the rules make of an access: it takes longer, and then it may fail."""

    delay_seconds: float
    problem: DMError | None


@dataclass(eq=False, slots=True)
class Plan:
    """Rules that can be added and taken away at any time; without any, nothing fails."""

    armed: list[Armed] = field(default_factory=list)
    watches_io: bool = False
    """Some rule is about I/O: every access must be asked about."""
    on_hit: Callable[[Hit], None] | None = None
    """Told of hits that are not those of a command."""
    opens: tuple[str, ...] = ()
    """The rules about opening that hit since the last command began."""

    @classmethod
    def of(cls, rules: Iterable[Rule | str]) -> "Plan":
        """A plan of `rules`; raises `ValueError`."""
        plan = cls()
        for rule in rules:
            plan.add(rule)
        return plan

    def __iter__(self) -> Iterator[Armed]:
        return iter(tuple(self.armed))

    def __bool__(self) -> bool:
        return bool(self.armed)

    def add(self, rule: Rule | str) -> Armed:
        """Put a rule in force; its matches count from now on.  Raises `ValueError`."""
        armed = Armed(parse_rule(rule) if isinstance(rule, str) else rule)
        self.armed.append(armed)
        self._look()
        return armed

    def remove(self, text: str) -> None:
        """Take the rules of that text out of force; raises `ValueError` if there is none."""
        wanted = str(parse_rule(text))
        kept = [each for each in self.armed if str(each.rule) != wanted]
        if len(kept) == len(self.armed):
            raise ValueError(f"no such rule is in force: {wanted}")
        self.armed = kept
        self._look()

    def clear(self) -> None:
        """Take every rule out of force."""
        self.armed.clear()
        self._look()

    def command(self, command: str, names: Names) -> Fault | None:
        """What a command on a device of those names meets."""
        hit = [
            each
            for each in self.armed
            if each.rule.kind == ANY_COMMAND and each.rule.matches(command, names) and each.counts()
        ]
        if not hit:
            return None
        effect = NO_EFFECT
        for each in hit:
            effect |= each.rule.effect
        return Fault(effect, tuple(str(each.rule) for each in hit))

    def opening(self, name: str) -> None:
        """Raise `DMError` if the physical device of that name is not to open."""
        problem = None
        for each in self.armed:
            rule = each.rule
            if rule.kind == OPEN and rule.matches_device(name) and each.counts():
                self._tell(each, f"open of {name}")
                self.opens += (str(rule),)
                errno = rule.effect.errno
                if errno is not None and problem is None:
                    problem = DMError(errno, f"{name} does not open: fault {rule}")
        if problem is not None:
            raise problem

    def access(self, parts: Iterable[Access]) -> "AccessFault":
        """What an access meets, given in its parts.

        A rule counts an access once, however many parts of it match.
        """
        rules = [each for each in self.armed if each.rule.is_about_io]
        delay_seconds = 0.0
        problem = None
        matched: set[int] = set()
        for part in parts:
            for each in rules:
                if id(each) in matched or not _is_about(each.rule, part):
                    continue
                matched.add(id(each))
                if each.counts():
                    self._tell(each, str(part))
                    delay_seconds += each.rule.effect.delay_seconds
                    errno = each.rule.effect.errno
                    if errno is not None and problem is None:
                        problem = DMError(errno, f"{part} fails: fault {each.rule}")
        return AccessFault(delay_seconds, problem)

    def _look(self) -> None:
        self.watches_io = any(each.rule.is_about_io for each in self.armed)

    def _tell(self, armed: Armed, what: str) -> None:
        if self.on_hit is not None:
            self.on_hit(Hit(str(armed.rule), armed.hits, what))


def _is_about(rule: Rule, part: Access) -> bool:
    if not rule.matches_sectors(part.first_sector, part.end_sector):
        return False
    if rule.device is not None:
        return bool(part.device) and rule.is_on(part.op) and rule.matches_device(part.device)
    return part.names is not None and rule.matches(part.op, part.names)
