"""The verbs that the driver of NetBSD 9 lacks: message, wait, setgeometry.

libdevmapper sends the first two without their text and their event number, and the
third not at all.  Here they are sent whole, as the socket contract has them, for a
server of profile standard to do.
"""

import sys
from collections.abc import Sequence
from typing import Final

from ...wire import calls, keys
from .context import Context, display
from .numbers import as_int32, as_uint64
from .selecting import select
from .session import CommandError

_UINT32_VALUES: Final = 2**32


def message(context: Context, words: Sequence[str]) -> None:
    """Send a text to the target at a sector; print what it answers."""
    session = context.session
    session.begin()
    name, rest = _device_and(context, words)
    device = select(context.options, name)
    sector, *texts = rest
    if not texts:
        print("No message supplied.\n", file=sys.stderr)
    call = calls.message(device, " ".join(texts), as_uint64(sector))
    answer = session.do(call, bits=context.options.query_flags)
    if answer.value is not None:
        print(answer.value)


def wait(context: Context, words: Sequence[str]) -> None:
    """Sleep until the event counter passes a number, or without one until the next event."""
    name = None
    if not context.options.names_device:
        if not words:
            raise CommandError("No device specified.")
        name, *words = words
    context.session.begin()
    device = select(context.options, name)
    number = as_int32(words[-1]) % _UINT32_VALUES if words else None
    answer = context.session.do(calls.waitevent(device, number), bits=context.options.query_flags)
    if context.options.is_verbose:
        display(context, answer.device)


def setgeometry(context: Context, words: Sequence[str]) -> None:
    """Set what disk information says of cylinders, heads, sectors and start.

    Nothing in the reply tells whether the driver knows the command, so it is asked
    first for something that only those report which do: the event number.
    """
    session, bits = context.session, context.options.query_flags
    session.begin()
    name, rest = _device_and(context, words)
    device = select(context.options, name)
    if not all(word.isdecimal() for word in rest[:4]):
        raise CommandError("Invalid geometry supplied.")
    reply = session.do(calls.info(device), bits=bits).reply
    if keys.EVENT_NR not in reply and keys.ERROR not in reply:
        raise CommandError
    cylinders, heads, sectors, start = map(as_uint64, rest[:4])
    session.do(calls.setgeometry(device, cylinders, heads, sectors, start), bits=bits)


def _device_and(context: Context, words: Sequence[str]) -> tuple[str | None, list[str]]:
    """The name, unless options give the device, and the other words."""
    if context.options.names_device:
        return None, list(words)
    return words[0], list(words[1:])
