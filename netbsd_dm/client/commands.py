"""The commands as methods, for clients that wait for the reply."""

from abc import abstractmethod
from collections.abc import Iterable
from typing import TypeVar

from ..plist import PlistDict
from ..resources.closing import Closing
from ..wire import calls
from ..wire.calls import Call, Selector
from ..wire.outcome import failure_of
from ..wire.replies import Info, IoStatistics, NamedDevice, TableLine, TargetVersion, Version

T = TypeVar("T")


class Commands(Closing):
    """One method per command.

    A device is given by `name`, `uuid` or `minor`.  Starts and lengths are in
    sectors of 512 bytes.  Every method raises `DMError` when the command fails;
    profile netbsd-9 echoes remove_all, message and setgeometry, which it lacks,
    and nothing in the reply tells.
    """

    @abstractmethod
    def exchange(self, request: PlistDict) -> PlistDict:
        """Send one request dictionary and give the reply, failed or not."""

    def version(self) -> Version:
        """The driver's version."""
        return self._do(calls.version())

    def targets(self) -> list[TargetVersion]:
        """All targets, in order of registration."""
        return self._do(calls.targets())

    def names(self) -> list[NamedDevice]:
        """All devices with their minors, oldest first, renamed ones last."""
        return self._do(calls.names())

    def create(self, name: str, uuid: str | None = None, *, read_only: bool = False) -> int:
        """Make a device without tables; gives its minor."""
        return self._do(calls.create(name, uuid, read_only))

    def remove(
        self, name: str | None = None, *, uuid: str | None = None, minor: int | None = None
    ) -> None:
        """Remove a device and give back what its tables use."""
        self._do(calls.remove(Selector(name, uuid, minor)))

    def remove_all(self) -> None:
        """Remove every device that is not in use; EBUSY if some are."""
        self._do(calls.remove_all())

    def rename(
        self,
        name: str | None,
        new_name: str,
        *,
        uuid: str | None = None,
        minor: int | None = None,
    ) -> None:
        """Give a device another name."""
        self._do(calls.rename(Selector(name, uuid, minor), new_name))

    def suspend(
        self,
        name: str | None = None,
        *,
        uuid: str | None = None,
        minor: int | None = None,
        no_flush: bool = False,
    ) -> None:
        """Hold new I/O to a device, await what has begun, and flush it unless `no_flush`."""
        self._do(calls.suspend(Selector(name, uuid, minor), no_flush))

    def resume(
        self, name: str | None = None, *, uuid: str | None = None, minor: int | None = None
    ) -> None:
        """Make the inactive table live, and end a suspension."""
        self._do(calls.resume(Selector(name, uuid, minor)))

    def info(
        self, name: str | None = None, *, uuid: str | None = None, minor: int | None = None
    ) -> Info:
        """The state of a device."""
        return self._do(calls.info(Selector(name, uuid, minor)))

    def mknodes(
        self, name: str | None = None, *, uuid: str | None = None, minor: int | None = None
    ) -> Info:
        """What `info` gives, as the driver does."""
        return self._do(calls.info(Selector(name, uuid, minor), "mknodes"))

    def waitevent(
        self,
        name: str | None = None,
        event_nr: int | None = None,
        *,
        uuid: str | None = None,
        minor: int | None = None,
    ) -> int:
        """Wait until the event counter passes `event_nr` (None: the present one); gives it."""
        return self._do(calls.waitevent(Selector(name, uuid, minor), event_nr))

    def reload(
        self,
        name: str | None = None,
        lines: Iterable[TableLine] = (),
        *,
        uuid: str | None = None,
        minor: int | None = None,
    ) -> None:
        """Load a table into the inactive slot."""
        self._do(calls.reload(Selector(name, uuid, minor), lines))

    def clear(
        self, name: str | None = None, *, uuid: str | None = None, minor: int | None = None
    ) -> None:
        """Empty the inactive slot."""
        self._do(calls.clear(Selector(name, uuid, minor)))

    def deps(
        self,
        name: str | None = None,
        *,
        uuid: str | None = None,
        minor: int | None = None,
        inactive: bool = False,
    ) -> list[int]:
        """The NetBSD dev_t of each physical device the table uses, once per use."""
        return self._do(calls.deps(Selector(name, uuid, minor), inactive))

    def status(
        self,
        name: str | None = None,
        *,
        uuid: str | None = None,
        minor: int | None = None,
        inactive: bool = False,
    ) -> list[TableLine]:
        """The lines of the table, without params."""
        return self._do(calls.status(Selector(name, uuid, minor), inactive))

    def table(
        self,
        name: str | None = None,
        *,
        uuid: str | None = None,
        minor: int | None = None,
        inactive: bool = False,
    ) -> list[TableLine]:
        """The lines of the table, with params."""
        return self._do(calls.table(Selector(name, uuid, minor), inactive))

    def message(
        self,
        name: str | None = None,
        text: str = "",
        *,
        sector: int = 0,
        uuid: str | None = None,
        minor: int | None = None,
    ) -> str | None:
        """Send a text to the target that maps `sector`; gives its answer, if any."""
        return self._do(calls.message(Selector(name, uuid, minor), text, sector))

    def setgeometry(
        self,
        name: str | None = None,
        *,
        cylinders: int,
        heads: int,
        sectors: int,
        start: int = 0,
        uuid: str | None = None,
        minor: int | None = None,
    ) -> None:
        """Set the geometry that disk information reports."""
        selector = Selector(name, uuid, minor)
        self._do(calls.setgeometry(selector, cylinders, heads, sectors, start))

    def iostat(
        self, name: str | None = None, *, uuid: str | None = None, minor: int | None = None
    ) -> list[IoStatistics]:
        """What became of the I/O of a device, or of all devices if none is given."""
        return self._do(calls.iostat(Selector(name, uuid, minor)))

    def _do(self, call: Call[T]) -> T:
        request = dict(call.request)  # a mapper in this process writes the reply into it
        reply = self.exchange(request)
        error = failure_of(call.request, reply)
        if error is not None:
            raise error
        return call.read(reply)
