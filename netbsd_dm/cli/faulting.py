"""netbsd-dm fault: the rules of a running server."""

from collections.abc import Iterable
from pathlib import Path

import typer

from ..faults.text import parse_rule
from .looking import looking
from .options import USAGE, fail
from .sections import faults_section
from .showing import plain


def change_faults(add: list[str], remove: list[str], clear: bool, socket: Path | None) -> None:
    """Change the rules, if there is anything to change, and print those in force."""
    _require_rules([*remove, *add])
    with looking(socket) as monitor:
        if add or remove or clear:
            faults = monitor.change_faults(clear=clear, remove=remove, add=add)
        else:
            faults = monitor.faults()
    typer.echo(plain(faults_section(faults)))


def _require_rules(texts: Iterable[str]) -> None:
    """Exit with usage where one is no rule, before anything is sent."""
    for text in texts:
        try:
            parse_rule(text)
        except ValueError as error:
            hint = "" if " " in text else "; a rule of several words needs quotes around it"
            fail(f"{error}{hint}", USAGE)
