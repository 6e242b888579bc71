"""The typer application and its subcommands."""

from collections.abc import Callable

import typer

from .. import __version__
from .iostat import iostat
from .map import map_sectors
from .replay import replay
from .send import send
from .serve import serve
from .targets import targets

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
        netbsd-dm replay --profile netbsd-9 fixtures
        netbsd-dm targets
    """  # noqa: D301 (typer's own mark, which keeps the lines apart)


_COMMANDS: dict[str, Callable[..., None]] = {
    "serve": serve,
    "send": send,
    "map": map_sectors,
    "iostat": iostat,
    "replay": replay,
    "targets": targets,
}
for _name, _command in _COMMANDS.items():
    app.command(_name)(_command)


def main() -> None:
    """Run the command line."""
    app(prog_name="netbsd-dm")
