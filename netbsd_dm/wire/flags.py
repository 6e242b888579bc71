"""The bits of `flags` (netbsd-dm.h, driver spec section 2.3)."""

from typing import Final

READONLY: Final = 0x0001
"""In, with create: the device is read-only.  Out, with suspend."""
SUSPEND: Final = 0x0002
"""Out: the device is suspended."""
EXISTS: Final = 0x0004
"""Out: cleared when no device was found."""
PERSISTENT_DEV: Final = 0x0008
"""In: sent with a minor; ignored."""
STATUS_TABLE: Final = 0x0010
"""In, with status and table: give `params`."""
ACTIVE_PRESENT: Final = 0x0020
"""Out: the live table has entries."""
INACTIVE_PRESENT: Final = 0x0040
"""Out: the inactive slot has entries."""
SKIP_BDGET: Final = 0x0200
"""In: ignored."""
SKIP_LOCKFS: Final = 0x0400
"""In: ignored."""
NOFLUSH: Final = 0x0800
"""In, with suspend: do not flush; the driver, which never does, ignores it."""
QUERY_INACTIVE_TABLE: Final = 0x1000
"""In, with deps, status and table: look at the inactive slot."""
