"""Which keys each kind of line has, and what their values look like.

The same as protocol/capture.schema.json, for whoever has no validator.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from .format import StepClass
from .records import JsonObject

_SHA256: Final = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Form:
    """What a value must be, in words and as a test."""

    words: str
    fits: Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of line: the forms of its keys, and which of them it must have."""

    forms: Mapping[str, Form]
    required: tuple[str, ...]

    def faults(self, record: JsonObject) -> Iterator[str]:
        """What is missing in `record`, and what has not its form."""
        for key in self.required:
            if key not in record:
                yield f"it has no {key}"
        for key, value in record.items():
            form = self.forms.get(key)
            if form is not None and not form.fits(value):
                yield f"{key} is not {form.words}"

    def unknown(self, record: JsonObject) -> Iterator[str]:
        """The keys of `record` that mean nothing here."""
        return (key for key in record if key not in self.forms)


def _is_integer(minimum: int) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and value >= minimum


def _is_seconds(value: Any) -> bool:
    return type(value) in {int, float} and math.isfinite(value) and value >= 0


def _is_bytes(value: Any) -> bool:
    if isinstance(value, dict):
        return value.keys() == {"base64"} and isinstance(value["base64"], str)
    return isinstance(value, str)


def _is_sha256(value: Any) -> bool:
    return isinstance(value, str) and _SHA256.fullmatch(value) is not None


def _is_list_of(fits: Callable[[Any], bool], minimum: int = 0) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and len(value) >= minimum and all(map(fits, value))


def _is_dev(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(_is_integer(0), value))


def _is_disk(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    forms = {"name": _TEXT.fits, "sectors": _is_integer(0), "dev": _is_dev}
    has_all = all(key in value and fits(value[key]) for key, fits in forms.items())
    return has_all and _TEXT.fits(value.get("tag", ""))


def _is_instance(kind: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, kind)


_TEXT: Final = Form("a text", _is_instance(str))
_COUNT: Final = Form("a whole number from 0", _is_integer(0))
_NUMBER: Final = Form("a whole number from 1", _is_integer(1))
_SECONDS: Final = Form("a number of seconds", _is_seconds)
_FLAG: Final = Form("true or false", _is_instance(bool))
_OBJECT: Final = Form("an object", _is_instance(dict))
_BYTES: Final = Form('a text or {"base64": ...}', _is_bytes)
_TEXTS: Final = Form("an array of at least one text", _is_list_of(_TEXT.fits, 1))
_CLASSES: Final = tuple(each.value for each in StepClass)

HEAD: Final = Kind(
    {
        "format": _NUMBER,
        "scenario": _TEXT,
        "description": _TEXT,
        "driver": _TEXT,
        "disks": Form(
            "an array of disks: name, sectors, dev [major, minor]", _is_list_of(_is_disk)
        ),
        "recorded": _OBJECT,
    },
    ("scenario",),
)
STEP: Final = Kind(
    {
        "n": _NUMBER,
        "label": _TEXT,
        "class": Form(f"one of {', '.join(_CLASSES)}", _CLASSES.__contains__),
        "server_restarted_after": _FLAG,
        "note": _TEXT,
        "run": _NUMBER,
        "client": _NUMBER,
        "at": _SECONDS,
        "fault": _TEXTS,
        "dropped": _FLAG,
        "truncated": _COUNT,
        "request": _BYTES,
        "reply": _BYTES,
        "reply_sha256": Form("64 hex digits, in lower case", _is_sha256),
        "reply_bytes": _COUNT,
        "io": _OBJECT,
    },
    ("n", "class"),
)
COMMAND_LINE: Final = Kind(
    {
        "run": _NUMBER,
        "argv": _TEXTS,
        "stdin": _TEXT,
        "exit": Form("a whole number", lambda value: type(value) is int),
        "output": _TEXT,
    },
    ("run", "argv"),
)
FAULT_NOTE: Final = Kind({"fault": _TEXTS, "at": _SECONDS, "what": _TEXT}, ("fault", "what"))
