"""A device mapper in this process: the commands without a socket."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from ..blockio.volume import Volume
from ..clock.timers import Clock
from ..driver.device import Device
from ..driver.diskinfo import disk_info
from ..driver.events import Pending
from ..driver.mapper import Mapper
from ..driver.profile import STANDARD, Profile
from ..faults.plan import Fault, Plan
from ..faults.rules import Rule
from ..pdev.catalog import Catalog, Offer
from ..pdev.file import require_disk
from ..pdev.registry import Pdev
from ..plist import PlistDict, dumps, loads
from ..targets.interface import Place
from ..wire.errors import DMError, Errno, NoServerError
from .commands import Commands


class DeviceMapper(Commands):
    """NetBSD's device-mapper, to be used directly; see `Commands` for its methods.

    `devices` maps the names that tables use to files or block devices (or is a
    list of `Offer`); a directory in `device_dirs` plays the part of /dev.
    `faults` are rules such as "reload nth=2 errno=ENOENT" (docs/faults.md), `clock` a
    `ManualClock` if time is not to pass by itself.  Close it, or use it as a context
    manager, to give open files back.  Raises `DMError` (ENOENT) for a file that is not
    there, and `ValueError` for a rule that is none.
    """

    def __init__(
        self,
        profile: Profile | str = STANDARD,
        *,
        devices: Mapping[str, str | os.PathLike[str]] | Iterable[Offer] = (),
        device_dirs: Iterable[str | os.PathLike[str]] = (),
        privileged: bool = True,
        faults: Iterable[Rule | str] = (),
        clock: Clock | None = None,
    ) -> None:
        offers = (
            [Offer(name, Path(path)) for name, path in devices.items()]
            if isinstance(devices, Mapping)
            else list(devices)
        )
        for offer in offers:
            require_disk(os.fspath(offer.path))
        catalog = Catalog(offers, device_dirs)
        self.mapper = Mapper(profile, catalog, faults=Plan.of(faults), clock=clock)
        self._privileged = privileged

    def close(self) -> None:
        """Close every open file."""
        self.mapper.close()

    def exchange(self, request: PlistDict) -> PlistDict:
        """Run one request dictionary; it is turned into the reply.

        A waitevent that would wait raises `DMError` (EAGAIN): nothing happens
        in this process meanwhile.  What a suspend has to flush is flushed here.
        A fault that ends the connection raises `NoServerError`, as a client would.
        """
        fault = self.mapper.fault(request)
        return self._run(request, None) if fault is None else self._meet(fault, request)

    def _meet(self, fault: Fault, request: PlistDict) -> PlistDict:
        effect = fault.effect
        if effect.delay_seconds:
            self.mapper.clock.sleep(effect.delay_seconds)
        if effect.hangup:
            raise NoServerError(f"the connection drops on demand: {fault}")
        if fault.ioctl_failure is not None:
            raise fault.ioctl_failure
        reply = self._run(request, fault.failure)
        if effect.drop or effect.cut_bytes is not None:
            raise NoServerError(f"the connection drops on demand: {fault}")
        if effect.truncate_bytes is not None:
            return loads(dumps(reply)[: effect.truncate_bytes])
        return reply

    def _run(self, request: PlistDict, failure: DMError | None) -> PlistDict:
        outcome = self.mapper.execute(request, privileged=self._privileged, failure=failure)
        if not isinstance(outcome, Pending):
            return outcome
        if outcome.is_ready:
            return outcome.run_work()
        outcome.cancel()
        raise DMError(Errno.EAGAIN, "it would wait here for ever: nobody else can end the wait")

    def open(self, name: str) -> Volume:
        """Open the device for I/O on its sectors; close it, or use a `with` block.

        Raises `DMError` (ENOENT).
        """
        return Volume(self.mapper, self.mapper.find(name))

    @property
    def devices(self) -> tuple[Device, ...]:
        """All mapped devices with both tables."""
        return self.mapper.devices

    @property
    def opened(self) -> list[Pdev]:
        """The physical devices that are open, with their reference counts."""
        return self.mapper.opened

    def disk_info(self, name: str) -> PlistDict:
        """What DIOCGDISKINFO would answer on the device's node; ENOTSUP before a table."""
        return disk_info(self.mapper.find(name))

    def map(self, name: str, sector: int) -> Place | None:
        """Where a sector of a device lies by its live table; None in a hole."""
        return self.mapper.find(name).live.map(sector)
