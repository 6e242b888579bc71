"""netbsd-dm targets: its options."""

from .options import ProfileName, ProfileOption, RunningServerOption


def targets(
    socket: RunningServerOption = None, profile: ProfileOption = ProfileName.STANDARD
) -> None:
    """List the targets: name, version, arguments.

    Those installed here; with --socket, those of that server.

    For example:

        netbsd-dm targets
    """
    from .listing import list_targets

    list_targets(socket, profile.value)
