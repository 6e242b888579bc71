"""netbsd-dm serve: its options."""

from . import server_options as options
from .options import ProfileName, ProfileOption
from .server_options import ClockName, MatchName, ServerOptions


def serve(
    socket: options.Listen = None,
    profile: ProfileOption = ProfileName.STANDARD,
    device: options.Devices = None,
    device_dir: options.DeviceDirectories = None,
    socket_mode: options.SocketMode = "0600",
    superuser: options.Superusers = None,
    max_request: options.RequestLimit = None,
    max_connections: options.ConnectionLimit = 500,
    nbd: options.Nbd = None,
    journal: options.Journal = None,
    fault: options.Faults = None,
    clock: options.Clock = ClockName.WALL,
    playback: options.Recording = None,
    match: options.Match = MatchName.ORDER,
    pid_file: options.PidFile = None,
    run: options.Run = None,
    exit_with_parent: options.ExitWithParent = False,
    verbose: options.Verbose = False,
) -> None:
    """Run a server.

    SIGTERM, SIGINT and SIGHUP end it, with status 0; with --playback, 1 if a client
    departed from the recording.

    For example:

        netbsd-dm serve -U dm.sock --device /dev/wd1a=disk.img,dev=197:0 --nbd nbd.sock
    """
    from .starting import start

    start(
        ServerOptions(
            socket=socket,
            profile=profile,
            devices=device or (),
            device_dirs=device_dir or (),
            socket_mode=socket_mode,
            superusers=superuser or (),
            max_request_bytes=max_request,
            max_connections=max_connections,
            nbd_path=nbd,
            pid_file=pid_file,
            command=run,
            exit_with_parent=exit_with_parent,
            verbose=verbose,
            journal=journal,
            faults=fault or (),
            clock=clock,
            playback=playback,
            match=match,
        )
    )
