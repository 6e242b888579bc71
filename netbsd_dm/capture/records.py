"""A capture as a file: JSON objects, one a line, whatever they mean."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

JsonObject: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file that is not blank; `number` counts all lines from 1."""

    number: int
    text: bytes
    """As it stands in the file, without the line feed."""
    record: JsonObject
    """What it holds; empty if it holds no object."""
    fault: str = ""
    """Why it holds none; empty if it does."""
    is_cut: bool = False
    """It ends within the object, at the end of the file: its writer was interrupted."""


def read_lines(path: Path) -> Iterator[Line]:
    """Every line of a file that is not blank; raises `OSError`."""
    with path.open("rb") as file:
        for number, text in enumerate(file, 1):
            if text.strip():
                yield _line(number, text)


def _line(number: int, text: bytes) -> Line:
    is_ended = text.endswith(b"\n")
    body = text.rstrip(b"\r\n")
    try:
        record = json.loads(body)
    except (ValueError, RecursionError) as error:
        return Line(number, body, {}, f"no JSON: {error}", is_cut=not is_ended)
    if not isinstance(record, dict):
        return Line(number, body, {}, "expected a JSON object")
    return Line(number, body, record)


def read_text(value: str | dict[str, str]) -> bytes:
    """The bytes in a value of a record; raises `ValueError`, `KeyError` or `TypeError`."""
    if isinstance(value, str):
        return value.encode()
    return base64.b64decode(value["base64"], validate=True)


def write_text(text: bytes) -> str | dict[str, str]:
    """The value that holds `text`: a string, or base64 where it is no UTF-8."""
    try:
        return text.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(text).decode()}


def to_line(record: JsonObject) -> bytes:
    """The line of a file for `record`, line feed included; raises `ValueError`.

    In UTF-8; in ASCII if a text has a lone surrogate, which UTF-8 cannot express.
    """
    text = json.dumps(record, ensure_ascii=False, allow_nan=False)
    try:
        return text.encode() + b"\n"
    except UnicodeEncodeError:
        return json.dumps(record).encode() + b"\n"
