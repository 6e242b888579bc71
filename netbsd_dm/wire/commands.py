"""The names of all commands (driver spec section 2.2; the last line is not NetBSD's driver's)."""

from typing import Final

COMMAND_NAMES: Final = (
    *("version", "targets", "create", "info", "mknodes", "names", "suspend", "remove"),
    *("rename", "resume", "clear", "deps", "reload", "status", "table"),
    *("remove_all", "waitevent", "message", "setgeometry", "iostat"),
)
