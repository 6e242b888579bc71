"""Sending a capture to a server and comparing what it answers."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from ..driver.mapper import Mapper
from ..driver.profile import Profile
from ..pdev.catalog import Catalog
from ..server.conversation import Conversation
from ..wire.framing import Framing, frame
from .disks import offer_disks
from .format import Capture, Disk, Step


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


class Peer(Protocol):
    """A server to replay against."""

    def exchange(self, request: bytes) -> bytes:
        """Send the text of a request; give the text of the reply, empty if none comes."""
        ...

    def restart(self) -> bool:
        """Start afresh, without devices; False if that is not in our hands."""
        ...


class FreshServer:
    """The server's own conversation in this process, with the disks of a capture.

    All of it but the socket: framing, limits, reader, commands, writer.
    """

    def __init__(self, profile: Profile, disks: tuple[Disk, ...]) -> None:
        self._profile = profile
        self._disks = disks
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        directory = Path(
            self._stack.enter_context(tempfile.TemporaryDirectory(prefix="netbsd-dm-replay-"))
        )
        self._offers = offer_disks(self._disks, directory)
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
        if not reply:  # it waits for an event, which nobody will cause
            self._conversation.close()
            self._converse()
        return reply[4:]

    def restart(self) -> bool:
        self._mapper.close()
        self._start()
        return True

    def _start(self) -> None:
        self._mapper = Mapper(self._profile, Catalog(self._offers))
        self._converse()

    def _converse(self) -> None:
        limit = self._profile.max_request_bytes
        self._conversation = Conversation(self._mapper, privileged=True, max_request_bytes=limit)


def replay(capture: Capture, peer: Peer) -> Iterator[Result]:
    """Send every request of `capture` to `peer`, in order.

    A stable exchange must be answered byte for byte as recorded.  Requests of
    the other classes are sent too, for a server must survive them, but what it
    answers is not compared; accesses to the disk are skipped.
    """
    lost = False
    for step in capture.steps:
        yield _lost(step) if lost else _compared(step, peer)
        if step.restarted_after:
            lost = not peer.restart()


def _lost(step: Step) -> Result:
    return Result(step, Verdict.SKIPPED, reason="after a restart of the recorded driver")


def _compared(step: Step, peer: Peer) -> Result:
    if step.request is None:
        return Result(step, Verdict.SKIPPED, reason="an access to a disk")
    reply = peer.exchange(step.request)
    if not step.is_comparable or step.reply is None:
        return Result(step, Verdict.SKIPPED, reply, f"recorded as {step.step_class.value}")
    verdict = Verdict.EQUAL if step.reply.equals(reply) else Verdict.DIFFERENT
    return Result(step, verdict, reply)
