"""A server on a real socket: framing, order, clients that misbehave, and its end."""

import dataclasses
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

import netbsd_dm
from netbsd_dm import DMError, Settings, TableLine
from netbsd_dm.client.exchange import framed
from netbsd_dm.driver.profile import NETBSD_9
from netbsd_dm.plist import PlistDict, dumps, loads
from netbsd_dm.server import control_socket
from netbsd_dm.server import serving as serving_module
from netbsd_dm.targets.interface import Place
from netbsd_dm.wire import calls
from netbsd_dm.wire.calls import Selector

from .conftest import (
    Serving,
    descriptor_count,
    open_files_below,
    open_raw,
    receive_all,
    receive_frame,
)

VERSION = dumps(calls.version().request)
NAMES = dumps(calls.names().request)


def error_of(reply: bytes) -> PlistDict:
    """The error dictionary of a reply."""
    error = loads(reply)["error"]
    assert isinstance(error, dict)
    return error


async def test_both_framings_are_told_apart_on_one_connection(
    settings: Settings, serving: Serving
) -> None:
    async with serving(settings), await open_raw(settings.socket_path) as stream:
        await stream.send_all(framed(VERSION) + VERSION + b"\0" + VERSION + framed(VERSION))
        await stream.send_eof()
        data = await receive_all(stream)
    reply = data[4 : 4 + int.from_bytes(data[:4], "big")]
    assert loads(reply)["version"] == [4, 16, 0]
    assert data == framed(reply) + reply + reply + framed(reply)


async def test_a_request_may_come_byte_by_byte(settings: Settings, serving: Serving) -> None:
    async with serving(settings), await open_raw(settings.socket_path) as stream:
        for byte in framed(VERSION):
            await stream.send_all(bytes([byte]))
        assert loads(await receive_frame(stream))["version"] == [4, 16, 0]


async def test_pipelined_requests_are_answered_in_order(
    settings: Settings, serving: Serving
) -> None:
    names = [f"vol{number}" for number in range(500)]
    async with serving(settings), await open_raw(settings.socket_path) as stream:
        frames = [framed(dumps(calls.create(name, None, False).request)) for name in names]
        await stream.send_all(b"".join(frames))
        for number, name in enumerate(names, 1):
            reply = loads(await receive_frame(stream))
            assert (reply["name"], reply["minor"]) == (name, number)


async def test_many_connections_are_served_at_once(settings: Settings, serving: Serving) -> None:
    async with serving(settings):
        streams = [await open_raw(settings.socket_path) for _ in range(50)]
        for stream in reversed(streams):
            await stream.send_all(framed(VERSION))
        for stream in streams:
            assert loads(await receive_frame(stream))["version"] == [4, 16, 0]
            await stream.aclose()


async def test_a_client_that_closes_its_sending_side_gets_every_reply(
    settings: Settings, serving: Serving
) -> None:
    async with serving(settings), await open_raw(settings.socket_path) as stream:
        await stream.send_all(VERSION * 20 + b"<plist>")
        await stream.send_eof()
        data = await receive_all(stream)
    assert data.count(b"</plist>") == 21
    assert b"ends too early" in data or b"EIO" in data


async def test_a_client_that_closes_with_unread_replies_ends_only_itself(
    settings: Settings, serving: Serving
) -> None:
    async with serving(settings):
        for _ in range(5):
            stream = await open_raw(settings.socket_path)
            await stream.send_all(framed(VERSION) * 300)
            await stream.aclose()
        async with await open_raw(settings.socket_path) as stream:
            await stream.send_all(framed(VERSION))
            assert loads(await receive_frame(stream))["version"] == [4, 16, 0]


async def test_a_client_that_never_reads_does_not_hold_up_others(
    settings: Settings, serving: Serving
) -> None:
    async def send_for_ever(stream: trio.SocketStream) -> None:
        while True:
            await stream.send_all(framed(NAMES) * 100)

    async with (
        serving(settings),
        await open_raw(settings.socket_path) as lazy,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(send_for_ever, lazy)
        # Comes back only once the server no longer reads what nobody takes the replies to.
        await wait_all_tasks_blocked()
        async with await open_raw(settings.socket_path) as stream:
            await stream.send_all(framed(VERSION))
            assert loads(await receive_frame(stream))["version"] == [4, 16, 0]
        nursery.cancel_scope.cancel()


async def test_a_byte_that_starts_no_request_gets_one_reply_and_the_end(
    settings: Settings, serving: Serving
) -> None:
    async with serving(settings), await open_raw(settings.socket_path) as stream:
        await stream.send_all(b"GET / HTTP/1.1\r\n\r\n" * 1000)
        data = await receive_all(stream)
    reply = loads(data[4:])
    assert reply["errno"] == 22
    assert len(data) == 4 + int.from_bytes(data[:4], "big")
    assert "send a length" in str(error_of(data[4:])["message"])


async def test_an_over_long_request_is_skipped_and_the_connection_goes_on(
    settings: Settings, serving: Serving
) -> None:
    async with serving(settings), await open_raw(settings.socket_path) as stream:
        too_long = 1_048_576 + 2
        await stream.send_all(too_long.to_bytes(4, "big") + bytes(too_long) + framed(VERSION))
        assert error_of(await receive_frame(stream))["name"] == "E2BIG"
        assert loads(await receive_frame(stream))["version"] == [4, 16, 0]


async def test_waitevent_is_answered_when_another_connection_swaps_the_table(
    settings: Settings, serving: Serving
) -> None:
    path = settings.socket_path
    seen: list[int] = []

    async def wait() -> None:
        async with netbsd_dm.connect_trio(path) as waiter:
            seen.append(await waiter.waitevent("vol1", 0))

    async with serving(settings), netbsd_dm.connect_trio(path) as client:
        await client.create("vol1")
        await client.reload("vol1", [TableLine(0, 8, "linear", "/dev/wd1a 0")])
        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(wait)
            await wait_all_tasks_blocked()
            assert seen == []
            await client.resume("vol1")
    assert seen == [1, 1, 1]


async def test_a_waiting_client_may_close_its_sending_side(
    settings: Settings, serving: Serving
) -> None:
    async with serving(settings), netbsd_dm.connect_trio(settings.socket_path) as client:
        await client.create("vol1")
        async with await open_raw(settings.socket_path) as stream:
            waiting = dumps(calls.waitevent(Selector("vol1"), None).request)
            await stream.send_all(framed(waiting) + framed(VERSION))
            await stream.send_eof()
            await wait_all_tasks_blocked()
            await client.remove("vol1")
            assert error_of(await receive_frame(stream))["name"] == "ENXIO"
            assert loads(await receive_frame(stream))["version"] == [4, 16, 0]


async def test_a_wait_ends_with_its_client(settings: Settings, serving: Serving) -> None:
    async with serving(settings) as mapper, netbsd_dm.connect_trio(settings.socket_path) as client:
        await client.create("vol1")
        device = mapper.find("vol1")
        stream = await open_raw(settings.socket_path)
        await stream.send_all(framed(dumps(calls.waitevent(Selector("vol1"), None).request)))
        await wait_all_tasks_blocked()
        assert len(device.watchers) == 1
        await stream.aclose()
        await wait_all_tasks_blocked()
        assert not device.watchers


async def test_netbsd_9_refuses_65535_bytes_and_takes_65534(
    settings: Settings, serving: Serving
) -> None:
    old = dataclasses.replace(settings, profile=NETBSD_9)
    async with serving(old), await open_raw(old.socket_path) as stream:
        for size, answer in ((65_534, None), (65_535, 22)):
            padded = VERSION + b" " * (size - len(VERSION))
            await stream.send_all(framed(padded))
            reply = loads(await receive_frame(stream))
            assert reply.get("errno") == answer


async def test_a_user_without_privilege_looks_but_does_not_touch(
    settings: Settings, serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control_socket, "is_privileged", lambda *_: False)
    async with serving(settings), netbsd_dm.connect_trio(settings.socket_path) as client:
        assert await client.names() == []
        with pytest.raises(DMError, match="EPERM: 'create' is for root") as caught:
            await client.create("vol1")
    assert caught.value.errno == 1


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """A directory that every user may enter, which those of tmp_path are not."""
    with TemporaryDirectory(prefix="netbsd-dm-test-") as name:
        directory = Path(name)
        directory.chmod(0o755)
        yield directory


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("superuser", [False, True])
async def test_the_kernel_says_who_connects(
    open_directory: Path, serving: Serving, superuser: bool
) -> None:
    nobody = 65_534
    settings = Settings(
        socket_path=open_directory / "dm.sock",
        socket_mode=0o666,
        superusers={nobody} if superuser else set(),
    )
    program = (
        "import os, sys, socket;"
        f"s = socket.socket(socket.AF_UNIX); os.setuid({nobody}); s.connect(sys.argv[1]);"
        "s.sendall(sys.stdin.buffer.read()); s.shutdown(socket.SHUT_WR);"
        "sys.stdout.buffer.write(s.makefile('rb').read())"
    )
    async with serving(settings):
        finished = await trio.run_process(
            [sys.executable, "-c", program, os.fspath(settings.socket_path)],
            stdin=dumps(calls.create("vol1", None, read_only=False).request),
            capture_stdout=True,
        )
    reply = loads(finished.stdout)
    assert ("error" not in reply) is superuser
    assert ("minor" in reply) is superuser


async def test_further_connections_wait_for_a_place(settings: Settings, serving: Serving) -> None:
    async with serving(dataclasses.replace(settings, max_connections=1)):
        first = await open_raw(settings.socket_path)
        second = await open_raw(settings.socket_path)
        await second.send_all(framed(VERSION))
        replies: list[bytes] = []

        async def receive() -> None:
            replies.append(await receive_frame(second))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(receive)
            await wait_all_tasks_blocked()
            assert replies == [], "a second connection was served beside the only one allowed"
            await first.aclose()
        assert loads(replies[0])["version"] == [4, 16, 0]
        await second.aclose()


async def test_a_bug_of_a_command_drops_no_connection(
    settings: Settings, serving: Serving, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(netbsd_dm.Target):
        name = "broken"
        version = (1, 0, 0)

        def __init__(self, arguments: object, devices: object) -> None:
            raise RuntimeError("a bug")

        def map(self, sector: int) -> Place:
            raise AssertionError

    async with serving(settings) as mapper, netbsd_dm.connect_trio(settings.socket_path) as client:
        mapper._state.targets._targets["broken"] = Broken
        await client.create("vol1")
        with pytest.raises(DMError, match="a bug"):
            await client.reload("vol1", [TableLine(0, 8, "broken", "")])
        assert [name for name, _ in await client.names()] == ["vol1"]


async def test_a_server_leaves_no_descriptor_and_no_file_behind(
    settings: Settings, serving: Serving, tmp_path: Path
) -> None:
    before = descriptor_count()
    async with serving(settings), netbsd_dm.connect_trio(settings.socket_path) as client:
        await client.create("vol1")
        await client.reload("vol1", [TableLine(0, 8, "linear", "/dev/wd1a 0")])
        assert open_files_below(tmp_path) == [str(tmp_path / "disk.img")]
        for _ in range(20):
            stream = await open_raw(settings.socket_path)
            await stream.send_all(framed(VERSION)[:7])
            await stream.aclose()
    assert descriptor_count() == before
    assert list(tmp_path.iterdir()) == [tmp_path / "disk.img"]


async def test_a_server_that_stops_hands_over_the_replies_it_has_begun(
    settings: Settings,
) -> None:
    stopping = trio.CancelScope()

    async def run(task_status: trio.TaskStatus[object]) -> None:
        with stopping:
            await serving_module.serve(settings, task_status=task_status)

    async with trio.open_nursery() as nursery:
        await nursery.start(run)
        async with netbsd_dm.connect_trio(settings.socket_path) as client:
            for number in range(300):
                await client.create(f"vol{number}")
        async with await open_raw(settings.socket_path) as stream:
            await stream.send_all(framed(NAMES) * 50)
            await wait_all_tasks_blocked()  # the server now waits for us to read
            stopping.cancel()
            data = await receive_all(stream)
    replies = 0
    while data:
        size = int.from_bytes(data[:4], "big")
        assert len(data) >= 4 + size, "the last reply was cut"
        data = data[4 + size :]
        replies += 1
    assert replies > 0
