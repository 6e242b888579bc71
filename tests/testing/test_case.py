"""The base class for unittest."""

import unittest
from pathlib import Path

import pytest

from netbsd_dm.testing import DmTestCase
from netbsd_dm.testing.thread import ServerThread

from .conftest import LINEAR, descriptors, make_device, threads


class Plain(DmTestCase):
    """As a user would write it; run by the tests below, and by pytest itself."""

    dm_profile = "netbsd-9"
    dm_disks = 1

    def setUp(self) -> None:
        super().setUp()
        make_device(self.dm_client)

    def test_it_has_a_server_of_its_own(self) -> None:
        self.dm_server.assert_table("vol1", LINEAR)
        assert self.dm_server.profile.name == "netbsd-9"
        assert self.dm_client.names() == [("vol1", 1)]

    def test_it_has_another_in_the_next_test(self) -> None:
        self.test_it_has_a_server_of_its_own()
        assert len(self.dm_server.disks) == 1


def test_unittest_runs_it_and_nothing_is_left(private: Path) -> None:
    before = threads(), descriptors()
    result = unittest.TestResult()
    unittest.TestLoader().loadTestsFromTestCase(Plain).run(result)
    assert result.testsRun == 2
    assert result.wasSuccessful(), result.errors
    assert (threads(), descriptors()) == before
    assert not list(private.iterdir())


def test_the_tests_of_a_class_share_a_thread(
    private: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    begin = ServerThread.__init__

    def count(thread: ServerThread) -> None:
        made.append(thread)
        begin(thread)

    monkeypatch.setattr(ServerThread, "__init__", count)
    unittest.TestLoader().loadTestsFromTestCase(Plain).run(unittest.TestResult())
    assert len(made) == 1
