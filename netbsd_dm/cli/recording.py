"""netbsd-dm record: from options to a running proxy."""

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

import trio
import typer

from ..capture.journal import disks_of
from ..capture.record import Recording, record
from ..capture.recorder import RecordError
from ..capture.upstream import STATE_REQUEST, Upstream, upstream_of
from ..capture.writing import head
from ..pdev.catalog import Catalog, Offer
from ..server.serving import STOP_SIGNALS
from ..server.settings import ServeError
from .devices import parse_devices
from .options import FAILED, USAGE, exit_without_server, fail
from .running import RunningServer

_log = logging.getLogger(__name__)

_LOOK_SECONDS = 2
"""So long a server is given to tell of itself; others than ours may not reply."""


def record_clients(
    out: Path, listen: Path, upstream: Path, scenario: str | None, devices: Iterable[str]
) -> NoReturn:
    """Record as the options of `record` say, and exit."""
    logging.basicConfig(format="netbsd-dm: %(message)s", level=logging.INFO)
    offers = parse_devices(devices)
    with exit_without_server():
        server = _look(upstream)
    if server.devices:
        _log.warning(
            "the server has devices already, and a replay begins without: %s",
            ", ".join(server.devices),
        )
    recording = Recording(
        listen=listen,
        upstream=upstream,
        out=out,
        head_line=head(
            scenario or out.stem,
            f"recorded by netbsd-dm record from {upstream}",
            server.driver,
            disks_of(Catalog(_merged(server.offers, offers))),
        ),
    )
    typer.echo(f"netbsd-dm: {_record(recording)} exchanges in {out}", err=True)
    raise typer.Exit


def _look(upstream: Path) -> Upstream:
    with RunningServer(upstream, _LOOK_SECONDS) as server:
        return upstream_of(server.exchange(STATE_REQUEST))


def _merged(told: Iterable[Offer], given: list[Offer]) -> list[Offer]:
    """Both, those given first in every doubt."""
    names = {offer.name for offer in given}
    return [*(offer for offer in told if offer.name not in names), *given]


def _record(recording: Recording) -> int:
    async def record_here() -> int:
        return await record(recording, stop_signals=STOP_SIGNALS)

    try:
        return trio.run(record_here)
    except ServeError as error:
        fail(str(error), FAILED)
    except RecordError as error:
        fail(f"{recording.out} cannot be written: {error}; it is whole up to there", FAILED)
    except FileExistsError as error:
        fail(f"{recording.out}: {error.strerror}", USAGE)
    except OSError as error:
        fail(f"cannot make {recording.out}: {error.strerror}; name another file", FAILED)
