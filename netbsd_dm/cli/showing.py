"""netbsd-dm show: the state of a server as tables for a terminal, as text, or as JSON."""

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import typer

from ..client.monitor import lines_option
from ..plist import PlistDict, PlistValue
from ..wire import fields, keys, monitoring
from ..wire.state import DeviceState, ServerState
from .looking import looking, selected
from .sections import LINES_SHOWN, Section, headline, sections_of, sections_of_devices

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text


def show_state(names: list[str], socket: Path | None, *, as_json: bool, shows_all: bool) -> None:
    """Print the state of a server, or of some of its devices."""
    is_whole = as_json or shows_all
    with looking(socket) as monitor:
        options = lines_option(None if is_whole else LINES_SHOWN + 1)
        result = monitor.ask(monitoring.STATE, **options)
    state = monitoring.read_state(result)
    if names:
        state = narrowed(state, selected(state.devices, names))
    if as_json:
        typer.echo(json.dumps(_only(result, state) if names else result))
        return
    sections = (sections_of_devices if names else sections_of)(
        state, lines_max=None if is_whole else LINES_SHOWN
    )
    if sys.stdout.isatty():
        print_rich(headline(state), sections)
    else:
        typer.echo("\n\n".join([headline(state), *map(plain, sections)]))


def narrowed(state: ServerState, devices: Sequence[DeviceState]) -> ServerState:
    """`state` with only those devices, and the physical ones that they use."""
    used = {pdev for device in devices for pdev in device.uses}
    pdevs = tuple(pdev for pdev in state.pdevs if pdev.id in used)
    return replace(state, devices=tuple(devices), pdevs=pdevs)


def _only(result: PlistDict, state: ServerState) -> PlistDict:
    """What a server gave, with no more devices than `state` has."""
    minors = {device.minor for device in state.devices}
    pdevs = [(pdev.id.name, list(pdev.id.dev)) for pdev in state.pdevs]
    return result | {
        monitoring.DEVICES: _those(
            result, monitoring.DEVICES, lambda each: each.get(keys.MINOR) in minors
        ),
        monitoring.PDEVS: _those(
            result,
            monitoring.PDEVS,
            lambda each: (each.get(keys.NAME), each.get(keys.DEV)) in pdevs,
        ),
    }


def _those(result: PlistDict, key: str, has: Callable[[PlistDict], bool]) -> list[PlistValue]:
    return [
        each for each in fields.array(result, key) or [] if isinstance(each, dict) and has(each)
    ]


def plain(section: Section) -> str:
    """A section as lines of text, as wide as they are, numbers to the right."""
    if not section.rows:
        return f"{section.title}: {section.nothing}"
    headings = tuple(column.heading for column in section.columns)
    lines = [headings, *section.rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join([section.title, *(_plain_line(line, widths, section) for line in lines)])


def _plain_line(line: Sequence[str], widths: Sequence[int], section: Section) -> str:
    cells = (
        cell.rjust(width) if column.is_number else cell.ljust(width)
        for cell, width, column in zip(line, widths, section.columns, strict=True)
    )
    return "  ".join(cells).rstrip()


def print_rich(headline_text: str, sections: Iterable[Section]) -> None:
    """Print sections for a terminal: no wider than it is, long cells on several lines."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    console.print(Text(headline_text, style="bold"))
    for section in sections:
        console.print()
        console.print(_rich_table(section) if section.rows else _rich_nothing(section))


def _rich_table(section: Section) -> "Table":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(section.title), title_justify="left", box=box.ROUNDED)
    for column in section.columns:
        justify: Literal["left", "right"] = "right" if column.is_number else "left"
        table.add_column(Text(column.heading), justify=justify, overflow="fold")
    for row in section.rows:
        table.add_row(*map(Text, row))  # plain text: a name may hold rich's own marks
    return table


def _rich_nothing(section: Section) -> "Text":
    from rich.text import Text

    return Text(f"{section.title}: {section.nothing}", style="dim")
