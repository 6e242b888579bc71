"""Exchanges for people: what was asked and what came of it, not its XML.

reload vol1 -> ok
    0 2048 linear /dev/wd1a 384
info vol7 -> ENOENT: no device named vol7 (at name)
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Final

from ..pdev import devnum
from ..plist import PlistDict, PlistError, PlistValue
from ..plist.display import printable, quoted, shortened
from ..plist.escapes import to_text
from ..wire import calls, fields, flags, keys
from ..wire.calls import Selector
from ..wire.commands import COMMAND_NAMES
from ..wire.errors import DMError
from .meaning import NO_PLIST, Meaning, meaning_of, name_text, title_of

TABLE_LINES_MAX: Final = 8
"""So many lines of a table are shown, unless told otherwise."""
INDENT: Final = "    "
_LISTED_MAX: Final = 12
_LINE_LENGTH_MAX: Final = 160
_NO_DEVICE: Final = Selector()


def describe(
    request: bytes,
    reply: bytes | None,
    *,
    known_name: str | None = None,
    table_lines_max: int = TABLE_LINES_MAX,
) -> list[str]:
    """An exchange in lines: what was asked -> what came of it; the lines of its table.

    `reply` is None or empty where none came.  `known_name` is the device's where the
    request has only its minor or uuid (see `Session`).  Whatever the texts hold, the
    lines are printable.
    """
    return told(meaning_of(request, reply), known_name, table_lines_max)


def told(
    meaning: Meaning, known_name: str | None = None, table_lines_max: int = TABLE_LINES_MAX
) -> list[str]:
    """As `describe`, of an exchange that has been read."""
    first = f"{asked_text(meaning, known_name)} -> {outcome_text(meaning)}"
    table = shown_table(_table(meaning), table_lines_max)
    return [first, *(f"{INDENT}{line}" for line in table)]


def asked_text(meaning: Meaning, known_name: str | None = None) -> str:
    """What was asked, on one line: command, device, and the arguments that matter."""
    if meaning.request is None:
        return _refused_text(meaning.request_text, meaning.refusal)
    words = [title_of(meaning, known_name)]
    if meaning.device.name and meaning.device.uuid:
        words.append(f"uuid {name_text(meaning.device.uuid)}")
    if arguments := _ARGUMENTS.get(meaning.command):
        words.extend(arguments(meaning.request))
    bits = fields.uint32(meaning.request, keys.FLAGS)
    words.extend(word for bit, word in _ASKED_FLAGS.items() if bits & bit)
    return " ".join(words)


def _refused_text(request: bytes, refusal: PlistError | None) -> str:
    """Why it is no property list, and the line of it that is to blame."""
    lines = to_text(request).split("\n")
    place = refusal.line if refusal is not None and refusal.line is not None else 1
    reason = f" ({refusal})" if refusal is not None else ""
    return f"{NO_PLIST}{printable(reason)}: {quoted(lines[min(place, len(lines)) - 1].strip())}"


_ASKED_FLAGS: Final = {
    flags.READONLY: "read-only",
    flags.SKIP_LOCKFS: "nolockfs",
    flags.NOFLUSH: "noflush",
    flags.QUERY_INACTIVE_TABLE: "inactive",
}


def outcome_text(meaning: Meaning) -> str:
    """What came of it, on one line: `ok`, what was found, or the failure."""
    if not meaning.reply_text:
        return "no reply"
    if meaning.reply is None:
        return f"{NO_PLIST}: {quoted(to_text(meaning.reply_text))}"
    if meaning.failure is not None:
        return failure_text(meaning.failure)
    if meaning.command not in COMMAND_NAMES:
        return "echoed"
    outcome = _OUTCOMES.get(meaning.command)
    found = outcome(meaning.reply) if outcome else ""
    if not found and meaning.command in _MAY_BE_ECHOED and _is_echo(meaning):
        return "echoed"
    return found or "ok"


def failure_text(failure: DMError) -> str:
    """`ENOENT: no device named vol7 (at name)`."""
    place = f" (at {printable(failure.where)})" if failure.where else ""
    return f"{failure.name}: {printable(failure.message)}{place}"


_MAY_BE_ECHOED: Final = frozenset(["remove_all", "message", "setgeometry"])
"""The driver of NetBSD 9 does not know them, and its reply is no other than of one done."""


def _is_echo(meaning: Meaning) -> bool:
    version = {keys.VERSION: None}
    return (meaning.request or {}) | version == (meaning.reply or {}) | version


def _rename_arguments(request: PlistDict) -> list[str]:
    data = fields.array(request, keys.CMD_DATA)
    return [f"to {name_text(data[0])}"] if data and isinstance(data[0], str) else []


def _message_arguments(request: PlistDict) -> list[str]:
    entry = _first_entry(request)
    text = fields.string(entry, keys.MESSAGE)
    sector = fields.uint64(entry, keys.SECTOR)
    return ([] if text is None else [quoted(text)]) + ([f"at sector {sector:d}"] if sector else [])


def _waitevent_arguments(request: PlistDict) -> list[str]:
    number = fields.uint64(request, keys.EVENT_NR)
    return [] if number is None else [f"after event {number:d}"]


def _setgeometry_arguments(request: PlistDict) -> list[str]:
    entry = _first_entry(request)
    return [f"{key} {fields.uint64(entry, key) or 0:d}" for key in _GEOMETRY if key in entry]


_GEOMETRY: Final = (keys.CYLINDERS, keys.HEADS, keys.SECTORS, keys.START)


def _first_entry(request: PlistDict) -> PlistDict:
    data = fields.array(request, keys.CMD_DATA)
    return data[0] if data and isinstance(data[0], dict) else {}


_ARGUMENTS: Final[dict[str, Callable[[PlistDict], list[str]]]] = {
    "rename": _rename_arguments,
    "message": _message_arguments,
    "waitevent": _waitevent_arguments,
    "setgeometry": _setgeometry_arguments,
}


def _version_found(reply: PlistDict) -> str:
    return str(calls.version().read(reply))


def _targets_found(reply: PlistDict) -> str:
    return _listed(f"{name_text(name)} {version}" for name, version in calls.targets().read(reply))


def _names_found(reply: PlistDict) -> str:
    return _listed(
        f"{name_text(name)} (minor {minor})" for name, minor in calls.names().read(reply)
    )


def _info_found(reply: PlistDict) -> str:
    info = calls.info(_NO_DEVICE).read(reply)
    count = info.target_count
    parts = [
        f"minor {info.minor}",
        _state(info.flags),
        f"{count} target{'' if count == 1 else 's'}" if count else "",
        _opened(reply),
        "" if info.event_nr is None else f"event {info.event_nr}",
    ]
    return ", ".join(filter(None, parts))


def _suspend_found(reply: PlistDict) -> str:
    return ", ".join(filter(None, [_state(fields.uint32(reply, keys.FLAGS)), _opened(reply)]))


def _state(bits: int) -> str:
    tables = [word for bit, word in _TABLES.items() if bits & bit]
    words = [word for bit, word in _STATES.items() if bits & bit]
    return ", ".join([*words, "+".join(tables) or "no table"])


_STATES: Final = {flags.READONLY: "read-only", flags.SUSPEND: "suspended"}
_TABLES: Final = {flags.ACTIVE_PRESENT: "live", flags.INACTIVE_PRESENT: "inactive"}


def _opened(reply: PlistDict) -> str:
    """How many have the device open, unless nobody has."""
    count = fields.uint32(reply, keys.OPEN_COUNT)
    return f"open {count:d}" if count else ""


def _deps_found(reply: PlistDict) -> str:
    numbers = calls.deps(_NO_DEVICE, inactive=False).read(reply)
    return _listed(f"{devnum.major(number)}:{devnum.minor(number)}" for number in numbers)


def _table_found(reply: PlistDict) -> str:
    return "" if fields.array(reply, keys.CMD_DATA) else "no table"


def _answer_found(reply: PlistDict) -> str:
    answer = calls.message(_NO_DEVICE, "", 0).read(reply)
    return "" if answer is None else quoted(answer)


def _iostat_found(reply: PlistDict) -> str:
    return _listed(
        f"{name_text(each.name)}: {each.requests} requests, {each.errors} errors"
        for each in calls.iostat().read(reply)
    )


_OUTCOMES: Final[dict[str, Callable[[PlistDict], str]]] = {
    "version": _version_found,
    "targets": _targets_found,
    "names": _names_found,
    "create": lambda reply: f"minor {fields.uint32(reply, keys.MINOR):d}",
    "info": _info_found,
    "mknodes": _info_found,
    "suspend": _suspend_found,
    "resume": _opened,
    "deps": _deps_found,
    "status": _table_found,
    "table": _table_found,
    "waitevent": lambda reply: f"event {fields.uint32(reply, keys.EVENT_NR):d}",
    "message": _answer_found,
    "iostat": _iostat_found,
}
"""What a reply tells of a command that was done; without an entry, or empty, just `ok`."""


def _listed(parts: Iterable[str]) -> str:
    every = list(parts)
    more = len(every) - _LISTED_MAX
    if more > 1:
        every[_LISTED_MAX:] = [f"... {more} more"]
    return ", ".join(every) or "none"


def _table(meaning: Meaning) -> list[PlistValue]:
    """The lines that a request loads, or that a reply lists."""
    if meaning.command == "reload":
        return fields.array(meaning.request or {}, keys.CMD_DATA) or []
    if meaning.command in {"status", "table"} and meaning.failure is None:
        return fields.array(meaning.reply or {}, keys.CMD_DATA) or []
    return []


def shown_table(table: list[PlistValue], lines_max: int = TABLE_LINES_MAX) -> Iterator[str]:
    """The entries of `cmd_data` as dmsetup prints them, and how many are left out."""
    more = len(table) - lines_max
    count = lines_max if more > 1 else len(table)
    yield from map(_table_line, islice(table, count))
    if more > 1:
        yield f"... {more} more lines"


def _table_line(entry: PlistValue) -> str:
    """`0 2048 linear /dev/wd1a 384`; a question mark for what is not as it should be."""
    if not isinstance(entry, dict):
        return "?"
    numbers = [fields.uint64(entry, key) for key in (keys.START, keys.LENGTH)]
    words = ["?" if number is None else f"{number:d}" for number in numbers]
    words.append(fields.string(entry, keys.TYPE) or "?")
    words.append(fields.string(entry, keys.PARAMS) or "")
    return shortened(" ".join(words).rstrip(), _LINE_LENGTH_MAX)
