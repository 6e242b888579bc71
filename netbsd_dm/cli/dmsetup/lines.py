"""status and table, and ls where it looks at targets: the lines of tables."""

import os
import re
import sys
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Final

from ...plist.escapes import to_bytes
from ...wire import calls
from ...wire.calls import Call, Selector
from ...wire.replies import TableLine
from .context import Context, display, each_device, make_nodes, show_number
from .options import PROGRAM
from .selecting import mapper_directory, select
from .session import Answer, CommandError

_CRYPT_KEY: Final = re.compile(r"(?<= )[^ ]+")


class View(Enum):
    """What is printed of a device."""

    STATUS = "status"
    TABLE = "table"
    LS = "ls"
    """Its name, if any line is right."""


def status(context: Context, words: Sequence[str]) -> None:
    """The status of every line of the live table."""
    show_lines(context, words, View.STATUS)


def table(context: Context, words: Sequence[str]) -> None:
    """Every line of a table as it was loaded."""
    show_lines(context, words, View.TABLE)


def show_lines(context: Context, words: Sequence[str], view: View) -> None:
    """The lines of one device, or of all with their names before them."""
    if words or context.options.names_device:
        _show(context, words[0] if words else None, view, is_listed=False)
    else:
        each_device(context, lambda device: _show(context, device.name, view, is_listed=True))


def _show(context: Context, name: str | None, view: View, *, is_listed: bool) -> None:
    options, session = context.options, context.session
    session.begin()
    call = _CALLS[view](select(options, name))
    answer = session.do(call, bits=options.query_flags)
    if not answer.device.exists:
        raise CommandError
    shown = answer.device.name if name is None else name
    lines = _matching(answer.value, options.target)
    if options.command is None or options.is_verbose:
        _print_lines(context, answer, shown, lines, view, is_listed)
    if lines and options.command is not None:
        _execute(context, options.command, shown)


_CALLS: Final[dict[View, Callable[[Selector], Call[list[TableLine]]]]] = {
    View.STATUS: lambda device: calls.status(device, inactive=False),
    View.TABLE: lambda device: calls.table(device, inactive=False),
    View.LS: lambda device: calls.status(device, inactive=False),
}


def _matching(lines: list[TableLine], target: str | None) -> list[TableLine | None]:
    """The lines of that target.  A table without any counts as one that is empty: None."""
    if target is not None:
        return [line for line in lines if line.type == target]
    return [*lines] or [None]


def _print_lines(
    context: Context,
    answer: Answer[list[TableLine]],
    name: str,
    lines: list[TableLine | None],
    view: View,
    is_listed: bool,
) -> None:
    is_verbose = context.options.is_verbose
    if view is View.LS:
        if lines:
            show_number(name, answer.device.minor)
        return
    if lines and is_verbose:
        display(context, answer.device)
    for line in lines:
        print(f"{name}: " if is_listed and not is_verbose else "", end="")
        print(_text(line, hides_keys=view is View.TABLE and not context.options.showkeys))
    if lines and is_listed and is_verbose:
        print()


def _text(line: TableLine | None, *, hides_keys: bool) -> str:
    if line is None:
        return ""
    params = line.params or ""
    if hides_keys and line.type == "crypt":
        params = _CRYPT_KEY.sub(lambda key: "0" * len(key[0]), params, count=1)
    return f"{line.start} {line.length} {line.type} {params}"


def _execute(context: Context, command: str, name: str) -> None:
    """Run the words of --exec with the path of the device's node after them."""
    import subprocess

    make_nodes(context, name)
    words = [os.fsdecode(to_bytes(word)) for word in command.split()]
    if not words:
        raise CommandError
    sys.stdout.flush()
    path = os.fsdecode(to_bytes(f"{mapper_directory(os.environ)}/{name}"))
    try:
        subprocess.run([*words, path], check=False)  # noqa: S603 (the user's own command)
    except OSError as error:
        print(f"{PROGRAM}: cannot run {words[0]}: {error.strerror}", file=sys.stderr)
