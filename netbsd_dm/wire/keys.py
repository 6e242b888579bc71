"""The keys of request and reply dictionaries (netbsd-dm.h, driver spec section 2.5)."""

from typing import Final

VERSION: Final = "version"
COMMAND: Final = "command"
CMD_DATA: Final = "cmd_data"
FLAGS: Final = "flags"
MINOR: Final = "minor"
NAME: Final = "name"
UUID: Final = "uuid"
OPEN_COUNT: Final = "open_count"
TARGET_COUNT: Final = "target_count"
EVENT_NR: Final = "event_nr"

# In the entries of cmd_data: names
DEV: Final = "dev"
# ... targets
TARGET_VERSION: Final = "ver"
# ... reload, status and table
START: Final = "start"
LENGTH: Final = "length"
TYPE: Final = "type"
PARAMS: Final = "params"
STATUS: Final = "status"
# ... message and setgeometry (socket contract)
SECTOR: Final = "sector"
MESSAGE: Final = "message"
CYLINDERS: Final = "cylinders"
HEADS: Final = "heads"
SECTORS: Final = "sectors"
# ... iostat
READS: Final = "reads"
READ_BYTES: Final = "read_bytes"
WRITES: Final = "writes"
WRITTEN_BYTES: Final = "written_bytes"
FLUSHES: Final = "flushes"
DISCARDS: Final = "discards"
ERRORS: Final = "errors"
LATENCY_NS: Final = "latency_ns"
SLOWEST_NS: Final = "slowest_ns"

# When something fails (socket contract)
ERROR: Final = "error"
ERRNO: Final = "errno"
WHERE: Final = "where"

MONITOR: Final = "netbsd-dm"
"""What a request to look at the server has instead of a command (protocol/monitor.md)."""
