"""Captures made up for a test."""

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from netbsd_dm.driver.mapper import Mapper
from netbsd_dm.plist import PlistDict, PlistValue, dumps, loads

HEAD = {
    "scenario": "made-up",
    "description": "a scenario of a test",
    "driver": "none",
    "disks": [{"name": "/dev/wd1a", "sectors": 8, "dev": [197, 0], "tag": "wd1a...."}],
}


def request(command: str, **given: PlistValue) -> str:
    """The text of a request."""
    return dumps({"command": command, "version": [4, 0, 0], **given}).decode()


def step(number: int, **given: Any) -> dict[str, Any]:
    """One line of a capture: an exchange that was stable, unless told otherwise."""
    return {"n": number, "label": f"step-{number}", "class": "stable", **given}


def exchange(mapper: Mapper, asked: PlistDict) -> tuple[bytes, bytes]:
    """The texts of a request and of what `mapper` replies."""
    text = dumps(asked)
    reply = mapper.execute(loads(text))
    assert isinstance(reply, dict)
    return text, dumps(reply)


SCHEMA = Path(__file__).parents[2] / "protocol" / "capture.schema.json"


@functools.cache
def line_validator() -> Draft202012Validator:
    """Tells whether an object is a line of a capture, by the schema."""
    return Draft202012Validator(json.loads(SCHEMA.read_text()))


Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a capture file of lines, each an object or a text."""

    def write(*lines: object) -> Path:
        path = tmp_path / "made-up.jsonl"
        texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
        path.write_text("".join(f"{text}\n" for text in texts))
        return path

    return write
