"""A client of the control socket without the socket, and a journal of what it asked."""

from dataclasses import dataclass, field

from netbsd_dm.clock.timers import ManualClock
from netbsd_dm.driver.mapper import Mapper
from netbsd_dm.driver.profile import STANDARD, Profile
from netbsd_dm.faults.plan import Hit, Plan
from netbsd_dm.plist import PlistDict, PlistValue, dumps, loads
from netbsd_dm.server.clients import Client, Clients
from netbsd_dm.server.control import Control
from netbsd_dm.server.journal import Exchange, Journals
from netbsd_dm.server.monitor.requests import Monitor
from netbsd_dm.server.responding import Cut, Delays, Reply, Waiting


class Noted:
    """A journal in memory."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self.hits: list[tuple[Hit, float]] = []

    def exchange(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)

    def hit(self, hit: Hit, at_seconds: float) -> None:
        self.hits.append((hit, at_seconds))


def asking(command: str, **given: PlistValue) -> bytes:
    """The text of a request."""
    return dumps({"command": command, "version": [4, 0, 0], **given})


@dataclass
class Bench:
    """A client's requests on a manual clock, with the journal of what became of them."""

    mapper: Mapper
    noted: Noted = field(default_factory=Noted)
    client: Client = field(default_factory=lambda: Client(7))

    def __post_init__(self) -> None:
        self.journals = Journals()
        self.journals.add(self.noted)
        self.delays = Delays(self.mapper.clock)
        self.monitor = Monitor(self.mapper, Clients(), self.journals)
        self.mapper.faults.on_hit = lambda hit: self.journals.hit(hit, self.mapper.clock.seconds())
        self.control = self.connect(self.client)

    def connect(self, client: Client, *, privileged: bool = True) -> Control:
        """Another client."""
        return Control(
            self.mapper,
            privileged,
            client=client,
            journals=self.journals,
            monitor=lambda: self.monitor,
            delays=self.delays,
        )

    def look(self, what: str, **given: PlistValue) -> PlistDict:
        """The reply to a request to look at the server."""
        return looked(self.control, what, **given)

    def run(self, text: bytes) -> Reply:
        """The reply to `text`, which must not wait."""
        reply = self.control.run(text)
        assert isinstance(reply, bytes | Cut), f"it waits: {reply}"
        return reply

    def ask(self, command: str, **given: PlistValue) -> PlistDict:
        """A whole reply, read."""
        reply = self.run(asking(command, **given))
        assert isinstance(reply, bytes)
        return loads(reply)

    def begin(self, text: bytes) -> Waiting:
        """What `text` makes wait."""
        reply = self.control.run(text)
        assert not isinstance(reply, bytes | Cut), f"it does not wait: {reply!r}"
        return reply

    def advance(self, seconds: float) -> None:
        assert isinstance(self.mapper.clock, ManualClock)
        self.mapper.clock.advance(seconds)

    @property
    def last(self) -> Exchange:
        return self.noted.exchanges[-1]

    @property
    def names(self) -> list[str]:
        """The devices there are."""
        return [device.name for device in self.mapper.devices]


def looked(control: Control, what: PlistValue, **given: PlistValue) -> PlistDict:
    """The reply to a request to look at the server, which must not wait."""
    reply = control.run(dumps({"netbsd-dm": what, **given}))
    assert isinstance(reply, bytes), f"it waits: {reply}"
    return loads(reply)


def bench(*rules: str, profile: Profile = STANDARD) -> Bench:
    return Bench(Mapper(profile, faults=Plan.of(rules), clock=ManualClock()))
