"""netbsd-dm targets: what a table may be made of."""

from pathlib import Path

import typer

from ..client.blocking import connect
from ..driver.profile import find_profile
from ..targets.registry import TargetRegistry
from .options import exit_without_server


def list_targets(socket: Path | None, profile: str) -> None:
    """Print the targets of a server, or those installed here."""
    if socket is not None:
        with exit_without_server(), connect(socket) as client:
            for name, version in client.targets():
                typer.echo(f"{name:<16} {version}")
        return
    for target in TargetRegistry(find_profile(profile).targets).all():
        version_text = ".".join(map(str, target.version))
        typer.echo(f"{target.name:<16} {version_text:<8} {target.form}".rstrip())
