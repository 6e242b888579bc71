"""netbsd-dm capture: its subcommands and their options."""

from pathlib import Path
from typing import Annotated

import typer

capture_app = typer.Typer(
    name="capture",
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Look into recorded sessions, and work with them.",
)

CapturesArgument = Annotated[
    list[Path],
    typer.Argument(metavar="FILE...", exists=True, help="Captures, or directories of them."),
]
StepsOption = Annotated[
    list[str] | None,
    typer.Option("--steps", "--step", "-s", metavar="N|N-M", help="Only these; also 1,5-9 or 7-."),
]
CommandsOption = Annotated[
    list[str] | None,
    typer.Option("--command", "-c", metavar="NAME", help="Only this command; may be repeated."),
]
DevicesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--device",
        "-d",
        metavar="PATTERN",
        help="Only what is about devices of such a name or uuid, as 'vol*'; may be repeated.",
    ),
]


@capture_app.command()
def show(
    captures: CapturesArgument,
    xml: Annotated[bool, typer.Option("--xml", help="Show the texts themselves, too.")] = False,
    whole: Annotated[bool, typer.Option("--all-lines", help="Show tables in full.")] = False,
    steps: StepsOption = None,
    commands: CommandsOption = None,
    devices: DevicesOption = None,
) -> None:
    """Print sessions for people: what was asked, and what came of it.

    Devices that a request names only by their minor are shown with their names.
    Text from a capture is printed so that a terminal does not obey it.

    For example:

        netbsd-dm capture show journal.jsonl --device 'vol*'
    """
    from .captures import selection
    from .capturing import show_all

    show_all(captures, selection(steps, commands, devices), xml=xml, whole_tables=whole)


@capture_app.command()
def check(captures: CapturesArgument) -> None:
    """Look for everything that is wrong in captures.

    A line for each problem: file, line, and what it is; a hint is no error, but may
    not be meant.  Exit status 1 if there are errors.

    For example:

        netbsd-dm capture check fixtures
    """
    from .capturing import check_all

    check_all(captures)


@capture_app.command()
def trim(
    capture: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False)],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="OUT", help="A new file.  [default: print it]"),
    ] = None,
    steps: StepsOption = None,
    commands: CommandsOption = None,
    devices: DevicesOption = None,
    drop_undefined: Annotated[
        bool, typer.Option("--drop-undefined", help="Only steps that are stable.")
    ] = False,
) -> None:
    """Write a smaller capture: the steps that all options ask for, as they are.

    Without options, all but what an interrupted recording left of its last line.
    A warning tells where a device is used that is no longer created.

    For example:

        netbsd-dm capture trim journal.jsonl --device vol1 -o vol1.jsonl
    """
    from .captures import selection
    from .capturing import write_trimmed

    wanted = selection(steps, commands, devices, only_stable=drop_undefined)
    write_trimmed(capture, wanted, output)


@capture_app.command()
def diff(
    old: Annotated[Path, typer.Argument(metavar="A", exists=True, dir_okay=False)],
    new: Annotated[Path, typer.Argument(metavar="B", exists=True, dir_okay=False)],
    meaning: Annotated[
        bool,
        typer.Option("--meaning", "-m", help="Layout and the form of numbers do not matter."),
    ] = False,
) -> None:
    """Compare two captures step by step.

    Steps with the same command and device belong together.  What differs is shown by
    its place in the dictionaries.  Numbers, labels, clients and times are not
    compared.  Exit status: 0 the same, 1 different, 2 usage.

    For example:

        netbsd-dm capture diff before.jsonl after.jsonl
    """
    from .capturing import print_differences

    print_differences(old, new, only_meaning=meaning)
