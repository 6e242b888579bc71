"""For unittest: a server and a client for each test."""

from typing import ClassVar
from unittest import TestCase

from ..client.blocking import Client
from ..driver.profile import STANDARD, Profile
from .disks import DISKS, SECTORS
from .server import ClockKind, DmServer
from .thread import server_thread


class DmTestCase(TestCase):
    """Has `dm_server` and `dm_client` in every test; `DmServer` says what the rest means.

    A `setUp` of your own calls that of this class first.
    """

    dm_profile: ClassVar[Profile | str] = STANDARD
    dm_disks: ClassVar[int] = DISKS
    dm_sectors: ClassVar[int] = SECTORS
    dm_clock: ClassVar[str] = ClockKind.WALL
    dm_nbd: ClassVar[bool] = False

    dm_server: DmServer
    dm_client: Client

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.enterClassContext(server_thread())  # not one for each test

    def setUp(self) -> None:
        super().setUp()
        self.dm_server = DmServer(
            self.dm_profile,
            disks=self.dm_disks,
            sectors=self.dm_sectors,
            clock=self.dm_clock,
            nbd=self.dm_nbd,
        )
        self.addCleanup(self.dm_server.close)
        self.dm_client = self.dm_server.connect()
