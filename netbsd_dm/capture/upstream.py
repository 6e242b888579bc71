"""What there is to know of a server before its clients are recorded."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..pdev.catalog import Offer
from ..pdev.devnum import makedev
from ..plist import PlistDict, PlistError, dumps, loads
from ..wire import fields, keys

STATE_REQUEST: Final = dumps({keys.MONITOR: "state"})
"""Asks one of ours for its state; any other fails, or echoes it."""


@dataclass(frozen=True, slots=True)
class Upstream:
    """A server, as far as it tells."""

    driver: str = "unknown"
    offers: tuple[Offer, ...] = ()
    """What tables may name."""
    devices: tuple[str, ...] = ()
    """The mapped devices that it has."""


def upstream_of(reply: bytes) -> Upstream:
    """What `reply` to `STATE_REQUEST` tells."""
    try:
        state = loads(reply).get("result")
    except PlistError:
        state = None
    if not isinstance(state, dict):
        return Upstream()
    version, profile = fields.string(state, "version"), fields.string(state, "profile")
    return Upstream(
        f"netbsd-dm {version}, profile {profile}",
        tuple(filter(None, map(_offer, _dictionaries(state, "offers")))),
        tuple(fields.string(each, keys.NAME) or "" for each in _dictionaries(state, "devices")),
    )


def _offer(record: PlistDict) -> Offer | None:
    name, path = fields.string(record, keys.NAME), fields.string(record, "path")
    match fields.array(record, keys.DEV):
        case [int(major), int(minor)] if name and path:
            return Offer(name, Path(path), makedev(major, minor))
    return None


def _dictionaries(record: PlistDict, key: str) -> Iterator[PlistDict]:
    for each in fields.array(record, key) or []:
        if isinstance(each, dict):
            yield each
