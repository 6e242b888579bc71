"""One connection, without input or output: bytes in, bytes out."""

from ..driver.events import Pending
from ..driver.failure import failed_command, failed_exchange
from ..driver.mapper import Mapper
from ..plist import PlistDict, PlistError, dumps, loads
from ..wire.errors import DMError, Errno
from ..wire.framing import Event, Frame, FrameReader, Framing, Unframed, frame

OUTPUT_BYTES = 262_144
"""So much is gathered before it is sent: bounds what one peer can pile up."""


class Conversation:
    """Feed it what was received; `answer` gives what to send.

    Replies come in the order of the requests: while `waiting` is set, the reply
    it stands for comes before all further ones.
    """

    def __init__(self, mapper: Mapper, privileged: bool, max_request_bytes: int) -> None:
        self._mapper = mapper
        self._profile = mapper.profile
        self._privileged = privileged
        self._max_request_bytes = max_request_bytes
        self._frames = FrameReader(max_request_bytes)
        self._framing = Framing.LENGTH
        self.waiting: Pending | None = None
        self.is_closing = False
        """Nothing more can be understood: send what there is, and close."""

    def feed(self, data: bytes) -> None:
        """Take what was received."""
        self._frames.feed(data)

    def answer(self) -> bytes:
        """The next replies; empty when more must be fed, or waited for."""
        out: list[bytes] = []
        size_bytes = 0
        if self.waiting is not None:
            if self.waiting.reply is None:
                return b""
            out.append(self._framed(self.waiting.reply))
            self.waiting = None
        while size_bytes < OUTPUT_BYTES and not self.is_closing:
            event = self._frames.next_event()
            if event is None:
                break
            reply = self._reply(event)
            if reply is None:
                break
            out.append(reply)
            size_bytes += len(reply)
        return b"".join(out)

    def end(self) -> None:
        """The peer sends nothing more; what it sent is still answered."""
        self._frames.end()

    def close(self) -> None:
        """The peer is gone: nobody wants the reply that is waited for."""
        if self.waiting is not None:
            self.waiting.cancel()

    def _reply(self, event: Event) -> bytes | None:
        """The framed reply to `event`; None if it must be waited for."""
        if isinstance(event, Frame):
            self._framing = event.framing
            return self._run(event.text)
        if isinstance(event, Unframed):
            self.is_closing = True
            self._framing = Framing.LENGTH
            return self._failed(
                DMError(
                    Errno.EINVAL,
                    f"a request cannot start with byte {event.first_byte:#04x}: send a length"
                    " in four bytes, big-endian, and the text, or the text itself",
                )
            )
        self._framing = event.framing
        return self._failed(
            DMError(
                self._profile.oversize_errno,
                f"the request is longer than {self._max_request_bytes} bytes:"
                " start the server with a larger --max-request",
            )
        )

    def _run(self, text: bytes) -> bytes | None:
        try:
            request = self._read(text)
        except PlistError as error:
            return self._failed(DMError(Errno.EIO, f"no property list: {error}"))
        outcome = self._mapper.execute(request, privileged=self._privileged)
        if isinstance(outcome, Pending):
            self.waiting = outcome
            return None
        try:
            return self._framed(outcome)
        except PlistError as error:  # a target of a package may give any text
            problem = DMError(Errno.EIO, f"the reply is no property list: {error}")
            return self._framed(failed_command(self._read(text), problem, self._profile))

    def _read(self, text: bytes) -> PlistDict:
        return loads(text, grammar=self._profile.grammar, max_depth=self._profile.max_depth)

    def _failed(self, error: DMError) -> bytes:
        return self._framed(failed_exchange(error, self._profile))

    def _framed(self, reply: PlistDict) -> bytes:
        return frame(dumps(reply), self._framing)
