"""Reports in columns, as info -c prints them (libdevmapper's dm_report)."""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from .columnhelp import columns_help
from .columns import COLUMNS, DEFAULT_COLUMNS, Column, Source, Subject, find_column
from .options import Options
from .session import CommandError

_PREFIX: Final = "DM_"
"""Of the names that --nameprefixes writes."""
_ALL: Final = "all"
_HELP: Final = ("help", "?")


class FieldsError(Exception):
    """-o or -O names no column; the message is what dmsetup says, help included."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How the values of a report stand."""

    separator: str
    headings: bool
    aligned: bool
    name_prefixes: bool
    quoted: bool
    columns_as_rows: bool

    @classmethod
    def of(cls, options: Options) -> "Layout":
        """What the options ask for; one thing without another is rarely wanted."""
        separator = ":" if options.noheadings else " "
        return cls(
            separator=separator if options.separator is None else options.separator,
            headings=not options.noheadings,
            aligned=not (options.noheadings or options.nameprefixes or options.rows)
            and options.separator is None,
            name_prefixes=options.nameprefixes,
            quoted=not options.unquoted,
            columns_as_rows=options.rows,
        )


@dataclass(frozen=True, slots=True)
class SortKey:
    """A column that rows are sorted by."""

    column: Column
    is_descending: bool


class Report:
    """Rows about devices, printed when all are known."""

    def __init__(self, options: Options, default_columns: str = DEFAULT_COLUMNS) -> None:
        """Raises `FieldsError`."""
        self._columns = read_columns(default_columns if options.fields is None else options.fields)
        self._keys = read_sort_keys(options.sort or "")
        self._layout = Layout.of(options)
        self._rows: list[Subject] = []
        used = [*self._columns, *(key.column for key in self._keys)]
        self.sources: Final = frozenset(column.source for column in used)
        """What must be known of each device."""

    def add(self, subject: Subject) -> None:
        """A row more.  Raises `CommandError` if a column has nothing to stand in it."""
        if not self.sources <= subject.sources:
            raise CommandError
        self._rows.append(subject)

    def lines(self) -> Iterator[str]:
        """The whole report; nothing without rows."""
        if not self._rows:
            return iter(())
        rows = [[column.value(row) for column in self._columns] for row in self._sorted()]
        return self._turned(rows) if self._layout.columns_as_rows else self._upright(rows)

    def _sorted(self) -> list[Subject]:
        rows = self._rows
        for key in reversed(self._keys):
            rows = sorted(rows, key=key.column.sort_value, reverse=key.is_descending)
        return rows

    def _upright(self, rows: list[list[str | int]]) -> Iterator[str]:
        widths = [
            max(column.width, *(len(str(value)) for value in values))
            for column, values in zip(self._columns, zip(*rows, strict=True), strict=True)
        ]
        columns = list(zip(self._columns, widths, strict=True))
        if self._layout.headings:
            yield self._joined([self._heading(column, width) for column, width in columns])
        for row in rows:
            yield self._joined(
                [
                    self._cell(column, width, value)
                    for (column, width), value in zip(columns, row, strict=True)
                ]
            )

    def _turned(self, rows: list[list[str | int]]) -> Iterator[str]:
        for column, values in zip(self._columns, zip(*rows, strict=True), strict=True):
            heading = [column.heading] if self._layout.headings else []
            yield self._joined(heading + [self._cell(column, 0, value) for value in values])

    def _joined(self, texts: list[str]) -> str:
        return self._layout.separator.join(texts)

    def _heading(self, column: Column, width: int) -> str:
        return column.heading[:width].ljust(width) if self._layout.aligned else column.heading

    def _cell(self, column: Column, width: int, value: str | int) -> str:
        text = str(value)
        if self._layout.name_prefixes:
            quote = "'" if self._layout.quoted else ""
            return f"{_PREFIX}{column.id.upper()}={quote}{text}{quote}"
        if not self._layout.aligned:
            return text
        return text.rjust(width) if isinstance(value, int) else text.ljust(width)


def read_columns(names: str) -> list[Column]:
    """The columns that -o names; one + before them adds them to the usual ones."""
    if names.startswith("+"):
        names = f"{DEFAULT_COLUMNS},{names[1:]}"
    words = _words(names)
    columns: list[Column] = []
    for position, name in enumerate(words, 1):
        column = find_column(name)
        if column is not None:
            columns.append(column)
        elif name.lower() == _ALL:
            columns += _all_of(words)
        elif name.lower() in _HELP and position == len(words):
            raise FieldsError(columns_help())
        else:
            raise FieldsError(f"{columns_help()}\nUnrecognised field: {name}")
    return columns


def _all_of(words: list[str]) -> list[Column]:
    """What `all` stands for: all that is in the sections of the other names, if there are any."""
    named = {column.source for name in words if (column := find_column(name))} or set(Source)
    return [column for column in COLUMNS if column.source in named]


def read_sort_keys(names: str) -> list[SortKey]:
    """The columns that -O names, the most important first; - before one turns it round."""
    keys: dict[str, SortKey] = {}
    for name in _words(names):
        column = find_column(name[1:] if name[:1] in ("+", "-") else name)
        if column is None:
            missing = "dm_report: Missing sort field name\n" if name in ("+", "-") else ""
            raise FieldsError(f"{missing}dm_report: Unrecognised field: {name}")
        if column.id in keys:
            print(f"dm_report: Ignoring duplicate sort field: {column.id}", file=sys.stderr)
            continue
        keys[column.id] = SortKey(column, name.startswith("-"))
    return list(keys.values())


def _words(names: str) -> list[str]:
    """The names in a list with commas; too many commas between do no harm."""
    return re.split(",+", names.lstrip(",")) if names else []
