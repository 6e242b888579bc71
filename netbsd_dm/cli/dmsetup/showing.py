"""The verbs that only look: ls, info, deps, targets, version, mknodes, splitname."""

import os
from collections.abc import Sequence
from typing import Final

from ...wire import calls
from .columns import NAME_COLUMNS, Source, Subject
from .context import Context, display, each_device, make_nodes, show_number, whole_tree
from .drawing import draw
from .lines import View, show_lines
from .naming import LVM, split_name
from .report import Report
from .selecting import select
from .tree import ask_dependencies

LIBRARY_VERSION: Final = "1.02.40 (2009-11-24)"
"""Of the libdevmapper that all this is like."""


def ls(context: Context, words: Sequence[str]) -> None:
    """All devices: those with some target, with a command for each, as a tree, or plain."""
    options = context.options
    if options.target is not None or options.command is not None:
        show_lines(context, words, View.LS)
    elif options.tree is not None:
        print(draw(whole_tree(context), options.tree, _terminal_columns()), end="")
    else:
        each_device(context, lambda device: show_number(device.name, device.minor))


def _terminal_columns() -> int | None:
    try:
        return os.get_terminal_size().columns
    except OSError:
        return None


def info(context: Context, words: Sequence[str]) -> None:
    """The state of one device, or of all."""
    if words or context.options.names_device:
        _show_info(context, words[0] if words else None)
    else:
        each_device(context, lambda device: _show_info(context, device.name))


def _show_info(context: Context, name: str | None) -> None:
    context.session.begin()
    call = calls.info(select(context.options, name))
    display(context, context.session.do(call, bits=context.options.query_flags).device)


def deps(context: Context, words: Sequence[str]) -> None:
    """What one device stands on, or each of all."""
    if words or context.options.names_device:
        _show_deps(context, words[0] if words else None, is_listed=False)
    else:
        each_device(context, lambda device: _show_deps(context, device.name, is_listed=True))


def _show_deps(context: Context, name: str | None, *, is_listed: bool) -> None:
    options = context.options
    context.session.begin()
    found = ask_dependencies(context.session, select(options, name), options.query_flags)
    if not found.device.exists:
        print("Device does not exist.")
        return
    if options.is_verbose:
        display(context, found.device)
    elif is_listed:
        print(f"{name}: ", end="")
    numbers = "".join(f" ({number.major}, {number.minor})" for number in found.numbers)
    print(f"{len(found.numbers)} dependencies\t:{numbers}")
    if is_listed and options.is_verbose:
        print()


def targets(context: Context, words: Sequence[str]) -> None:
    """The targets and their versions."""
    context.session.begin()
    for target in context.session.do(calls.targets()).value:
        print(f"{target.name:<16} v{target.version}")


def version(context: Context, words: Sequence[str]) -> None:
    """The versions of library and driver."""
    print(f"Library version:   {LIBRARY_VERSION}")
    context.session.begin()
    print(f"Driver version:    {context.session.do(calls.version()).value}")


def mknodes(context: Context, words: Sequence[str]) -> None:
    """Ask what the nodes would need."""
    make_nodes(context, words[0] if words else None)


def splitname(context: Context, words: Sequence[str]) -> None:
    """The parts of a name, as lvm makes them; the driver is not asked."""
    context.report = report = Report(context.options, NAME_COLUMNS)
    parts = split_name(words[0], words[1] if len(words) > 1 else LVM)
    report.add(Subject(frozenset({Source.NAME}), parts=parts))
