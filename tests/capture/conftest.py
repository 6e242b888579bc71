"""Captures made up for a test."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from netbsd_dm.plist import PlistValue, dumps

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
