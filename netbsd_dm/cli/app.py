"""The typer application and its subcommands."""

from collections.abc import Callable

import typer

from .. import __version__
from .capture import capture_app
from .clock import clock
from .exec import execute
from .fault import fault
from .graph import graph
from .iostat import iostat
from .map import map_sectors
from .record import record
from .replay import replay
from .send import send
from .serve import serve
from .shim import shim
from .show import show
from .tail import tail
from .targets import targets
from .tree import tree

app = typer.Typer(
    name="netbsd-dm",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"netbsd-dm {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: bool = typer.Option(
        False, "--version", callback=_print_version, is_eager=True, help="Print the version."
    ),
) -> None:
    """NetBSD's device-mapper as a userspace server.

    For example:

    \b
        netbsd-dm serve -U dm.sock --device /dev/wd1a=disk.img
        netbsd-dm send -U dm.sock create.plist
        netbsd-dm map -U dm.sock vol1 0+128
        netbsd-dm iostat -U dm.sock --interval 1
        netbsd-dm show -U dm.sock
        netbsd-dm tree -U dm.sock
        netbsd-dm graph -U dm.sock --svg disks.svg
        netbsd-dm tail -U dm.sock
        netbsd-dm fault -U dm.sock 'reload nth=2 errno=ENOENT'
        netbsd-dm clock -U dm.sock advance 30s
        netbsd-dm record --listen dm.sock --upstream real.sock session.jsonl
        netbsd-dm replay --profile netbsd-9 fixtures
        netbsd-dm targets
        netbsd-dm shim
        netbsd-dm exec --device /dev/wd1a=disk.img -- make check
    """  # noqa: D301 (typer's own mark, which keeps the lines apart)


_COMMANDS: dict[str, Callable[..., None]] = {
    "serve": serve,
    "send": send,
    "map": map_sectors,
    "iostat": iostat,
    "show": show,
    "tree": tree,
    "graph": graph,
    "tail": tail,
    "fault": fault,
    "clock": clock,
    "record": record,
    "replay": replay,
    "targets": targets,
    "shim": shim,
}
for _name, _command in _COMMANDS.items():
    app.command(_name)(_command)
# What follows the program are its own options, with or without a --.
app.command("exec", context_settings={"allow_interspersed_args": False})(execute)
app.add_typer(capture_app)


def main() -> None:
    """Run the command line."""
    app(prog_name="netbsd-dm")
