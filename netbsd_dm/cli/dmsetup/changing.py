"""The verbs that change devices: create, load, rename, remove, suspend, resume, clear."""

import sys
from collections.abc import Callable, Sequence

from ...wire import calls, flags, keys
from ...wire.calls import Call, Selector
from ...wire.replies import TableLine
from .context import Context, display, each_device, make_nodes, reported
from .selecting import check_major, checked_new_name, select
from .session import Answer, CommandError, with_minor
from .tables import read_table


def create(context: Context, words: Sequence[str]) -> None:
    """A device, and its table made live, unless there is none."""
    options, session = context.options, context.session
    session.begin()
    name = checked_new_name(words[0])
    path = words[1] if len(words) > 1 else None
    lines = [] if options.notable else read_table(options.table, path)
    answer: Answer[int] | Answer[None]
    if lines:
        answer = _create_and_load(context, name, lines)
    else:
        check_major(options.major)
        bits, extra = with_minor(options.minor)
        call = calls.create(name, options.uuid, options.readonly)
        answer = session.do(call, bits=bits | options.query_flags, extra=extra)
    if options.is_verbose:
        display(context, answer.device)


def _create_and_load(context: Context, name: str, lines: list[TableLine]) -> Answer[None]:
    """As libdevmapper does it, down to what the resume has no need of."""
    options, session = context.options, context.session
    print("create and load called ")
    check_major(options.major)
    number_bits, number = with_minor(options.minor)
    session.do(calls.create(name, options.uuid, read_only=False), bits=number_bits, extra=number)
    device = Selector(name=name)
    read_only = flags.READONLY if options.readonly else 0
    load = calls.reload(device, lines)
    try:
        session.do(load, bits=read_only)
        return session.do(
            calls.resume(device),
            bits=number_bits | read_only | options.query_flags,
            extra={**number, keys.CMD_DATA: load.request[keys.CMD_DATA]},
        )
    except CommandError as error:
        error.report()
        _take_back(context, device)
        raise CommandError from None


def _take_back(context: Context, device: Selector) -> None:
    try:
        context.session.do(calls.remove(device))
    except CommandError as error:
        raise CommandError(f"{error}\nFailed to revert device creation.") from None


def load(context: Context, words: Sequence[str]) -> None:
    """A table in the inactive slot."""
    options, session = context.options, context.session
    if options.notable:
        raise CommandError("--notable only available when creating new device\n")
    name = None
    if not options.names_device:
        if not words:
            raise CommandError("Please specify device.\n")
        name, *words = words
    elif len(words) > 1:
        raise CommandError("Too many command line arguments.\n")
    session.begin()
    device = select(options, name)
    lines = read_table(options.table, words[0] if words else None)
    read_only = flags.READONLY if options.readonly else 0
    answer = session.do(calls.reload(device, lines), bits=read_only | options.query_flags)
    if options.is_verbose:
        display(context, answer.device)


def rename(context: Context, words: Sequence[str]) -> None:
    """Another name for a device."""
    *old, new = words
    context.session.begin()
    device = select(context.options, old[0] if old else None)
    call = calls.rename(device, new)
    answer = context.session.do(call, bits=context.options.query_flags)
    if device.name is not None and not answer.device.exists:
        # Where the driver lost the error, it is the missing node that tells.
        message = f"Unable to rename device node from 'r{device.name}' to 'r{new}'"
        print(message, file=sys.stderr)


def suspend(context: Context, words: Sequence[str]) -> None:
    """Hold the I/O of a device."""
    _simple(context, calls.suspend, words, shows=True)


def resume(context: Context, words: Sequence[str]) -> None:
    """End a suspension, and make the inactive table live."""
    _simple(context, calls.resume, words, shows=True)


def clear(context: Context, words: Sequence[str]) -> None:
    """Empty the inactive slot."""
    _simple(context, calls.clear, words, shows=True)


def remove(context: Context, words: Sequence[str]) -> None:
    """A device gone; with --force, after its table was made one of errors."""
    if context.options.force and words:
        with reported():
            _make_errors(context, words[0])
    _simple(context, calls.remove, words)


def remove_all(context: Context, words: Sequence[str]) -> None:
    """All devices gone that are not in use; with --force, the others get tables of errors first.

    Where devices are left, the driver's errors decide whether that is a failure.
    """
    if not context.options.force:
        _remove_unused(context)
        return
    with reported():
        _remove_unused(context)
    if not _count(context):
        return
    with reported():
        each_device(context, lambda device: _make_errors(context, device.name), is_silent=True)
    try:
        _remove_unused(context)
    finally:
        if left := _count(context):
            print(f"Unable to remove {left} device(s).", file=sys.stderr)


def _remove_unused(context: Context) -> None:
    context.session.begin()
    bits = context.options.query_flags
    try:
        context.session.do(calls.remove_all(), bits=bits, extra={keys.NAME: ""})
    finally:
        make_nodes(context, None)


def _count(context: Context) -> int:
    return len(context.session.do(calls.names()).value)


def _simple(
    context: Context,
    call: Callable[[Selector], Call[None]],
    words: Sequence[str],
    *,
    shows: bool = False,
) -> None:
    options = context.options
    context.session.begin()
    device = select(options, words[0] if words else None)
    answer = context.session.do(call(device), bits=_suspend_bits(context))
    if shows and options.is_verbose:
        display(context, answer.device)


def _suspend_bits(context: Context) -> int:
    """What --noflush and --nolockfs add, with whatever verb."""
    options = context.options
    no_flush = flags.NOFLUSH if options.noflush else 0
    return options.query_flags | no_flush | (flags.SKIP_LOCKFS if options.nolockfs else 0)


def _make_errors(context: Context, name: str) -> None:
    """Replace the table of a device by one that fails all I/O."""
    options, session = context.options, context.session
    session.begin()
    device = select(options, name)
    live = session.do(calls.table(device, inactive=False), bits=options.query_flags)
    size_sectors = sum(line.length for line in live.value) if live.device.exists else 0
    read_only = flags.READONLY if options.readonly else 0
    table = [TableLine(0, size_sectors, "error")]
    session.do(calls.reload(device, table), bits=read_only | options.query_flags)
    try:
        session.do(calls.resume(device), bits=_suspend_bits(context))
    except CommandError:
        session.do(calls.clear(device), bits=_suspend_bits(context))
        raise
