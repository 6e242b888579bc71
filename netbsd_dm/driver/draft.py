"""The dictionary that the design of 2008 drafted, for clients that follow it.

A request whose `version` is a string is translated into the shipped form; of
the reply, what the command changed is translated back (socket contract, "The
draft dictionary").
"""

from collections.abc import Callable
from typing import Final

from ..pdev import devnum
from ..plist import PlistDict, PlistValue, UInt
from ..wire import fields, keys

_DRAFT_KEYS: Final = {
    "sector_start": keys.START,
    "target_type": keys.TYPE,
    "additional info": keys.PARAMS,
    "aditional info": keys.PARAMS,
}
_SHIPPED_KEYS: Final = {shipped: draft for draft, shipped in _DRAFT_KEYS.items()}


def is_draft(request: PlistDict) -> bool:
    """Whether `request` follows the draft: its version is a string."""
    return type(request.get(keys.VERSION)) is str


def to_shipped(request: PlistDict) -> PlistDict:
    """`request` in the form that the commands read."""
    shipped = {key: value for key, value in request.items() if key != keys.DEV}
    shipped[keys.VERSION] = _version_numbers(request[keys.VERSION])
    dev = fields.uint64(request, keys.DEV)
    if dev is not None:
        shipped[keys.MINOR] = UInt(devnum.minor(dev))
    data = request.get(keys.CMD_DATA)
    if isinstance(data, dict):
        is_rename = request.get(keys.COMMAND) == "rename"
        data = [data.get(keys.NAME, data) if is_rename else data]
    if isinstance(data, list):
        shipped[keys.CMD_DATA] = [_renamed(entry, _DRAFT_KEYS) for entry in data]
    return shipped


def translator(request: PlistDict, shipped: PlistDict) -> Callable[[PlistDict], PlistDict]:
    """What turns the reply to `shipped` into that to the draft `request`."""
    before = dict(shipped)

    def to_draft(reply: PlistDict) -> PlistDict:
        draft = dict(request)
        for key, value in reply.items():
            # Not equality: a command writes new objects, even where the number is the same.
            if before.get(key) is not value:
                _put(draft, key, value)
        return draft

    return to_draft


def _put(draft: PlistDict, key: str, value: PlistValue) -> None:
    if key == keys.VERSION:
        draft[key] = _version_text(value)
    elif key == keys.MINOR and isinstance(value, int):
        draft[keys.DEV] = _dev(value)
    elif key == keys.CMD_DATA and isinstance(value, list):
        draft[key] = [_draft_entry(entry) for entry in value]
    elif key == keys.ERROR and isinstance(value, dict):
        draft[key] = value | _draft_place(fields.string(value, keys.WHERE) or "")
    else:
        draft[key] = value


def _draft_place(where: str) -> PlistDict:
    """The place of an error, its last key called as in the draft."""
    place, dot, key = where.rpartition(".")
    return {keys.WHERE: f"{place}{dot}{_SHIPPED_KEYS[key]}"} if key in _SHIPPED_KEYS else {}


def _draft_entry(entry: PlistValue) -> PlistValue:
    if not isinstance(entry, dict):
        return entry
    if keys.TARGET_VERSION in entry:
        numbers = entry[keys.TARGET_VERSION]
        return {keys.NAME: entry[keys.NAME], keys.VERSION: _version_text(numbers)}
    if keys.DEV in entry:
        return entry | {keys.DEV: _dev(fields.uint32(entry, keys.DEV))}
    return _renamed(entry, _SHIPPED_KEYS)


def _renamed(entry: PlistValue, names: dict[str, str]) -> PlistValue:
    if not isinstance(entry, dict):
        return entry
    return {names.get(key, key): value for key, value in entry.items()}


def _version_numbers(text: PlistValue) -> PlistValue:
    parts = text.split(".") if isinstance(text, str) else []
    if not all(part.isascii() and part.isdigit() and len(part) < 10 for part in parts):
        return []
    return [int(part) for part in parts]


def _version_text(numbers: PlistValue) -> str:
    return ".".join(map(str, numbers)) if isinstance(numbers, list) else ""


def _dev(minor: int) -> UInt:
    return UInt(devnum.makedev(devnum.DM_BLOCK_MAJOR, minor))
