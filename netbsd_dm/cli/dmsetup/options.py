"""The command line: dmsetup's options, which may stand anywhere among the words."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from getopt import GetoptError, gnu_getopt
from typing import Final

from ...wire import flags
from .numbers import as_int32
from .treestyle import TreeStyle, read_style

PROGRAM: Final = "netbsd-dmsetup"


class UsageError(Exception):
    """The options make no sense; the message is what dmsetup says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What was given; None for an option with a value that was not."""

    columns: bool
    force: bool
    help: bool
    inactive: bool
    nameprefixes: bool
    noflush: bool
    noheadings: bool
    nolockfs: bool
    noopencount: bool
    notable: bool
    readonly: bool
    rows: bool
    showkeys: bool
    unquoted: bool
    version: bool
    verbosity: int
    command: str | None
    """What --exec runs."""
    fields: str | None
    """Those of a report, of -o."""
    major: int | None
    minor: int | None
    separator: str | None
    socket: str | None
    """Where the server listens; an option of ours, as is --help."""
    sort: str | None
    table: str | None
    target: str | None
    tree: TreeStyle | None
    uuid: str | None

    @property
    def is_verbose(self) -> bool:
        """-v was given."""
        return self.verbosity > 0

    @property
    def names_device(self) -> bool:
        """A device is given by -u, or by -j and -m."""
        return self.uuid is not None or self.major is not None

    @property
    def query_flags(self) -> int:
        """The bits that every request about a device gets."""
        inactive = flags.QUERY_INACTIVE_TABLE if self.inactive else 0
        return inactive | (flags.SKIP_BDGET if self.noopencount else 0)


_SHORT: Final = "cCfG:hj:m:M:no:O:ru:U:vy"
_LONG: Final = (
    *("columns", "exec=", "force", "gid=", "help", "inactive", "major=", "minor=", "mode="),
    *("nameprefixes", "noflush", "noheadings", "nolockfs", "noopencount", "notable"),
    *("noudevsync", "options=", "readahead=", "readonly", "rows", "separator=", "showkeys"),
    *("sort=", "table=", "target=", "tree", "uid=", "unbuffered", "unquoted", "uuid="),
    *("verbose", "version", "yes"),
)
"""--unbuffered does nothing in dmsetup either; udev, owners and read-ahead are not ours."""
_SOCKET: Final = "socket="
_LONG_OF: Final = {
    "-c": "--columns",
    "-C": "--columns",
    "-f": "--force",
    "-h": "--help",
    "-j": "--major",
    "-m": "--minor",
    "-n": "--notable",
    "-o": "--options",
    "-O": "--sort",
    "-r": "--readonly",
    "-u": "--uuid",
    "-v": "--verbose",
}


def read_options(arguments: Sequence[str]) -> tuple[Options, list[str]]:
    """The options, and the words that are none; raises `UsageError`."""
    given, words = _split(arguments)
    values = dict(given)  # the last one counts
    _check(values)
    options = Options(
        columns="--columns" in values,
        force="--force" in values,
        help="--help" in values,
        inactive="--inactive" in values,
        nameprefixes="--nameprefixes" in values,
        noflush="--noflush" in values,
        noheadings="--noheadings" in values,
        nolockfs="--nolockfs" in values,
        noopencount="--noopencount" in values,
        notable="--notable" in values,
        readonly="--readonly" in values,
        rows="--rows" in values,
        showkeys="--showkeys" in values,
        unquoted="--unquoted" in values,
        version="--version" in values,
        verbosity=sum(name == "--verbose" for name, _ in given),
        command=values.get("--exec"),
        fields=values.get("--options"),
        major=as_int32(values["--major"]) if "--major" in values else None,
        minor=as_int32(values["--minor"]) if "--minor" in values else None,
        separator=values.get("--separator"),
        socket=values.get("--socket"),
        sort=values.get("--sort"),
        table=values.get("--table"),
        target=values.get("--target"),
        tree=_tree_style(values) if "--tree" in values else None,
        uuid=values.get("--uuid"),
    )
    return options, words


def _split(arguments: Sequence[str]) -> tuple[list[tuple[str, str]], list[str]]:
    # Where --socket is not meant, --so is short for --sort, as it always was.
    ours = [_SOCKET] if any(word.startswith("--soc") for word in arguments) else []
    try:
        given, words = gnu_getopt(list(arguments), _SHORT, [*_LONG, *ours])
    except GetoptError as error:
        raise UsageError(f"{PROGRAM}: {error.msg}") from None
    return [(_LONG_OF.get(name, name), value) for name, value in given], words


def _check(values: Mapping[str, str]) -> None:
    ahead = values.get("--readahead", "auto")
    if ahead.lower() not in ("auto", "none") and as_int32(ahead) < -1:
        raise UsageError(f"Negative read ahead value ({as_int32(ahead)}) is not understood.")
    if ("--major" in values) != ("--minor" in values):
        raise UsageError("Please specify both major number and minor number.")
    if "--table" in values and "--notable" in values:
        raise UsageError("--table and --notable are incompatible.")


def _tree_style(values: Mapping[str, str]) -> TreeStyle:
    try:
        return read_style(values.get("--options", ""), os.environ)
    except ValueError as error:
        raise UsageError(f"Tree options not recognised: {error}") from None
