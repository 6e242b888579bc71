"""What there is to know of a server before its clients are recorded."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..pdev.catalog import Offer
from ..pdev.devnum import makedev
from ..plist import PlistError, dumps, loads
from ..wire import keys, monitoring

STATE_REQUEST: Final = dumps({keys.MONITOR: monitoring.STATE})
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
        result = loads(reply).get(monitoring.RESULT)
    except PlistError:
        result = None
    if not isinstance(result, dict):
        return Upstream()
    state = monitoring.read_state(result)
    return Upstream(
        f"netbsd-dm {state.version}, profile {state.profile}",
        tuple(
            Offer(each.name, Path(each.path), makedev(each.dev.major, each.dev.minor))
            for each in state.offers
            if each.name and each.path and any(each.dev)  # as the server has them
        ),
        tuple(device.name for device in state.devices),
    )
