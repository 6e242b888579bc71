"""A server of a test's own, in this process."""

import atexit
import os
import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import AbstractContextManager, ExitStack, closing
from enum import StrEnum
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final, ParamSpec, Self, TypeVar

from ..blockio.volume import Volume
from ..capture.journal import CaptureJournal
from ..client.blocking import Client, connect
from ..clock.timers import ManualClock, WallClock
from ..driver.mapper import Mapper
from ..driver.profile import STANDARD, Profile, find_profile
from ..faults.plan import Plan
from ..faults.rules import Rule
from ..pdev.catalog import Catalog, Offer
from ..server.journal import Journal
from ..server.settings import Settings
from ..wire.address import NBD_VARIABLE, SOCKET_VARIABLE
from .assertions import Assertions
from .control import Faults, HandClock
from .disks import DISKS, SECTORS
from .journal import Asked, MemoryJournal
from .meanwhile import Meanwhile
from .report import sections
from .running import ServerTask
from .state import DeviceState, Location, devices_of, handles_of, locations_of
from .thread import server_thread
from .volume import OpenDevice

P = ParamSpec("P")
T = TypeVar("T")


class ClockKind(StrEnum):
    """How time passes for a server."""

    WALL = "wall"
    """By itself."""
    MANUAL = "manual"
    """When the test says so."""
    AUTOJUMP = "autojump"
    """Nothing waits: time jumps to when the next thing is due."""


class DmServer(Assertions):
    """A server with devices of its own, running from now on until `close`.

    It has `disks` disks of `sectors` sectors, called /dev/wd1a, /dev/wd2a and so on, and
    what `offers` offers besides.  `profile` is one or its name, `clock` a `ClockKind`,
    `faults` are rules such as "reload nth=2 errno=ENOENT".  `nbd` exports the mapped
    devices, and `record` names a new file that becomes a capture of all that is asked.
    As a context manager it closes itself, and adds its journal to an exception that
    leaves the block.  A thread of this process runs it; any other may use it.
    Raises `ValueError` for an argument that is none.
    """

    def __init__(
        self,
        profile: Profile | str = STANDARD,
        *,
        disks: int = DISKS,
        sectors: int = SECTORS,
        offers: Iterable[Offer] = (),
        clock: str = ClockKind.WALL,
        faults: Iterable[Rule | str] = (),
        nbd: bool = False,
        record: Path | None = None,
    ) -> None:
        self.profile: Final = find_profile(profile) if isinstance(profile, str) else profile
        kind = _clock_kind(clock)
        plan = Plan.of(faults)
        self._meanwhile: Final = Meanwhile()
        with ExitStack() as stack:
            self._thread: Final = stack.enter_context(server_thread())
            self.disks: Final = self._thread.disks.borrow(disks, sectors)
            """Its disks; each sector says where it belongs."""
            stack.callback(self._thread.disks.give_back, self.disks)
            self._mapper: Final = Mapper(
                self.profile,
                Catalog([*self.disks.offers, *offers]),
                faults=plan,
                clock=WallClock() if kind is ClockKind.WALL else ManualClock(),
            )
            self.faults = Faults(plan, self._thread)
            self.clock: Final = HandClock(self._mapper.clock, self._thread)
            if kind is ClockKind.AUTOJUMP:
                self.clock.autojump()
            self._journal: Final = MemoryJournal(shows_times=self._mapper.clock.is_manual)
            directory = self._thread.new_directory()
            stack.callback(shutil.rmtree, directory)
            self.path: Final = directory / "dm.sock"
            self.nbd_path: Final = directory / "nbd.sock" if nbd else None
            self._serve(stack, record)
            self._stack: Final = stack.pop_all()
        self.is_closed = False
        atexit.register(self._close_at_exit)

    def _serve(self, stack: ExitStack, record: Path | None) -> None:
        mapper = self._mapper
        journals: list[Journal] = [self._journal]
        if record is not None:
            recording = CaptureJournal(record, self.profile.name, mapper.catalog)
            journals.append(stack.enter_context(closing(recording)))
        settings = Settings(
            socket_path=self.path,
            nbd_path=self.nbd_path,
            profile=self.profile,
            faults=mapper.faults,
            clock=mapper.clock,
            journals=journals,
        )
        stack.callback(self._meanwhile.join)
        task = ServerTask(self._thread, settings, mapper)
        stack.callback(task.stop)
        task.wait()

    def close(self) -> None:
        """End it, its clients first; what it kept in memory stays.  Once is enough."""
        self.is_closed = True
        atexit.unregister(self._close_at_exit)
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None:
            for title, text in sections(self).items():
                error.add_note(f"{title}:\n{text}")
        self.close()

    def connect(self) -> Client:
        """A new client; it is closed with the server at the latest."""
        client = connect(self.path)
        self._stack.callback(client.close)
        return client

    def open(self, name: str) -> OpenDevice:
        """Open a mapped device, to read and write it; raises `DMError` (ENOENT)."""
        volume = self._ask(lambda mapper: Volume(mapper, mapper.find(name)))
        opened = OpenDevice(volume, self._thread)
        self._stack.callback(opened.close)
        return opened

    def meanwhile(
        self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> AbstractContextManager["Future[T]"]:
        """Do `work` in another thread during a `with` block, for what has to wait.

        Behind the block its end is awaited, and what it raised is raised.
        """
        return self._meanwhile.run(partial(work, *args, **kwargs))

    def environment(self, *, preload: bool = False) -> dict[str, str]:
        """The environment of this process, for programs that are to find this server.

        With `preload`, programs that open /dev/mapper/control find it there, for they run
        with the preload shim; raises `ShimError` where that cannot be compiled.
        """
        own = {SOCKET_VARIABLE: str(self.path)}
        if self.nbd_path is not None:
            own[NBD_VARIABLE] = str(self.nbd_path)
        if preload:
            from ..shim.build import build_shim
            from ..shim.environment import preload as preloading

            own |= preloading(build_shim(), os.environ)
        others = {key: value for key, value in os.environ.items() if key != NBD_VARIABLE}
        return others | own

    @property
    def journal(self) -> list[Asked]:
        """Every request that was answered, or never will be, in order."""
        return self._journal.asked()

    @property
    def commands(self) -> list[str]:
        return [str(asked) for asked in self._journal.asked()]

    def forget(self) -> None:
        """Leave what has been so far out of `journal` and `commands`."""
        self._journal.forget()

    @property
    def devices(self) -> list[DeviceState]:
        return self._ask(devices_of)

    @property
    def handles(self) -> dict[str, int]:
        return self._ask(handles_of)

    def locate(self, name: str, sector: int) -> list[Location]:
        return self._ask(lambda mapper: locations_of(mapper, name, sector))

    def journal_lines(self, last: int | None = None) -> list[str]:
        return self._journal.lines(last)

    def _close_at_exit(self) -> None:
        """Of a program that has forgotten to; else its end would wait for the thread."""
        if self._thread.is_running:
            self.close()

    def _ask(self, question: Callable[[Mapper], T]) -> T:
        if self.is_closed:
            raise ValueError("the server is closed: ask for its state before that")
        return self._thread.call(lambda: question(self._mapper))


def _clock_kind(name: str) -> ClockKind:
    try:
        return ClockKind(name)
    except ValueError:
        raise ValueError(f"no clock {name!r}: choose {', '.join(ClockKind)}") from None
