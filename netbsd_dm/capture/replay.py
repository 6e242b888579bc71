"""Sending a capture to a server and comparing what it answers."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from ..driver.mapper import Mapper
from ..driver.profile import Profile
from ..pdev.catalog import Catalog
from ..server.control import Control
from ..server.conversation import Conversation
from ..wire.errors import DMError
from ..wire.framing import LENGTH_BYTES, Framing, frame
from .access import Access, Outcome, perform
from .disks import changes, offer_disks, refill
from .format import Capture, Disk, DiskChanges, Step, StepClass


class Verdict(Enum):
    """What became of one step."""

    EQUAL = "equal"
    DIFFERENT = "different"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Result:
    """One step, what the server answered, and the verdict; `reason` for a skipped one."""

    step: Step
    verdict: Verdict
    reply: bytes | None = None
    reason: str = ""
    outcome: Outcome | None = None
    """What an access to a disk came to, instead of a reply."""

    @property
    def answer(self) -> bytes | Outcome | None:
        """What the server made of the step, whichever kind it is."""
        return self.reply if self.outcome is None else self.outcome


@dataclass(frozen=True, slots=True)
class Played:
    """What came of a whole capture: every step, and what has changed on the disks."""

    results: tuple[Result, ...]
    changes: Mapping[str, Mapping[int, str]] | None = None
    """As `FreshServer.changes`; None where nobody looked."""


class Peer(Protocol):
    """A server to replay against."""

    def exchange(self, request: bytes) -> bytes:
        """Send the text of a request; give the text of the reply, empty if none comes."""
        ...

    def access(self, access: Access) -> Outcome | None:
        """Do it to the mapped disk; None if that is not in our hands."""
        ...

    def restart(self) -> bool:
        """Start afresh, without devices; False if that is not in our hands."""
        ...


class FreshServer:
    """The server's own conversation in this process, with the disks of a capture.

    All of it but the socket: framing, limits, reader, commands, writer.  With
    `filled`, the disks hold at the start what they held in the recording.
    """

    def __init__(self, profile: Profile, disks: tuple[Disk, ...], *, filled: bool = False) -> None:
        self._profile = profile
        self._disks = disks
        self._filled = filled
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        directory = Path(
            self._stack.enter_context(tempfile.TemporaryDirectory(prefix="netbsd-dm-replay-"))
        )
        self._offers = offer_disks(self._disks, directory, filled=self._filled)
        self._start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._mapper.close()
        self._stack.close()

    def exchange(self, request: bytes) -> bytes:
        self._conversation.feed(frame(request, Framing.LENGTH))
        reply = self._conversation.answer()
        if not reply:
            self._work()
            reply = self._conversation.answer()
        if not reply:  # it waits for an event, which nobody will cause
            self._conversation.close()
            self._converse()
        return reply[LENGTH_BYTES:]

    def access(self, access: Access) -> Outcome | None:
        return perform(self._mapper, access)

    def changes(self) -> Mapping[str, Mapping[int, str]]:
        """By the name of each disk that has changed: its changed sectors, and their digests."""
        return changes(self._disks, self._offers)

    def restart(self) -> bool:
        self._mapper.close()
        self._start()
        return True

    def start_over(self, profile: Profile) -> None:
        """Start afresh in another profile, the disks as they were at the start."""
        self._profile = profile
        if self._filled:
            refill(self._disks, self._offers)
        self.restart()

    def _start(self) -> None:
        self._mapper = Mapper(self._profile, Catalog(self._offers))
        self._converse()

    def _converse(self) -> None:
        limit = self._profile.max_request_bytes
        control = Control(self._mapper, privileged=True)
        self._conversation = Conversation(control, self._profile, limit)

    def _work(self) -> None:
        """Do what the reply waits for, such as a flush."""
        waiting = self._conversation.waiting
        if waiting is None or waiting.work is None:
            return
        try:
            waiting.work()
        except DMError as error:
            waiting.worked(error)
        else:
            waiting.worked()


def play(capture: Capture, profile: Profile) -> Played:
    """Replay a whole capture in this process, with disks as they were recorded."""
    with FreshServer(profile, capture.disks, filled=capture.has_accesses) as server:
        return play_on(capture, server)


def play_on(capture: Capture, server: FreshServer) -> Played:
    """As `play`, on a server that has just been started with the disks of the capture."""
    results = tuple(replay(capture, server))
    return Played(results, server.changes() if capture.has_accesses else None)


def replay(capture: Capture, peer: Peer) -> Iterator[Result]:
    """Send every request of `capture` to `peer`, in order.

    A stable exchange must be answered byte for byte as recorded, and a stable
    access to a disk come to the same.  Those of the other classes are done too,
    for a server must survive them, but what comes of them is not compared.
    """
    lost = False
    for step in capture.steps:
        yield _lost(step) if lost else _compared(step, peer)
        if step.restarted_after:
            lost = not peer.restart()


def _lost(step: Step) -> Result:
    return Result(step, Verdict.SKIPPED, reason="after a restart of the recorded driver")


def _compared(step: Step, peer: Peer) -> Result:
    if step.access is not None:
        return _accessed(step, step.access, peer)
    if step.request is None:
        return Result(step, Verdict.SKIPPED, reason="neither a request nor an access to a disk")
    reply = peer.exchange(step.request)
    if not step.is_comparable or step.reply is None:
        return Result(step, Verdict.SKIPPED, reply, _why_skipped(step))
    verdict = Verdict.EQUAL if step.reply.equals(reply) else Verdict.DIFFERENT
    return Result(step, verdict, reply)


def _accessed(step: Step, access: Access, peer: Peer) -> Result:
    outcome = peer.access(access)
    if outcome is None:
        return Result(step, Verdict.SKIPPED, reason="an access to a disk")
    if not step.is_comparable:
        return Result(step, Verdict.SKIPPED, reason=_why_skipped(step), outcome=outcome)
    verdict = Verdict.EQUAL if outcome == access.recorded else Verdict.DIFFERENT
    return Result(step, verdict, outcome=outcome)


def _why_skipped(step: Step) -> str:
    """Why what came of a step is compared with nothing."""
    if step.faults:
        return "a fault was injected"
    if step.step_class is StepClass.STABLE:
        return "no reply was recorded"
    return f"recorded as {step.step_class.value}"


def disk_differences(capture: Capture, found: Mapping[str, Mapping[int, str]]) -> Iterator[str]:
    """In what the disks of a replay differ at the end from the recorded ones, a line each."""
    for name in sorted(capture.changes.keys() | found.keys()):
        recorded = capture.changes.get(name, DiskChanges(0, {}))
        changed = found.get(name, {})
        if len(changed) != recorded.count:
            yield f"{name}: {len(changed)} sectors changed, recorded {recorded.count}"
        for sector, digest in recorded.digests.items():
            if changed.get(sector) != digest:
                yield f"{name}: sector {sector} is not as it was recorded at the end"
