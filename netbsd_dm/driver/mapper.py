"""The device mapper itself: requests in, replies out."""

import logging
from collections.abc import Callable, Iterable

from ..clock.timers import Clock, WallClock
from ..faults.plan import Fault, Plan
from ..faults.rules import Names
from ..pdev.catalog import Catalog
from ..pdev.registry import Pdev
from ..plist import PlistDict
from ..wire import fields, keys
from ..wire.errors import DMError, Errno
from . import draft
from .admission import admit
from .commands.table import commands_of
from .device import Device
from .events import Pending, Wait
from .failure import failed_command
from .injection import fail_on_demand, precedes_admission
from .profile import STANDARD, Profile, find_profile
from .state import State

_log = logging.getLogger(__name__)

Finish = Callable[[PlistDict], PlistDict]


class Mapper:
    """One device mapper; it needs no socket.

    `profile` is a `Profile` or the name of one.  `catalog` says what the names
    in tables stand for, `faults` what fails on demand, `clock` how time passes.
    Close it to give the open files back.
    """

    def __init__(
        self,
        profile: Profile | str = STANDARD,
        catalog: Catalog | None = None,
        *,
        faults: Plan | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.profile = find_profile(profile) if isinstance(profile, str) else profile
        self.catalog = catalog or Catalog()
        self.faults = Plan() if faults is None else faults
        self.clock = WallClock() if clock is None else clock
        self._state = State.fresh(
            self.profile, self.catalog.resolve, self.clock, self._before_opening
        )
        self._commands = commands_of(self.profile)

    def execute(
        self, request: PlistDict, *, privileged: bool = True, failure: DMError | None = None
    ) -> PlistDict | Pending:
        """Run the command that `request` asks for and turn it into the reply.

        The dictionary may be changed.  A failed command never raises: its reply
        tells (`failure`).  waitevent may return a `Pending` reply, and so may
        what drains I/O: suspend, resume and remove.  With `failure` the command
        fails on demand.
        """
        if self.profile.accepts_draft and draft.is_draft(request):
            shipped = draft.to_shipped(request)
            finish = draft.translator(request, shipped)
            return self._run(shipped, privileged, finish, failure)
        return self._run(request, privileged, None, failure)

    def fault(self, request: PlistDict) -> Fault | None:
        """What `faults` has for a command; each call counts as one."""
        if not self.faults:
            return None
        if self.profile.accepts_draft and draft.is_draft(request):
            request = draft.to_shipped(request)
        command = fields.string(request, keys.COMMAND) or ""
        return self.faults.command(command, self._names(command, request))

    def _names(self, command: str, request: PlistDict) -> Names:
        """What the request calls its device, with what else the device is called."""
        minor = int(fields.uint32(request, keys.MINOR))
        name = fields.string(request, keys.NAME) or ""
        uuid = fields.string(request, keys.UUID) or ""
        if command == "create":  # which reads no minor, and is about none that exists
            return Names(name, uuid)
        device = self.lookup(minor, name, uuid)
        if device is None:
            return Names(name, uuid, minor)
        return Names(device.name, device.uuid, device.minor)

    def _before_opening(self, name: str) -> None:
        if self.faults:
            self.faults.opening(name)

    @property
    def devices(self) -> tuple[Device, ...]:
        """All mapped devices, oldest first, renamed ones last."""
        return tuple(self._state.devices)

    @property
    def opened(self) -> list[Pdev]:
        """The physical devices that are open, by name, with their reference counts."""
        return self._state.pdevs.opened()

    def find(self, name: str) -> Device:
        """The device of that name; raises `DMError` (ENOENT)."""
        device = self._state.devices.by_name(name)
        if device is None:
            raise DMError(Errno.ENOENT, f"no device named {name}")
        return device

    def lookup(
        self, minor: int = 0, name: str | None = None, uuid: str | None = None
    ) -> Device | None:
        """The device with that minor, else name, else uuid, as commands find it; or None."""
        return self._state.devices.find(minor, name, uuid)

    def retain(self, pdevs: Iterable[Pdev]) -> None:
        """Keep physical devices open, whatever becomes of the tables that opened them."""
        for pdev in pdevs:
            self._state.pdevs.retain(pdev)

    def release(self, pdevs: Iterable[Pdev]) -> None:
        """Give back what was retained; what nobody uses any more is closed."""
        for pdev in pdevs:
            self._state.pdevs.release(pdev)
        self._state.pdevs.reap()

    def close(self) -> None:
        """Close every physical device; the mapper is not used afterwards."""
        for device in self._state.devices:
            device.destroy()
        self._state.pdevs.close()

    def _run(
        self,
        request: PlistDict,
        privileged: bool,
        finish: Finish | None,
        failure: DMError | None,
    ) -> PlistDict | Pending:
        if self.faults:
            self.faults.opens = ()
        try:
            if failure is not None and precedes_admission(failure.errno):
                raise failure
            command = admit(request, self._commands, privileged)
            if failure is not None:
                fail_on_demand(self._state, str(request[keys.COMMAND]), request, failure)
            wait = command.run(self._state, request)
        except DMError as error:
            failed_command(request, error, self.profile)
        except Exception as error:  # noqa: BLE001 (a target of a package may raise anything)
            _log.exception("a command failed for a reason that is no answer of the driver")
            failed_command(request, _internal(error), self.profile)
        else:
            if wait is not None:
                return self._wait(request, wait, finish)
        finally:
            self._state.pdevs.reap()
        return finish(request) if finish else request

    def _wait(self, request: PlistDict, wait: Wait, finish: Finish | None) -> PlistDict | Pending:
        def finished() -> PlistDict:
            return finish(request) if finish else request

        def attempt() -> PlistDict | None:
            try:
                return finished() if wait.is_over(request) else None
            finally:
                self._state.pdevs.reap()

        def failed(error: DMError) -> PlistDict:
            failed_command(request, error, self.profile)
            return finished()

        pending = Pending(wait, attempt, failed)
        return pending if pending.reply is None else pending.reply


def _internal(error: Exception) -> DMError:
    return DMError(
        Errno.EIO,
        f"internal error: {error!r}; the server's log has the place, please report it",
    )
