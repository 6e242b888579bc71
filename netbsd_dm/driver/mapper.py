"""The device mapper itself: requests in, replies out."""

import logging
from collections.abc import Callable, Iterable

from ..pdev.catalog import Catalog
from ..pdev.registry import Pdev
from ..plist import PlistDict
from ..wire.errors import DMError, Errno
from . import draft
from .admission import admit
from .commands.table import commands_of
from .device import Device
from .events import Pending, Wait
from .failure import failed_command
from .profile import STANDARD, Profile, find_profile
from .state import State

_log = logging.getLogger(__name__)

Finish = Callable[[PlistDict], PlistDict]


class Mapper:
    """One device mapper; it needs no socket.

    `profile` is a `Profile` or the name of one.  `catalog` says what the names
    in tables stand for.  Close it to give the open files back.
    """

    def __init__(self, profile: Profile | str = STANDARD, catalog: Catalog | None = None) -> None:
        self.profile = find_profile(profile) if isinstance(profile, str) else profile
        self._state = State.fresh(self.profile, (catalog or Catalog()).resolve)
        self._commands = commands_of(self.profile)

    def execute(self, request: PlistDict, *, privileged: bool = True) -> PlistDict | Pending:
        """Run the command that `request` asks for and turn it into the reply.

        The dictionary may be changed.  A failed command never raises: its reply
        tells (`failure`).  waitevent may return a `Pending` reply, and so may
        what drains I/O: suspend, resume and remove.
        """
        if self.profile.accepts_draft and draft.is_draft(request):
            shipped = draft.to_shipped(request)
            return self._run(shipped, privileged, draft.translator(request, shipped))
        return self._run(request, privileged, None)

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
        self, request: PlistDict, privileged: bool, finish: Finish | None
    ) -> PlistDict | Pending:
        try:
            wait = admit(request, self._commands, privileged).run(self._state, request)
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
