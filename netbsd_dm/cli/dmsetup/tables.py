"""Tables as people write them: a line for each target, from a file, an option or standard input."""

import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from ...plist.escapes import cut_bytes, to_bytes, to_text
from ...wire.replies import TableLine
from .numbers import as_uint64
from .session import CommandError

TYPE_BYTES: Final = 15
"""libdevmapper's DM_MAX_TYPE_NAME, less the NUL; it cuts longer types."""

_LINE: Final = re.compile(r"([+-]?[0-9]++)\s*+([+-]?[0-9]++)\s*+(\S++)\s*+(.*)", re.DOTALL)


def read_table(table: str | None, path: str | None) -> list[TableLine]:
    """The one line of --table if given, else the lines of the file, else of standard input.

    Raises `CommandError`.
    """
    if table is not None:
        return parse_lines([table], "")
    if path is None:
        return parse_lines(to_text(sys.stdin.buffer.read()).split("\n"), "on stdin")
    try:
        data = Path(os.fsdecode(to_bytes(path))).read_bytes()
    except OSError:
        raise CommandError(f"Couldn't open '{path}' for reading") from None
    return parse_lines(to_text(data).split("\n"), path)


def parse_lines(texts: Iterable[str], where: str) -> list[TableLine]:
    """The table in `texts`; lines that are blank or begin with # are none.

    Raises `CommandError` with the number of the line, and `where` it stands.
    """
    lines = []
    for number, text in enumerate(texts, 1):
        stripped = text.strip()
        if not stripped or stripped.startswith("#"):
            continue
        found = _LINE.match(stripped)
        if found is None:
            raise CommandError(f"Invalid format on line {number} of table {where}")
        start, length, kind, params = found.groups()
        params = params.partition("#")[0]
        lines.append(
            TableLine(as_uint64(start), as_uint64(length), cut_bytes(kind, TYPE_BYTES), params)
        )
    return lines
