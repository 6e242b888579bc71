"""Assertions hold, or tell what there is instead."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from netbsd_dm import Client, TableLine
from netbsd_dm.testing import DmServer, Faults

from .conftest import LINEAR, make_device


@contextmanager
def fails_with(*parts: str) -> Iterator[None]:
    """The block must raise an `AssertionError` whose text has these parts, in order."""
    with pytest.raises(AssertionError) as caught:
        yield
    text = str(caught.value)
    place = 0
    for part in parts:
        assert part in text[place:], text
        place = text.index(part, place) + len(part)


def test_the_commands_are_those_expected(dm_server: DmServer, dm_client: Client) -> None:
    dm_server.assert_commands()
    make_device(dm_client)
    dm_server.assert_commands("create vol1", "reload vol1", "resume vol1")


def test_other_commands_are_shown_beside_those_expected(
    dm_server: DmServer, dm_client: Client
) -> None:
    make_device(dm_client)
    with fails_with(
        "the commands received are not as expected",
        "create vol1",
        "- suspend vol1",
        "+ reload vol1",
        "resume vol1",
        "the last exchanges:",
        "2  reload vol1 -> ok",
        "0 2048 linear /dev/wd1a 384",
    ):
        dm_server.assert_commands("create vol1", "suspend vol1", "resume vol1")


def test_some_commands_may_be_expected_in_their_order(
    dm_server: DmServer, dm_client: Client
) -> None:
    make_device(dm_client)
    dm_server.assert_commands("create vol1", "resume vol1", contains=True)
    with fails_with("'create vol1' was not received after 'resume vol1'"):
        dm_server.assert_commands("resume vol1", "create vol1", contains=True)
    with fails_with("'remove vol1' was not received\n"):
        dm_server.assert_commands("remove vol1", contains=True)
    with fails_with("'create vol1' was not received after 'create vol1'"):
        dm_server.assert_commands("create vol1", "create vol1", contains=True)


def test_it_is_told_if_nothing_was_asked(dm_server: DmServer) -> None:
    with fails_with("nothing was asked of the server"):
        dm_server.assert_commands("create vol1")


def test_the_devices_are_those_expected(dm_server: DmServer, dm_client: Client) -> None:
    dm_server.assert_devices()
    for name in ("vol2", "vol1"):
        dm_client.create(name)
    dm_server.assert_devices("vol1", "vol2")
    with fails_with("the mapped devices are not as expected", "vol1", "+ vol2"):
        dm_server.assert_devices("vol1")


def test_the_tables_are_those_expected(device: DmServer, dm_client: Client) -> None:
    device.assert_table("vol1", "0 2048 linear /dev/wd1a 384")
    device.assert_table("vol1", LINEAR)
    device.assert_table("vol1", inactive=True)
    dm_client.reload("vol1", [TableLine(0, 8, "zero")])
    device.assert_table("vol1", "0 8 zero", inactive=True)
    with fails_with("the live table of vol1 is not", "- 0 8 zero", "+ 0 2048 linear"):
        device.assert_table("vol1", "0 8 zero")
    with fails_with("the inactive table of vol1 is not", "+ 0 8 zero"):
        device.assert_table("vol1", inactive=True)


def test_a_device_that_is_not_there_is_told_with_those_that_are(
    dm_server: DmServer, dm_client: Client
) -> None:
    with fails_with("there is no device vol1; there are: none"):
        dm_server.assert_table("vol1")
    dm_client.create("vol2")
    with fails_with("there is no device vol1; there are: vol2"):
        dm_server.assert_maps("vol1", 0, "/dev/wd1a")


def test_long_differences_are_cut_short(dm_server: DmServer, dm_client: Client) -> None:
    lines = [TableLine(number, 1, "zero") for number in range(100)]
    make_device(dm_client, "vol1", *lines)
    with fails_with("... 13 more lines"):
        dm_server.assert_table("vol1", *lines[:50])
    expected = [lines[0], *lines[2:50], *lines[51:]]
    with fails_with("+ 1 1 zero", "    ...\n", "+ 50 1 zero"):
        dm_server.assert_table("vol1", *expected)


def test_the_suspended_devices_are_those_expected(device: DmServer, dm_client: Client) -> None:
    device.assert_suspended()
    dm_client.suspend("vol1")
    device.assert_suspended("vol1")
    with fails_with("the suspended devices are not as expected", "+ vol1", "suspend vol1"):
        device.assert_suspended()


def test_the_handles_are_those_expected(device: DmServer, dm_client: Client) -> None:
    device.assert_handles({"/dev/wd1a": 1})
    with fails_with("physical devices open", "+ /dev/wd1a used by 1"):
        device.assert_handles({})
    with fails_with("- /dev/wd1a used by 2", "+ /dev/wd1a used by 1"):
        device.assert_handles({"/dev/wd1a": 2})
    dm_client.remove("vol1")
    device.assert_handles({})


def test_a_sector_maps_where_it_is_expected(device: DmServer, dm_client: Client) -> None:
    device.assert_maps("vol1", 17, "/dev/wd1a", 401)
    device.assert_maps("vol1", 17, "/dev/wd1a")
    device.assert_maps("vol1", 2048, None)
    make_device(dm_client, "upper", TableLine(0, 8, "linear", "/dev/mapper/vol1 9"))
    device.assert_maps("upper", 1, "/dev/mapper/vol1", 10)
    device.assert_maps("upper", 1, "/dev/wd1a", 394)


def test_a_sector_that_maps_elsewhere_is_told_with_the_table(device: DmServer) -> None:
    with fails_with(
        "sector 17 of vol1 lies on /dev/wd1a 401, not on /dev/wd1a 402; the live table is",
        "0 2048 linear /dev/wd1a 384",
    ):
        device.assert_maps("vol1", 17, "/dev/wd1a", 402)
    with fails_with("sector 17 of vol1 lies on /dev/wd1a 401, not on nothing"):
        device.assert_maps("vol1", 17, None)
    with fails_with("sector 17 of vol1 lies on /dev/wd1a 401, not on zero;"):
        device.assert_maps("vol1", 17, "zero")


def test_a_sector_of_no_table_is_told(dm_server: DmServer, dm_client: Client) -> None:
    dm_client.create("vol1")
    with fails_with("sector 0 of vol1 lies on nothing, not on /dev/wd1a", "empty"):
        dm_server.assert_maps("vol1", 0, "/dev/wd1a")


def test_faults_that_have_not_hit_are_told(
    dm_server: DmServer, dm_client: Client, dm_faults: Faults
) -> None:
    dm_server.assert_faults_hit()
    dm_faults.add("version delay=1us", "names delay=1us")
    dm_client.version()
    with fails_with("these faults have not hit:\n    names delay=0.001ms\n"):
        dm_server.assert_faults_hit()
    dm_client.names()
    dm_server.assert_faults_hit()


def test_the_failure_is_shown_where_the_test_asserts(dm_server: DmServer) -> None:
    with pytest.raises(AssertionError) as caught:
        dm_server.assert_devices("vol1")
    hidden = [entry.locals.get("__tracebackhide__") for entry in caught.traceback]
    assert hidden == [None, True, True, True]
