"""netbsd-dm fault: its options."""

from typing import Annotated

import typer

from .options import SocketOption


def fault(
    rules: Annotated[
        list[str] | None,
        typer.Argument(metavar="[RULE]...", help="Rules to put in force, each in quotes."),
    ] = None,
    remove: Annotated[
        list[str] | None,
        typer.Option(metavar="RULE", help="Take this rule out of force.  Repeatable."),
    ] = None,
    clear: Annotated[
        bool, typer.Option("--clear", help="Take every rule out of force, before RULE comes.")
    ] = False,
    socket: SocketOption = None,
) -> None:
    """Let things fail in a running server.

    Prints the rules that are in force then, with how often what each is about has come
    and how often it failed; without arguments, just that.  Nothing changes if one of the
    rules is wrong.  serve --fault puts rules in force from the start.

    A rule is SUBJECT [WHICH]... [WHEN]... EFFECT...:

    \b
    SUBJECT  a command, several with commas, or any; open; read, write,
             flush, discard, or io for these four
    WHICH    name=, uuid=, minor= of a mapped device; device= of a
             physical one; sectors=FIRST-LAST.  * and ? stand for any
    WHEN     once, nth=N, first=N, after=N, every=N; seed=N with rate=PART
    EFFECT   errno=ENOENT, ioctl=EFAULT, delay=200ms, hangup, drop,
             cut=BYTES, truncate=BYTES

    Exit status: 0 done, 1 the server refuses, 2 usage or no rule, 3 no server.

    For example:

    \b
        netbsd-dm fault 'reload nth=2 errno=ENOENT' 'resume name=vol* delay=200ms'
        netbsd-dm fault 'read,write name=vol1 sectors=100-200 errno=EIO'
        netbsd-dm fault --clear
    """  # noqa: D301 (typer's own mark, which keeps the lines apart)
    from .faulting import change_faults

    change_faults(rules or [], remove or [], clear, socket)
