"""Recording: clients notice nothing, and the capture holds what they said."""

import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import trio
import trio.lowlevel
from trio.testing import wait_all_tasks_blocked

from netbsd_dm import STANDARD, Catalog, DMError, Offer, Settings, TableLine, connect_trio
from netbsd_dm.capture import relay
from netbsd_dm.capture.format import Capture, Disk, StepClass, read_capture
from netbsd_dm.capture.record import Recording, record
from netbsd_dm.capture.recorder import Recorder, RecordError
from netbsd_dm.capture.replay import Verdict, play
from netbsd_dm.capture.writing import CaptureFile, head
from netbsd_dm.client.exchange import framed
from netbsd_dm.driver.mapper import Mapper
from netbsd_dm.pdev.devnum import makedev
from netbsd_dm.plist import dumps
from netbsd_dm.server.serving import serve
from netbsd_dm.server.settings import ServeError

from .conftest import request

DISK_SECTORS = 256
VERSION = request("version").encode()
CREATE = request("create", name="vol1").encode()
INFO = request("info", name="vol1").encode()
WAIT = dumps({"command": "waitevent", "name": "vol1"})


@dataclass(frozen=True)
class Rig:
    """A server, and a recording of its clients."""

    directory: Path
    nursery: trio.Nursery
    mapper: Mapper
    stop_server: trio.CancelScope

    @property
    def direct(self) -> Path:
        """The server's own socket."""
        return self.directory / "real.sock"

    @property
    def proxied(self) -> Path:
        """Where the recording listens."""
        return self.directory / "dm.sock"

    @property
    def out(self) -> Path:
        return self.directory / "out.jsonl"

    def capture(self) -> Capture:
        """What was recorded so far."""
        return read_capture(self.out)

    def recorded(self) -> list[tuple[str, StepClass]]:
        """Label and class of each exchange so far."""
        return [(step.label, step.step_class) for step in self.capture().steps]


@asynccontextmanager
async def recording(directory: Path) -> AsyncIterator[Rig]:
    """A server of profile standard with a disk, and a recording of it."""
    image = directory / "disk.img"
    image.write_bytes(bytes(DISK_SECTORS * 512))
    catalog = Catalog([Offer("/dev/wd1a", image, makedev(197, 0))])
    settings = Settings(socket_path=directory / "real.sock", profile=STANDARD, catalog=catalog)
    scope = trio.CancelScope()

    async def run_server(task_status: trio.TaskStatus[Mapper]) -> None:
        with scope:
            await serve(settings, task_status=task_status)

    async with trio.open_nursery() as nursery:
        start: Callable[..., Awaitable[None]] = run_server
        mapper: Mapper = await nursery.start(start)
        await nursery.start(start_recording, directory)
        yield Rig(directory, nursery, mapper, scope)
        nursery.cancel_scope.cancel()


async def start_recording(directory: Path, task_status: trio.TaskStatus[Recorder]) -> None:
    """Record to out.jsonl, until cancelled."""
    head_line = head("made-up", "", "a test", disks())
    await record(
        Recording(
            listen=directory / "dm.sock",
            upstream=directory / "real.sock",
            out=directory / "out.jsonl",
            head_line=head_line,
        ),
        task_status=task_status,
    )


def disks() -> list[Disk]:
    return [Disk("/dev/wd1a", DISK_SECTORS, 197, 0)]


async def opened(path: Path) -> trio.SocketStream:
    """A connection without any framing."""
    connection = trio.socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    await connection.connect(os.fspath(path))
    return trio.SocketStream(connection)


async def said(path: Path, data: bytes) -> bytes:
    """All that comes back for `data`, after which the client sends nothing more."""
    async with await opened(path) as stream:
        await stream.send_all(data)
        await stream.send_eof()
        return b"".join([part async for part in stream])


PIPELINED = [
    framed(VERSION) + VERSION + b"\0" + CREATE + framed(INFO),
    framed(b"no property list") + framed(VERSION + b"\0") + framed(b""),
    b"  " + VERSION + b"\r\n" + b"<plist>never ends",
    framed(VERSION)[:3],
    framed(b"x" * 2_000_000) + framed(VERSION),
    framed(VERSION) + b"!what is this" + framed(VERSION),
    b"",
]


@pytest.mark.parametrize("data", PIPELINED, ids=range(len(PIPELINED)))
async def test_what_comes_back_is_byte_for_byte_what_the_server_sends(
    tmp_path: Path, data: bytes
) -> None:
    async with recording(tmp_path) as rig:
        through_us = await said(rig.proxied, data)
    (tmp_path / "again").mkdir()
    async with recording(tmp_path / "again") as rig:
        assert through_us == await said(rig.direct, data)


async def test_a_recorded_session_is_what_a_fresh_server_does(tmp_path: Path) -> None:
    async with recording(tmp_path) as rig:
        async with connect_trio(rig.proxied) as dm:
            await dm.create("vol1", "uuid-1")
            await dm.reload("vol1", [TableLine(0, 64, "linear", "/dev/wd1a 8")])
            await dm.resume("vol1")
            await dm.deps("vol1")
            with pytest.raises(DMError, match="EINVAL"):
                await dm.reload("vol1", [TableLine(0, 9999, "linear", "/dev/wd1a 8")])
            await dm.rename("vol1", "vol2")
        async with connect_trio(rig.proxied) as dm:
            await dm.remove("vol2")
        capture = rig.capture()
    results = play(capture, STANDARD).results
    assert [result.verdict for result in results] == [Verdict.EQUAL] * 7
    assert [step.label for step in capture.steps][-2:] == ["rename vol1", "remove vol2"]
    assert [step.client for step in capture.steps] == [1] * 6 + [2]


async def test_what_comes_in_pieces_is_passed_on_whole(tmp_path: Path) -> None:
    async with recording(tmp_path) as rig, await opened(rig.proxied) as stream:
        for byte in framed(VERSION):
            await stream.send_all(bytes([byte]))
        reply = await stream.receive_some()
        assert reply == await said(rig.direct, framed(VERSION))
        assert rig.recorded() == [("version", StepClass.STABLE)]


async def test_many_clients_are_served_at_once_and_every_exchange_is_written(
    tmp_path: Path,
) -> None:
    async with recording(tmp_path) as rig:

        async def work(number: int) -> None:
            async with connect_trio(rig.proxied) as dm:
                for turn in range(10):
                    await dm.create(f"v{number}-{turn}")

        async with trio.open_nursery() as clients:
            for number in range(8):
                clients.start_soon(work, number)
        capture = rig.capture()
        assert len(rig.mapper.devices) == 80
    assert [step.number for step in capture.steps] == list(range(1, 81))
    assert {step.label for step in capture.steps} == {
        f"create v{number}-{turn}" for number in range(8) for turn in range(10)
    }


async def test_a_wait_ends_with_its_event(tmp_path: Path) -> None:
    async with recording(tmp_path) as rig, connect_trio(rig.proxied) as dm:
        await dm.create("vol1")
        async with await opened(rig.proxied) as waiting:
            await waiting.send_all(framed(WAIT))
            await wait_all_tasks_blocked()
            await dm.reload("vol1", [TableLine(0, 8, "zero", "")])
            await dm.resume("vol1")
            assert b"event_nr" in await waiting.receive_some()
        assert rig.recorded() == [
            ("create vol1", StepClass.STABLE),
            ("reload vol1", StepClass.STABLE),
            ("resume vol1", StepClass.STABLE),
            ("waitevent vol1", StepClass.UNDEFINED),
        ]


async def test_who_hangs_up_while_waiting_waits_no_more(tmp_path: Path) -> None:
    async with recording(tmp_path) as rig:
        await said(rig.proxied, framed(CREATE))
        watchers = rig.mapper.find("vol1").watchers
        stream = await opened(rig.proxied)
        await stream.send_all(framed(WAIT))
        await wait_all_tasks_blocked()
        assert len(watchers) == 1
        await stream.aclose()
        while watchers:
            await wait_all_tasks_blocked()
        (_, waited) = rig.capture().steps
        assert (waited.label, waited.step_class) == ("waitevent vol1", StepClass.UNDEFINED)
        assert (waited.reply, waited.is_dropped) == (None, False)
        assert waited.note == "the client went away before the reply"


async def test_who_closes_the_sending_side_still_waits(tmp_path: Path) -> None:
    async with recording(tmp_path) as rig:
        await said(rig.proxied, framed(CREATE))
        async with await opened(rig.proxied) as stream:
            await stream.send_all(framed(WAIT))
            await stream.send_eof()
            await wait_all_tasks_blocked()
            await said(rig.direct, framed(request("remove", name="vol1").encode()))
            assert b"ENXIO" in b"".join([part async for part in stream])


async def test_what_is_sent_before_hanging_up_is_done(tmp_path: Path) -> None:
    texts = [request("create", name=f"v{number}").encode() for number in range(5)]
    async with recording(tmp_path) as rig:
        stream = await opened(rig.proxied)
        await stream.send_all(b"".join(map(framed, texts)))
        await stream.aclose()
        while len(rig.mapper.devices) < 5:
            await wait_all_tasks_blocked()
        await wait_all_tasks_blocked()
        assert len(rig.recorded()) == 5


async def test_when_the_server_goes_its_clients_go_and_no_other_is_taken(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with recording(tmp_path) as rig, await opened(rig.proxied) as stream:
        await stream.send_all(framed(VERSION))
        await stream.receive_some()
        rig.stop_server.cancel()
        assert await stream.receive_some() == b""
        assert await said_or_broken(rig.proxied) == b""
    assert "the server is gone: so is client 1" in caplog.text
    assert f"no server on {rig.direct} (No such file or directory)" in caplog.text


async def said_or_broken(path: Path) -> bytes:
    with suppress(trio.BrokenResourceError):
        return await said(path, framed(VERSION))
    return b""


async def fake_server(listener: trio.SocketListener, reply: bytes) -> None:
    """Answers the first request with these bytes, and closes."""

    async def answer(stream: trio.SocketStream) -> None:
        async with stream:
            await stream.receive_some()
            await stream.send_all(reply)

    await trio.serve_listeners(answer, [listener])


@pytest.mark.parametrize(
    ("reply", "note"),
    [
        (b"", "the server closed the connection instead of a reply"),
        (b"\0\0", "the server closed the connection within the reply"),
        (framed(VERSION)[:40], "the server closed the connection within the reply"),
    ],
)
@pytest.mark.parametrize("in_text", [False, True])
async def test_a_reply_that_is_cut_off_is_passed_on_so_and_noted(
    tmp_path: Path, reply: bytes, note: str, in_text: bool
) -> None:
    with trio.socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        await listener.bind(os.fspath(tmp_path / "real.sock"))
        listener.listen()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(fake_server, trio.SocketListener(listener), reply)
            await nursery.start(start_recording, tmp_path)
            data = VERSION if in_text else framed(VERSION)
            received = await said(tmp_path / "dm.sock", data)
            nursery.cancel_scope.cancel()
    assert received == (reply[4:] if in_text else reply)
    (only,) = read_capture(tmp_path / "out.jsonl").steps
    assert (only.step_class, only.reply) == (StepClass.UNDEFINED, None)
    assert (only.is_dropped, only.note) == (True, note)


async def test_a_client_that_is_gone_does_not_hold_a_slow_server_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "HANGUP_SECONDS", 0)
    closed = trio.Event()

    async def never_answers(stream: trio.SocketStream) -> None:
        async with stream:
            while await stream.receive_some():
                pass
            closed.set()

    with trio.socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        await listener.bind(os.fspath(tmp_path / "real.sock"))
        listener.listen()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.serve_listeners, never_answers, [trio.SocketListener(listener)])
            await nursery.start(start_recording, tmp_path)
            stream = await opened(tmp_path / "dm.sock")
            await stream.send_all(framed(INFO))
            await wait_all_tasks_blocked()
            await stream.aclose()
            await closed.wait()
            nursery.cancel_scope.cancel()
    (only,) = read_capture(tmp_path / "out.jsonl").steps
    assert only.note == "the client went away before the reply"


async def test_what_is_under_way_when_the_recording_ends_is_noted(tmp_path: Path) -> None:
    async with recording(tmp_path) as rig:
        await said(rig.proxied, framed(CREATE))
        stream = await opened(rig.proxied)
        await stream.send_all(framed(WAIT))
        await wait_all_tasks_blocked()
    await stream.aclose()
    waited = rig.capture().steps[-1]
    assert (waited.label, waited.reply) == ("waitevent vol1", None)
    assert waited.note == "the recording ended before the reply"
    assert not rig.proxied.exists()


async def test_what_cannot_be_recorded_ends_the_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(file: CaptureFile, line: bytes) -> None:
        raise OSError(28, os.strerror(28))

    failures: list[str] = []
    ended = trio.Event()

    async def run(task_status: trio.TaskStatus[Recorder]) -> None:
        try:
            await start_recording(tmp_path, task_status)
        except RecordError as error:
            failures.append(str(error))
            ended.set()

    async with trio.open_nursery() as nursery:
        start: Callable[..., Awaitable[object]] = serve
        await nursery.start(start, Settings(socket_path=tmp_path / "real.sock"))
        await nursery.start(run)
        monkeypatch.setattr(CaptureFile, "append", full)
        assert await said_or_broken(tmp_path / "dm.sock") == b""
        await ended.wait()
        nursery.cancel_scope.cancel()
    assert failures == ["No space left on device"]


async def test_a_capture_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "out.jsonl").write_text("something\n")
    with pytest.raises(FileExistsError):
        await start_recording(tmp_path, trio.TASK_STATUS_IGNORED)
    assert (tmp_path / "out.jsonl").read_text() == "something\n"
    assert not (tmp_path / "dm.sock").exists()


async def test_where_a_server_listens_no_recording_does_and_none_is_made(tmp_path: Path) -> None:
    async with recording(tmp_path) as rig:
        taken = Recording(
            listen=rig.direct, upstream=rig.direct, out=tmp_path / "two.jsonl", head_line=b""
        )
        with pytest.raises(ServeError, match="--listen"):
            await record(taken)
    assert not (tmp_path / "two.jsonl").exists()
