"""What dmsetup can be told, with how many words, and its help."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from . import changing, lines, showing, targeting, udev
from .columnhelp import columns_help
from .context import Context


@dataclass(frozen=True, slots=True)
class Verb:
    """What does it, what help says of it, and how many words follow; None for any number."""

    run: Callable[[Context, Sequence[str]], None]
    form: str
    least: int
    most: int | None

    def takes(self, count: int) -> bool:
        """Whether it can have so many words."""
        return self.least <= count and (self.most is None or count <= self.most)


_INDENT: Final = "\n\t" + " " * 18

VERBS: Final[dict[str, Verb]] = {
    "help": Verb(lambda context, _: show_help(context), "[-c|-C|--columns]", 0, 0),
    "create": Verb(
        changing.create,
        _INDENT.join(
            [
                "<dev_name> [-j|--major <major> -m|--minor <minor>]",
                "[-U|--uid <uid>] [-G|--gid <gid>] [-M|--mode <octal_mode>]",
                "[-u|uuid <uuid>]",
                "[--notable | --table <table> | <table_file>]",
            ]
        ),
        1,
        2,
    ),
    "remove": Verb(changing.remove, "[-f|--force] <device>", 0, 1),
    "remove_all": Verb(changing.remove_all, "[-f|--force]", 0, 0),
    "suspend": Verb(changing.suspend, "[--noflush] <device>", 0, 1),
    "resume": Verb(changing.resume, "<device>", 0, 1),
    "load": Verb(changing.load, "<device> [<table_file>]", 0, 2),
    "clear": Verb(changing.clear, "<device>", 0, 1),
    "reload": Verb(changing.load, "<device> [<table_file>]", 0, 2),
    "rename": Verb(changing.rename, "<device> <new_name>", 1, 2),
    "message": Verb(targeting.message, "<device> <sector> <message>", 2, None),
    "ls": Verb(
        showing.ls, "[--target <target_type>] [--exec <command>] [--tree [-o options]]", 0, 0
    ),
    "info": Verb(showing.info, "[<device>]", 0, 1),
    "deps": Verb(showing.deps, "[<device>]", 0, 1),
    "status": Verb(lines.status, "[<device>] [--target <target_type>]", 0, 1),
    "table": Verb(lines.table, "[<device>] [--target <target_type>] [--showkeys]", 0, 1),
    "wait": Verb(targeting.wait, "<device> [<event_nr>]", 0, 2),
    "mknodes": Verb(showing.mknodes, "[<device>]", 0, 1),
    "udevflags": Verb(udev.udevflags, "<cookie>", 1, 1),
    "udevcomplete": Verb(udev.udevcomplete, "<cookie>", 1, 1),
    "udevcomplete_all": Verb(udev.not_supported, "", 0, 0),
    "udevcookies": Verb(udev.not_supported, "", 0, 0),
    "targets": Verb(showing.targets, "", 0, 0),
    "version": Verb(showing.version, "", 0, 0),
    "setgeometry": Verb(targeting.setgeometry, "<device> <cyl> <head> <sect> <start>", 5, 5),
    "splitname": Verb(showing.splitname, "<device> [<subsystem>]", 1, 2),
}
"""In the order of dmsetup's help."""

_HEAD: Final = """\
Usage:

dmsetup [--version] [-v|--verbose [-v|--verbose ...]]
        [-r|--readonly] [--noopencount] [--nolockfs] [--inactive]
        [--noudevsync] [-y|--yes] [--readahead [+]<sectors>|auto|none]
        [-c|-C|--columns] [-o <fields>] [-O|--sort <sort_fields>]
        [--nameprefixes] [--noheadings] [--separator <separator>]

"""
_FOOT: Final = """\

<device> may be device name or -u <uuid> or -j <major> -m <minor>
<fields> are comma-separated.  Use 'help -c' for list.
Table_file contents may be supplied on stdin.
Tree options are: ascii, utf, vt100; compact, inverted, notrunc;
                  [no]device, active, open, rw and uuid.

"""
_OURS: Final = "The server listens at --socket <path>, else where $NETBSD_DM_SOCKET says."


def usage() -> str:
    """The text of dmsetup, and a line about the option that it has no use for."""
    verbs = (f"\t{name} {verb.form}\n" for name, verb in VERBS.items())
    return f"{_HEAD}{''.join(verbs)}{_FOOT}{_OURS}"


def show_help(context: Context) -> None:
    """Print the usage, and with -c the columns."""
    print(usage(), file=sys.stderr)
    if context.options.columns:
        print(columns_help(), file=sys.stderr)
