"""Whatever the rules and the requests: every exchange ends, and is in the journal once."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from netbsd_dm.driver.profile import NETBSD_9
from netbsd_dm.plist import PlistDict, UInt
from netbsd_dm.server.responding import Cut, Waiting

from ..helpers.control import Bench, asking, bench

SUBJECTS = ("any", "create", "reload,resume", "info", "waitevent", "suspend,remove", "names")
SELECTORS = ("", "name=vol*", "minor=1", "uuid=u?")
SCHEDULES = ("", "once", "nth=2", "every=2", "after=1", "seed=3")
EFFECTS = (
    *("errno=EIO", "errno=EIO delay=1s", "ioctl=ENOMEM", "hangup", "hangup delay=2s"),
    *("drop", "cut=7", "truncate=100", "delay=1s"),
)
OTHER_FAILURES = ("errno=ENOENT", "errno=EPERM", "errno=EINVAL drop", "errno=EBUSY")
"""Not every command of the driver comes to these, and the schema of netbsd-9 says so."""


def rules_of(effects: Sequence[str]) -> st.SearchStrategy[list[str]]:
    words = (SUBJECTS, SELECTORS, SCHEDULES, effects)
    return st.lists(st.tuples(*map(st.sampled_from, words)).map(" ".join), max_size=3)


RULES = rules_of(EFFECTS + OTHER_FAILURES)

LINE: PlistDict = {"start": UInt(0), "length": UInt(8), "type": "zero", "params": ""}
TEXTS = (
    asking("create", name="vol1", uuid="u1"),
    asking("create", name="vol2"),
    asking("reload", name="vol1", cmd_data=[LINE]),
    asking("resume", minor=UInt(1)),
    asking("suspend", uuid="u1"),
    asking("info", name="vol2"),
    asking("waitevent", name="vol1"),
    asking("remove", name="vol1"),
    asking("names"),
    asking("nosuch"),
    b"junk",
)
ADVANCE, GIVE_UP = "advance", "give up"


class Played:
    """What became of the steps of a test."""

    def __init__(self, it: Bench) -> None:
        self.it = it
        self.asked = 0
        self.waiting: list[Waiting] = []

    def step(self, step: bytes | str) -> None:
        if isinstance(step, bytes):
            self.asked += 1
            reply = self.it.control.run(step)
            if not isinstance(reply, bytes | Cut):
                self.waiting.append(reply)
        elif step == ADVANCE:
            self.it.advance(1)
        elif self.waiting:
            self.waiting.pop(0).cancel()

    def end(self) -> None:
        """Let everything that waits for the time come, and give up what waits for events."""
        self.it.advance(10)
        for waiting in self.waiting:
            if waiting.reply is None:
                waiting.cancel()


STEPS = st.lists(st.sampled_from((*TEXTS, ADVANCE, GIVE_UP)), max_size=15)


@given(rules=RULES, steps=STEPS)
def test_every_exchange_ends_and_is_in_the_journal_once(
    rules: Sequence[str], steps: Sequence[bytes | str]
) -> None:
    end_well(bench(*rules), steps)


@given(rules=rules_of(EFFECTS), steps=STEPS)
def test_in_netbsd_9_too(rules: Sequence[str], steps: Sequence[bytes | str]) -> None:
    end_well(bench(*rules, profile=NETBSD_9), steps)


def end_well(it: Bench, steps: Sequence[bytes | str]) -> None:
    """Play `steps`, and see that nothing is left over."""
    played = Played(it)
    for step in steps:
        played.step(step)
    played.end()
    assert len(it.noted.exchanges) == played.asked
    assert len(it.delays) == 0
    assert it.mapper.clock.next_due_seconds is None
    for device in it.mapper.devices:
        assert not device.watchers
    in_force = {str(armed.rule) for armed in it.mapper.faults}
    hit = [rule for exchange in it.noted.exchanges for rule in exchange.faults]
    assert set(hit) <= in_force
    assert len(hit) == sum(armed.hits for armed in it.mapper.faults), "a hit is not in the journal"


@given(rules=RULES, steps=STEPS)
def test_the_same_requests_meet_the_same_faults(
    rules: Sequence[str], steps: Sequence[bytes | str]
) -> None:
    runs = []
    for _ in range(2):
        played = Played(bench(*rules))
        for step in steps:
            played.step(step)
        played.end()
        runs.append(played.it.noted.exchanges)
    assert runs[0] == runs[1]


@given(steps=STEPS)
def test_rules_that_never_match_change_nothing(steps: Sequence[bytes | str]) -> None:
    runs = []
    for rules in ((), ("any name=nobody hangup", "open device=/nowhere", "io errno=EIO")):
        played = Played(bench(*rules))
        for step in steps:
            played.step(step)
        played.end()
        runs.append(played.it.noted.exchanges)
    assert runs[0] == runs[1]
