"""netbsd-dm targets: what a table may be made of."""

import typer

from ..client.blocking import connect
from ..driver.profile import find_profile
from ..targets.registry import TargetRegistry
from .options import ProfileName, ProfileOption, SocketOption, exit_without_server


def targets(socket: SocketOption = None, profile: ProfileOption = ProfileName.STANDARD) -> None:
    """List the targets: name, version, arguments.

    Those installed here; with --socket, those of that server.

    For example:

        netbsd-dm targets
    """
    if socket is not None:
        with exit_without_server(), connect(socket) as client:
            for name, version in client.targets():
                typer.echo(f"{name:<16} {version}")
        return
    for target in TargetRegistry(find_profile(profile.value).targets).all():
        version_text = ".".join(map(str, target.version))
        typer.echo(f"{target.name:<16} {version_text:<8} {target.form}".rstrip())
