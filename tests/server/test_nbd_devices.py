"""NBD clients and the commands: what each sees of the other."""

from pathlib import Path

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from netbsd_dm import NETBSD_9, DMError, Errno, TableLine
from netbsd_dm.server.peer import peer_of

from ..helpers.nbd import (
    DISC,
    FLUSH,
    READ,
    WRITE,
    NbdClient,
    nbd_negotiation,
    nbd_option,
    nbd_request,
)
from .conftest import DISK, EMPTY, WHOLE, nbd_server, open_raw, receive_all

EIO, EINVAL = 5, 22
LARGE = 1_000_000
READ_ONLY, CAN = 2, 0x1 | 0x4 | 0x8 | 0x20 | 0x40 | 0x80 | 0x100 | 0x400


async def test_what_a_client_is_told_of_an_export(tmp_path: Path) -> None:
    async with nbd_server(tmp_path, WHOLE) as server:
        async with server.client() as client:
            assert (client.size_bytes, client.flags) == (len(DISK), CAN)
        async with server.client(structured=False) as client:
            assert (client.size_bytes, client.flags) == (len(DISK), CAN & ~0x80)
        await server.create("ro", TableLine(0, 8, "linear", "/dev/ro 0"))
        await server.create("flagged", WHOLE, read_only=True)
        for name in ("ro", "flagged"):
            async with server.client(name) as client:
                assert client.flags == (CAN | READ_ONLY) & ~(0x20 | 0x40)


async def test_connections_see_each_others_writes(tmp_path: Path) -> None:
    async with (
        nbd_server(tmp_path, WHOLE) as server,
        server.client() as one,
        server.client(structured=False) as other,
    ):
        await one.write(0, b"hello")
        assert (await other.do(FLUSH)).error == 0
        assert await other.read(0, 5) == b"hello"
        assert [device.open_count for device in server.mapper.devices] == [2]


async def test_the_list_of_exports_follows_the_commands(tmp_path: Path) -> None:
    async def listed(server_path: Path) -> list[str]:
        async with await open_raw(server_path) as stream:
            client = NbdClient(stream)
            await client.negotiate(bytes([0, 0, 0, 3]) + nbd_option(3) + nbd_option(2))
        found = [data for option, kind, data in client.options if (option, kind) == (3, 2)]
        return [data[4:][: int.from_bytes(data[:4], "big")].decode() for data in found]

    async with nbd_server(tmp_path) as server:
        assert await listed(server.nbd_path) == []
        await server.dm.create("vol1")
        await server.dm.create("größe")
        assert await listed(server.nbd_path) == ["vol1", "größe"]
        await server.dm.rename("vol1", "vol2")
        assert sorted(await listed(server.nbd_path)) == ["größe", "vol2"]
        await server.dm.remove("vol2")
        assert await listed(server.nbd_path) == ["größe"]
        await server.dm.create("bytes \udcff")
        assert await listed(server.nbd_path) == ["größe", "3"]
        async with server.client("3"):
            assert [device.open_count for device in server.mapper.devices] == [0, 1]


async def test_open_count_keeps_a_device_from_removal(tmp_path: Path) -> None:
    async with nbd_server(tmp_path, WHOLE) as server:
        async with server.client(), server.client("1"):
            assert (await server.dm.info("vol1")).open_count == 2
            with pytest.raises(DMError, match="open, 2 times") as caught:
                await server.dm.remove("vol1")
            assert caught.value.errno == Errno.EBUSY
            with pytest.raises(DMError, match="still in use"):
                await server.dm.remove_all()
        await wait_all_tasks_blocked()
        assert (await server.dm.info("vol1")).open_count == 0
        await server.dm.remove("vol1")


async def test_netbsd_9_removes_what_is_open_and_its_io_fails(tmp_path: Path) -> None:
    async with nbd_server(tmp_path, WHOLE, profile=NETBSD_9) as server, server.client() as client:
        assert (await server.dm.info("vol1")).open_count == 0
        assert (await client.do(READ, 1, 512)).error == EINVAL, "that is not aligned"
        assert await client.read(512, 512) == DISK[512:1024]
        await server.dm.remove("vol1")
        for command, payload in ((READ, b""), (WRITE, bytes(512)), (FLUSH, b"")):
            assert (await client.do(command, 0, 0 if payload else 512, payload)).error == EIO
        assert (await client.do(READ, 0, LARGE)).error in (EIO, EINVAL)


async def test_a_suspended_device_holds_its_io_until_the_resume(tmp_path: Path) -> None:
    async with nbd_server(tmp_path, WHOLE) as server, server.client() as client:
        await client.write(0, b"old")
        await server.dm.suspend("vol1")
        small = await client.begin(READ, 0, 512)
        large = await client.begin(READ, 0, LARGE)
        written = await client.begin(WRITE, 4096, 0, b"new")
        flushed = await client.begin(FLUSH)
        with trio.move_on_after(0):
            await client.end(small)
        await wait_all_tasks_blocked()
        assert (tmp_path / "wd0a").read_bytes()[4096:4099] == DISK[4096:4099]
        await server.dm.reload("vol1", [EMPTY])
        await server.dm.resume("vol1")
        assert (await client.end(small)).data == bytes(512)
        assert (await client.end(large)).data[:4096] == bytes(4096)
        assert (await client.end(written)).error == (await client.end(flushed)).error == 0
        assert (tmp_path / "wd1a").read_bytes()[4096:4099] == b"new"
        assert (tmp_path / "wd0a").read_bytes()[4096:4099] == DISK[4096:4099]


async def test_what_waits_for_a_resume_may_then_be_beyond_the_end(tmp_path: Path) -> None:
    async with nbd_server(tmp_path, WHOLE) as server, server.client() as client:
        await server.dm.suspend("vol1")
        cookie = await client.begin(READ, 4096, 512)
        await wait_all_tasks_blocked()
        await server.dm.reload("vol1", [TableLine(0, 8, "linear", "/dev/wd0a 0")])
        await server.dm.resume("vol1")
        assert (await client.end(cookie)).error == EINVAL
        assert await client.read(0, 4096) == DISK[:4096]


async def test_requests_before_a_farewell_are_answered(tmp_path: Path) -> None:
    async with nbd_server(tmp_path, WHOLE) as server, await open_raw(server.nbd_path) as stream:
        client = NbdClient(stream)
        await client.negotiate(nbd_negotiation())
        cookies = [await client.begin(READ, 0, LARGE), await client.begin(FLUSH)]
        await stream.send_all(nbd_request(DISC) + nbd_request(WRITE, 0, 0, b"too late"))
        for cookie in cookies:
            assert (await client.end(cookie)).error == 0
        assert await receive_all(stream) == b""
        assert (tmp_path / "wd0a").read_bytes() == DISK


async def test_requests_may_come_with_the_negotiation(tmp_path: Path) -> None:
    async with nbd_server(tmp_path, WHOLE) as server, await open_raw(server.nbd_path) as stream:
        sent = nbd_negotiation(structured=False) + nbd_request(READ, 0, 4) + nbd_request(DISC)
        await stream.send_all(sent)
        received = await receive_all(stream)
        assert received.endswith(bytes.fromhex("67446698 00000000 0000000000000000") + DISK[:4])


async def test_an_unprivileged_user_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with nbd_server(tmp_path, WHOLE) as server:
        monkeypatch.setattr(
            "netbsd_dm.server.serving.peer_of", lambda c: peer_of(c)._replace(uid=54321)
        )
        async with await open_raw(server.nbd_path) as stream:
            assert await receive_all(stream) == b""
        assert "name its user with --superuser" in caplog.text
        monkeypatch.undo()
        async with server.client() as client:
            assert await client.read(0, 4) == DISK[:4]


async def test_who_goes_with_all_its_room_taken_is_noticed(tmp_path: Path) -> None:
    async with nbd_server(tmp_path, WHOLE) as server:
        await server.dm.suspend("vol1")
        async with server.client() as client:
            for _ in range(1200):  # more than may be under way
                await client.begin(READ, 0, 512)
            await wait_all_tasks_blocked()
            assert (await server.dm.info("vol1")).open_count == 1
        while (await server.dm.info("vol1")).open_count:
            await trio.lowlevel.checkpoint()
        await server.dm.remove("vol1")
