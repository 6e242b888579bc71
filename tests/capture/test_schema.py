"""protocol/capture.schema.json: true of every recording, and of nothing else."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from netbsd_dm.capture import forms

from .conftest import HEAD, SCHEMA, line_validator, step

FIXTURES = Path(__file__).parents[2] / "fixtures"


def test_the_schema_is_a_schema() -> None:
    validator = line_validator()
    validator.check_schema(validator.schema)


def lines() -> Iterator[tuple[str, Any]]:
    for path in sorted(FIXTURES.rglob("*.jsonl")):
        for number, line in enumerate(path.read_bytes().splitlines(), 1):
            yield f"{path.name}:{number}", json.loads(line)


def test_every_line_of_the_recordings_is_valid() -> None:
    validator = line_validator()
    invalid = [place for place, line in lines() if not validator.is_valid(line)]
    assert invalid == []


@pytest.mark.parametrize(
    "line",
    [
        {},
        [],
        HEAD | {"format": 2},
        HEAD | {"disks": [{"name": "/dev/wd1a", "sectors": 8}]},
        HEAD | {"n": 1},
        {"n": 1, "class": "stable"},
        step(0, request="r"),
        step(1, request="r") | {"class": "good"},
        step(1, request="r", io={"op": "R", "minor": 1, "off": 0, "len": 0}),
        step(1, request={"base64": "?"}),
        step(1, request={"hex": "00"}),
        step(1, request="r", reply="r", reply_sha256="0" * 64, reply_bytes=1),
        step(1, request="r", reply_sha256="0" * 64),
        step(1, request="r", reply_sha256="F" * 64, reply_bytes=1),
        step(1, request="r", fault=[]),
        step(1, request="r", fault="one"),
        step(1, request="r", client=0),
        step(1, request="r", at=-1),
        step(1, request="r", reply="r", dropped=True, truncated=1),
        step(1, request="r", truncated=1),
        step(1, io={"op": "X", "minor": 1, "off": 0, "len": 0}),
        {"argv": [], "run": 1},
        {"argv": ["ls"]},
        {"fault": ["rule"]},
    ],
    ids=repr,
)
def test_what_is_no_line_of_a_capture_is_not_valid(line: Any) -> None:
    assert not line_validator().is_valid(line)


@pytest.mark.parametrize(
    "line",
    [
        {"scenario": "x"},
        HEAD | {"format": 1, "unknown": {}},
        step(1, request="r", unknown=[]),
        step(1, request="", reply={"base64": ""}),
        step(1, request="r", reply="reply", truncated=0),
        {"fault": ["rule"], "what": "open of /dev/wd1a"},
    ],
    ids=repr,
)
def test_what_need_not_be_there_may_be_missing_or_more(line: Any) -> None:
    line_validator().validate(line)


@pytest.mark.parametrize(
    ("definition", "kind"),
    [
        ("head", forms.HEAD),
        ("step", forms.STEP),
        ("command_line", forms.COMMAND_LINE),
        ("fault_note", forms.FAULT_NOTE),
    ],
)
def test_the_check_knows_the_same_keys(definition: str, kind: forms.Kind) -> None:
    described = json.loads(SCHEMA.read_text())["$defs"][definition]
    assert kind.forms.keys() == described["properties"].keys()
    assert set(kind.required) == set(described["required"])
