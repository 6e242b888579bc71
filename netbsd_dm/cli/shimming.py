"""netbsd-dm shim: the compiled shim, or why there is none."""

from pathlib import Path

import typer

from ..shim.build import ShimError, build_shim
from .options import fail


def shim_or_fail() -> Path:
    """The compiled shim; exits where it cannot be made."""
    try:
        return build_shim()
    except ShimError as error:
        fail(str(error))


def print_shim() -> None:
    """Print the path of the compiled shim."""
    typer.echo(shim_or_fail())
