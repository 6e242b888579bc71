"""Profiles: in what a server differs from the real driver, choice by choice."""

from dataclasses import dataclass

from ..plist import Grammar
from ..wire.errors import Errno


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Named choices; False is what the driver does.

    Each choice is a row of protocol/deviations.md, under the same name.
    """

    name: str

    grammar: Grammar = Grammar.PROPLIB
    """Which texts are property lists."""
    max_request_bytes: int
    """The longest request text, without a terminating NUL."""
    oversize_errno: Errno
    """What a longer one fails with."""
    max_depth: int
    """How deep a request may nest, the root being 1."""

    targets: tuple[str, ...] | None
    """The targets there are; None for all that are installed."""
    extra_commands: bool
    """remove_all, waitevent, message, setgeometry and iostat exist."""
    accepts_draft: bool
    """A request whose version is a string follows the draft of 2008."""
    reports_errors: bool
    """A failed reply has an `error` dictionary."""
    reports_event_nr: bool
    """info and mknodes reply `event_nr`."""

    refuses_long_names: bool
    """Names and uuids beyond the limit are refused, not cut."""
    cuts_device_names: bool
    """The names of physical devices are stored cut to 31 bytes."""
    opens_exclusively: bool
    """A physical device opens once, under one name."""

    resume_keeps_live_table: bool
    """A resume without an inactive table leaves the live one."""
    rename_refuses_existing: bool
    """A rename onto the name of another device fails, and loses nothing."""
    rename_finds_by_uuid: bool
    """rename finds the device by its uuid, too."""
    remove_refuses_users: bool
    """A device that is open, or that another stands on, cannot be removed."""
    counts_opens: bool
    """`open_count` is the number of those who have the device open."""
    suspend_stops_io: bool
    """suspend lets started I/O end, flushes it, and holds new I/O until the resume."""
    reload_is_atomic: bool
    """A failed reload leaves the inactive slot as it was."""
    validates_tables: bool
    """A table without gaps, overlaps and ends beyond its devices."""
    strict_arguments: bool
    """The params of a target have exactly its words, and its numbers are numbers."""

    enforces_readonly: bool
    """A device created with READONLY refuses to be written."""
    refuses_io_at_end: bool
    """I/O that starts at the end of the device fails; it is not just short."""
    byte_granular: bool
    """I/O need not be aligned to sectors."""
    backing_errors_are_eio: bool
    """I/O beyond the end of a physical device fails with EIO, wherever it starts."""


NETBSD_9 = Profile(
    name="netbsd-9",
    grammar=Grammar.PROPLIB,
    max_request_bytes=65_534,
    oversize_errno=Errno.EINVAL,
    # No request of that size nests deeper, so this binds only a raised limit.
    max_depth=4_500,
    targets=("linear", "striped"),
    extra_commands=False,
    accepts_draft=False,
    reports_errors=False,
    reports_event_nr=False,
    refuses_long_names=False,
    cuts_device_names=True,
    opens_exclusively=True,
    resume_keeps_live_table=False,
    rename_refuses_existing=False,
    rename_finds_by_uuid=False,
    remove_refuses_users=False,
    counts_opens=False,
    suspend_stops_io=False,
    reload_is_atomic=False,
    validates_tables=False,
    strict_arguments=False,
    enforces_readonly=False,
    refuses_io_at_end=False,
    byte_granular=False,
    backing_errors_are_eio=False,
)
"""The driver of NetBSD 7 to 9, bug for bug."""

STANDARD = Profile(
    name="standard",
    grammar=Grammar.LENIENT,
    max_request_bytes=1_048_576,
    oversize_errno=Errno.E2BIG,
    max_depth=256,
    targets=None,
    extra_commands=True,
    accepts_draft=True,
    reports_errors=True,
    reports_event_nr=True,
    refuses_long_names=True,
    cuts_device_names=False,
    opens_exclusively=False,
    resume_keeps_live_table=True,
    rename_refuses_existing=True,
    rename_finds_by_uuid=True,
    remove_refuses_users=True,
    counts_opens=True,
    suspend_stops_io=True,
    reload_is_atomic=True,
    validates_tables=True,
    strict_arguments=True,
    enforces_readonly=True,
    refuses_io_at_end=True,
    byte_granular=True,
    backing_errors_are_eio=True,
)
"""The documented protocol, without the driver's bugs."""

PROFILES = {profile.name: profile for profile in (STANDARD, NETBSD_9)}


def find_profile(name: str) -> Profile:
    """The profile of that name; raises `ValueError` naming all."""
    try:
        return PROFILES[name]
    except KeyError:
        raise ValueError(f"no profile {name!r}: choose {' or '.join(PROFILES)}") from None
