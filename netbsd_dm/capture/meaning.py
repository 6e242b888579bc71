"""What an exchange means: the command, its device, and whether it was done."""

from dataclasses import dataclass
from typing import Final

from ..driver.draft import is_draft, to_shipped
from ..pdev import devnum
from ..plist import Grammar, PlistDict, PlistError, PlistValue, UInt, loads
from ..plist.display import printable, quoted, shortened
from ..wire import fields, keys
from ..wire.calls import Selector
from ..wire.errors import DMError
from ..wire.outcome import failure_of

NO_PLIST: Final = "not a property list"
LABEL_LENGTH_MAX: Final = 80
_NAME_LENGTH_MAX: Final = 128
"""The driver keeps no longer ones."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """An exchange as texts and as dictionaries, these in the shipped form, never in the draft."""

    request_text: bytes
    reply_text: bytes
    """Empty if there was none."""
    request: PlistDict | None
    """None if it is no property list."""
    reply: PlistDict | None
    """None if there was none, or it is no property list."""
    failure: DMError | None = None
    """As NetBSD's library would infer it where the reply does not say."""
    refusal: PlistError | None = None
    """Why the request is no property list."""

    @property
    def command(self) -> str:
        """Its name; empty if there is none."""
        return fields.string(self.request or {}, keys.COMMAND) or ""

    @property
    def device(self) -> Selector:
        """What the request names of the device; what is empty or 0 names none."""
        request = self.request or {}
        return Selector(
            name=fields.string(request, keys.NAME) or None,
            uuid=fields.string(request, keys.UUID) or None,
            minor=int(fields.uint32(request, keys.MINOR)) or None,
        )

    @property
    def new_name(self) -> str | None:
        """What a rename asks for."""
        data = fields.array(self.request or {}, keys.CMD_DATA)
        if self.command == "rename" and data and isinstance(data[0], str):
            return data[0]
        return None


def meaning_of(request: bytes, reply: bytes | None) -> Meaning:
    """Read an exchange; `reply` may be None or empty where none came."""
    # proplib writes <data/>, which it does not read.
    answer, _ = _read(reply, Grammar.LENIENT) if reply else (None, None)
    # A request that the server could not read is not worth the import of lxml.
    could_read = answer is not None and keys.ERRNO not in answer
    asked, refusal = _read(request, Grammar.LENIENT if could_read else Grammar.PROPLIB)
    failure = None if answer is None else failure_of(asked or {}, answer)
    if asked is not None and is_draft(asked):
        asked = to_shipped(asked)
        answer = None if answer is None else _shipped_reply(answer)
    return Meaning(request, reply or b"", asked, answer, failure, refusal)


def _read(text: bytes, grammar: Grammar) -> tuple[PlistDict | None, PlistError | None]:
    try:
        return loads(text, grammar=grammar), None
    except PlistError as error:
        return None, error


def _shipped_reply(reply: PlistDict) -> PlistDict:
    shipped = to_shipped(reply) if is_draft(reply) else dict(reply)
    data = fields.array(shipped, keys.CMD_DATA)
    if data is not None:
        shipped[keys.CMD_DATA] = [_shipped_entry(entry) for entry in data]
    return shipped


def _shipped_entry(entry: PlistValue) -> PlistValue:
    """An entry of the reply to names or targets; `to_shipped` knows the others."""
    if not isinstance(entry, dict):
        return entry
    dev = fields.uint64(entry, keys.DEV)
    if dev is not None:
        return entry | {keys.DEV: UInt(devnum.minor(dev))}
    version = fields.string(entry, keys.VERSION)
    if version is not None:
        numbers: list[PlistValue] = [int(part) for part in version.split(".") if part.isdecimal()]
        return entry | {keys.TARGET_VERSION: numbers}
    return entry


def device_text(device: Selector, known_name: str | None = None) -> str:
    """A device in words; empty if none is named.

    `known_name` is what the device is called where the request does not say so.
    """
    name = device.name or known_name
    asked_by = [] if device.minor is None else [f"minor {device.minor}"]
    if device.uuid is not None and device.name is None:
        asked_by.append(f"uuid {name_text(device.uuid)}")
    if name is None:
        return ", ".join(asked_by)
    return f"{name_text(name)} ({', '.join(asked_by)})" if asked_by else name_text(name)


def name_text(name: str) -> str:
    """A name, shortened; quoted where it would not be seen to be one word."""
    is_word = name.isprintable() and name and " " not in name
    return (shortened if is_word else quoted)(name, _NAME_LENGTH_MAX)


def label_of(request: bytes) -> str:
    """A label for a step: `reload vol1`."""
    asked, _ = _read(request, Grammar.LENIENT)
    title = title_of(Meaning(request, b"", asked, None))
    return shortened(title, LABEL_LENGTH_MAX)


def title_of(meaning: Meaning, known_name: str | None = None) -> str:
    """Command and device: `reload vol1`."""
    if meaning.request is None:
        return NO_PLIST
    command = printable(meaning.command) or "no command"
    return f"{command} {device_text(meaning.device, known_name)}".rstrip()
