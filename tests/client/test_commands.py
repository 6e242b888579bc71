"""One method per command, over a socket, on both profiles."""

import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

import netbsd_dm
from netbsd_dm import Client, DMError, NoServerError, TableLine, TrioClient, Version
from netbsd_dm.client.commands import Commands
from netbsd_dm.client.exchange import ReplyReader
from netbsd_dm.plist import PlistError, dumps
from netbsd_dm.wire import calls
from netbsd_dm.wire.calls import Selector

LINES = [TableLine(0, 64, "linear", "/dev/wd1a 100"), TableLine(64, 32, "linear", "/dev/wd1a 0")]


@pytest.fixture
def dm(server: Path) -> Iterator[Client]:
    """A client; whatever the test leaves is removed."""
    with netbsd_dm.connect(server) as client:
        yield client
        for _, minor in client.names():
            client.remove(minor=minor)


def test_version_and_targets_have_types(dm: Client) -> None:
    assert dm.version() == Version(4, 16, 0)
    assert dm.targets()[:2] == [("linear", Version(1, 0, 2)), ("striped", Version(1, 0, 3))]
    assert str(dm.version()) == "4.16.0"


def test_the_life_of_a_device(dm: Client) -> None:
    minor = dm.create("vol1", "uuid-1")
    dm.reload("vol1", LINES)
    assert dm.table("vol1") == []
    assert dm.table("vol1", inactive=True) == LINES
    assert dm.info("vol1").has_inactive_table
    dm.resume("vol1")
    info = dm.info("vol1")
    assert (info.minor, info.uuid, info.target_count, info.open_count) == (minor, "uuid-1", 2, 0)
    assert info.has_live_table
    assert not info.has_inactive_table
    assert dm.status("vol1") == [line._replace(params=None) for line in LINES]
    assert dm.deps("vol1") == [50_432, 50_432]
    dm.suspend("vol1")
    assert dm.info("vol1").is_suspended
    assert dm.mknodes("vol1") == dm.info("vol1")
    dm.rename("vol1", "data")
    assert dm.names() == [("data", minor)]
    assert dm.info(minor=minor).uuid == dm.info(uuid="uuid-1").uuid == "uuid-1"
    dm.reload("data", LINES[:1])
    dm.clear("data")
    assert not dm.info("data").has_inactive_table
    dm.remove("data")
    assert dm.names() == []


def test_a_command_on_no_device_raises_enoent(dm: Client) -> None:
    for command in (dm.info, dm.remove, dm.resume, dm.suspend, dm.clear, dm.deps, dm.table):
        with pytest.raises(DMError) as caught:
            command("nobody")
        assert caught.value.name == "ENOENT"


def test_what_else_fails_raises_too(dm: Client, profile: str) -> None:
    dm.create("vol1")
    with pytest.raises(DMError, match="EEXIST"):
        dm.create("vol1")
    with pytest.raises(DMError) as caught:
        dm.reload("vol1", [TableLine(0, 8, "linear", "/dev/nosuch 0")])
    if profile == "standard":
        assert caught.value.name == "ENOENT"
        assert caught.value.where == "cmd_data[0].params"
        assert "--device /dev/nosuch=FILE" in caught.value.message
    else:
        assert caught.value.name == "EINVAL"
        assert "does not say why" in caught.value.message


def test_the_commands_that_the_driver_lacks(dm: Client, profile: str) -> None:
    dm.create("vol1")
    if profile == "netbsd-9":
        with pytest.raises(DMError):
            dm.waitevent("vol1", 0)
        with pytest.raises(DMError, match="this server has no iostat: it runs profile netbsd-9"):
            dm.iostat()
        dm.remove_all()  # echoed, and nothing shows that it was not done
        assert [name for name, _ in dm.names()] == ["vol1"]
        return
    dm.reload("vol1", LINES)
    dm.resume("vol1")
    assert dm.waitevent("vol1", 0) == 1
    dm.setgeometry("vol1", cylinders=10, heads=4, sectors=8)
    with pytest.raises(DMError, match="linear takes no messages"):
        dm.message("vol1", "hello")
    (counted,) = dm.iostat("vol1")
    assert (counted.name, counted.requests) == ("vol1", 0)
    assert dm.iostat() == dm.iostat("") == [counted]
    dm.remove_all()
    assert dm.names() == []
    assert dm.iostat() == []


@pytest.mark.parametrize("no_flush", [False, True])
def test_a_suspension_says_whether_to_flush(no_flush: bool) -> None:
    flags = calls.suspend(Selector("vol1"), no_flush).request["flags"]
    assert isinstance(flags, int)
    assert bool(flags & 0x800) is no_flush


def test_a_missing_server_is_named_with_the_way_to_start_one(tmp_path: Path) -> None:
    path = tmp_path / "none.sock"
    with pytest.raises(NoServerError, match=f"no server on {path}.*netbsd-dm serve --socket"):
        netbsd_dm.connect(path)


async def test_the_trio_twin_speaks_the_same(server: Path, profile: str) -> None:
    async with netbsd_dm.connect_trio(server) as dm:
        assert await dm.version() == Version(4, 16, 0)
        minor = await dm.create("twin")
        await dm.reload("twin", LINES)
        await dm.resume("twin")
        assert await dm.table("twin") == LINES
        assert (await dm.info("twin")).minor == minor
        await dm.suspend("twin", no_flush=True)
        assert (await dm.info("twin")).is_suspended
        if profile == "standard":
            assert [each.name for each in await dm.iostat("twin")] == ["twin"]
        await dm.remove("twin")
        with pytest.raises(DMError, match="ENOENT"):
            await dm.info("twin")


async def test_the_trio_twin_names_a_missing_server(tmp_path: Path) -> None:
    with pytest.raises(NoServerError, match="netbsd-dm serve"):
        async with netbsd_dm.connect_trio(tmp_path / "none.sock"):
            pass


def public_methods(cls: type) -> dict[str, inspect.Signature]:
    """The methods of a client, with what they take and give."""
    return {
        name: inspect.signature(method)
        for name, method in inspect.getmembers(cls, inspect.isfunction)
        if not name.startswith("_")
    }


def without(methods: dict[str, inspect.Signature], name: str) -> dict[str, inspect.Signature]:
    """`methods` but for that of one name."""
    return {key: method for key, method in methods.items() if key != name}


def test_the_twins_have_the_same_methods() -> None:
    assert public_methods(TrioClient) == without(public_methods(Commands), "close")


def test_every_command_has_a_method() -> None:
    from netbsd_dm.driver.commands.table import COMMANDS

    assert public_methods(Commands).keys() - {"exchange", "close"} == COMMANDS.keys()


def test_a_text_is_sent_as_it_is(dm: Client) -> None:
    assert b"<integer>0x10</integer>" in dm.exchange_text(dumps(calls.version().request))
    assert b"<key>errno</key>" in dm.exchange_text(b"rubbish")


def test_an_interrupted_exchange_does_not_answer_the_next_request(
    server: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class InterruptedTestError(Exception):
        pass

    def interrupt(_: object) -> bytes:
        raise InterruptedTestError

    with netbsd_dm.connect(server) as client:
        monkeypatch.setattr(ReplyReader, "next_reply", interrupt)
        with pytest.raises(InterruptedTestError):
            client.names()
        monkeypatch.undo()
        with pytest.raises(NoServerError):
            client.version()


def test_a_request_that_cannot_be_written_costs_nobody_the_connection(server: Path) -> None:
    with netbsd_dm.connect(server) as client:
        with pytest.raises(PlistError):
            client.create("a\0b")
        client.version()


async def test_nor_does_it_the_trio_twin(server: Path) -> None:
    async with netbsd_dm.connect_trio(server) as client:
        with pytest.raises(PlistError):
            await client.create("a\0b")
        await client.version()


def test_an_echo_of_empty_data_is_read(dm: Client, profile: str) -> None:
    reply = dm.exchange(calls.version().request | {"x": b"", "y": b"data"})
    if profile == "netbsd-9":
        assert reply == {"errno": 5}, "proplib does not read the <data/> that it writes"
    else:
        assert (reply["x"], reply["y"]) == (b"", b"data")
