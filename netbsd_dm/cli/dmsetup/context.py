"""What every verb works with: the options, the session, and what is printed of a device."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ...pdev.devnum import DM_BLOCK_MAJOR
from ...wire import calls
from ...wire.calls import Selector
from ...wire.replies import NamedDevice
from .columns import Source, Subject
from .device import DeviceInfo, describe
from .naming import split_name, subsystem_of
from .options import Options
from .report import Report
from .selecting import checked_name
from .session import CommandError, Session
from .tree import Number, Tree, ask_dependencies


@dataclass(slots=True)
class Context:
    """One command line on its way; `report` if it asked for columns, `tree` once one is built."""

    options: Options
    session: Session
    report: Report | None = None
    tree: Tree | None = None


def each_device(
    context: Context, act: Callable[[NamedDevice], None], *, is_silent: bool = False
) -> None:
    """Call `act` with every device; where it fails, say so and go on.

    Raises `CommandError` at the end if it failed for any.
    """
    context.session.begin()
    devices = context.session.do(calls.names()).value
    if not devices and not is_silent:
        print("No devices found")
    failed = False
    for device in devices:
        try:
            act(device)
        except CommandError as error:
            error.report()
            failed = True
    if failed:
        raise CommandError


@contextmanager
def reported() -> Iterator[None]:
    """What fails is told, and the verb goes on."""
    try:
        yield
    except CommandError as error:
        error.report()


def make_nodes(context: Context, name: str | None) -> None:
    """Ask what is needed to make the nodes of a device, or of all.

    There are none to make: nothing of ours lies in /dev/mapper, so dmsetup's look
    for nodes whose devices are gone is left out.  Raises `CommandError`.
    """
    context.session.begin()
    if name is None:
        each_device(context, lambda device: make_nodes(context, device.name), is_silent=True)
    else:
        context.session.do(calls.info(Selector(name=checked_name(name)), "mknodes"))


def whole_tree(context: Context) -> Tree:
    """The tree of all devices, asked for once.  Raises `CommandError`."""
    if context.tree is None:
        tree = Tree(context.session)
        each_device(context, tree.add)
        context.tree = tree
    return context.tree


def show_number(name: str, minor: int) -> None:
    """The line of ls."""
    print(f"{name}\t({DM_BLOCK_MAJOR}, {minor})")


def display(context: Context, device: DeviceInfo) -> None:
    """What info shows: facts, or with -c a row of the report.

    Raises `CommandError` if the device does not exist.
    """
    if context.report is None:
        print(describe(device) if device.exists else "Device does not exist.")
    elif device.exists:
        context.report.add(_subject(context, context.report.sources, device))
    else:
        print("Device does not exist.", file=sys.stderr)
    if not device.exists:
        raise CommandError


def _subject(context: Context, sources: frozenset[Source], device: DeviceInfo) -> Subject:
    known = {Source.TASK, Source.INFO, Source.NAME}
    below: list[Number] = []
    node = None
    if Source.DEPS in sources:
        known.add(Source.DEPS)
        bits = context.options.query_flags
        below = ask_dependencies(context.session, Selector(minor=device.minor), bits).numbers
    if Source.TREE in sources:
        node = whole_tree(context).find(device.minor)
    parts = split_name(device.name, subsystem_of(device.uuid))
    if node is None:
        return Subject(frozenset(known), device, parts, tuple(below))
    return Subject(frozenset({*known, Source.TREE}), device, parts, tuple(below), node)
