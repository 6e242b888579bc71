"""One connection, without input or output: bytes in, bytes out."""

from ..driver.failure import failed_exchange
from ..driver.profile import Profile
from ..plist import dumps
from ..wire.errors import DMError, Errno
from ..wire.framing import Event, Frame, FrameReader, Framing, Unframed, frame
from .responding import Cut, Reply, Responder, Waiting

OUTPUT_BYTES = 262_144
"""So much is gathered before it is sent: bounds what one peer can pile up."""


class Conversation:
    """Feed it what was received; `answer` gives what to send.

    `responder` makes the replies; `profile` says how what is no request fails.
    Replies come in the order of the requests: while `waiting` is set, the reply
    it stands for comes before all further ones.
    """

    def __init__(self, responder: Responder, profile: Profile, max_request_bytes: int) -> None:
        self._responder = responder
        self._profile = profile
        self._max_request_bytes = max_request_bytes
        self._frames = FrameReader(max_request_bytes)
        self._framing = Framing.LENGTH
        self.waiting: Waiting | None = None
        self.is_closing = False
        """Nothing more is understood, or answered: send what there is, and close."""

    def feed(self, data: bytes) -> None:
        """Take what was received."""
        self._frames.feed(data)

    def answer(self) -> bytes:
        """The next replies; empty when more must be fed, or waited for."""
        out: list[bytes] = []
        size_bytes = 0
        if self.waiting is not None:
            late = self.waiting.reply
            if late is None:
                return b""
            out.append(self._framed(late))
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
        self._responder.close()

    def _reply(self, event: Event) -> bytes | None:
        """The framed reply to `event`; None if it must be waited for."""
        if isinstance(event, Frame):
            self._framing = event.framing
            reply = self._responder.run(event.text)
            if isinstance(reply, bytes):
                return frame(reply, event.framing)
            if isinstance(reply, Cut):
                return self._framed(reply)
            self.waiting = reply
            return None
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

    def _failed(self, error: DMError) -> bytes:
        return self._framed(dumps(failed_exchange(error, self._profile)))

    def _framed(self, reply: Reply) -> bytes:
        if isinstance(reply, Cut):
            self.is_closing = True
            return frame(reply.text, self._framing)[: reply.sent_bytes]
        return frame(reply, self._framing)
