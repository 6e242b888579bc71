"""Commands that take longer on demand, as the clients of a server meet them."""

import dataclasses
from contextlib import AsyncExitStack
from pathlib import Path

import trio
from trio.testing import wait_all_tasks_blocked

import netbsd_dm
from netbsd_dm import Settings, TableLine
from netbsd_dm.client.exchange import framed
from netbsd_dm.clock.timers import ManualClock
from netbsd_dm.driver.mapper import Mapper
from netbsd_dm.faults.plan import Plan
from netbsd_dm.plist import UInt, dumps, loads
from netbsd_dm.server import serving as serving_module
from netbsd_dm.wire import calls
from netbsd_dm.wire.calls import Selector

from ..helpers.control import Noted, asking
from .conftest import (
    Faulty,
    Serving,
    descriptor_count,
    open_files_below,
    open_raw,
    receive_all,
    receive_frame,
    task_count,
)

LINES = [TableLine(0, 8, "linear", "/dev/wd1a 0")]


def names_of(mapper: Mapper) -> list[str]:
    return [device.name for device in mapper.devices]


async def test_every_resume_of_vol_takes_200_ms(
    faulty: Faulty, serving: Serving, clock: ManualClock
) -> None:
    settings = faulty("resume name=vol* delay=200ms")
    done: list[str] = []

    async def resume(name: str) -> None:
        async with netbsd_dm.connect_trio(settings.socket_path) as client:
            await client.resume(name)
            done.append(name)

    async with serving(settings), netbsd_dm.connect_trio(settings.socket_path) as client:
        for name in ("vol1", "vol2", "other"):
            await client.create(name)
            await client.reload(name, LINES)
        async with trio.open_nursery() as nursery:
            for name in ("vol1", "vol2", "other"):
                nursery.start_soon(resume, name)
            await wait_all_tasks_blocked()
            assert done == ["other"]
            assert await client.table("vol1") == [], "it is carried out when the time has passed"
            clock.advance(0.199)
            await wait_all_tasks_blocked()
            assert done == ["other"]
            clock.advance(0.001)
            assert await client.table("vol1") == LINES
            await wait_all_tasks_blocked()
            assert sorted(done) == ["other", "vol1", "vol2"]


async def test_another_client_may_let_the_time_pass(faulty: Faulty, serving: Serving) -> None:
    settings = faulty("create delay=30s")
    advance = dumps({"netbsd-dm": "clock", "advance": UInt(30_000_000_000)})
    async with AsyncExitStack() as stack:
        mapper = await stack.enter_async_context(serving(settings))
        waiting = await stack.enter_async_context(await open_raw(settings.socket_path))
        other = await stack.enter_async_context(await open_raw(settings.socket_path))
        await waiting.send_all(framed(asking("create", name="vol1")))
        await wait_all_tasks_blocked()
        assert names_of(mapper) == []
        await other.send_all(framed(advance))
        assert loads(await receive_frame(other))["result"] == {"kind": "manual", "ns": 30 * 10**9}
        assert names_of(mapper) == ["vol1"], "done by the time the advance is answered"
        assert loads(await receive_frame(waiting))["minor"] == 1


async def test_by_the_wall_a_delay_passes_by_itself(settings: Settings, serving: Serving) -> None:
    slow = dataclasses.replace(settings, faults=Plan.of(["create delay=1ms"]))
    async with serving(slow), netbsd_dm.connect_trio(slow.socket_path) as client:
        with trio.fail_after(60):
            assert await client.create("vol1") == 1


async def test_the_order_of_replies_is_kept_and_others_go_on(
    faulty: Faulty, serving: Serving, clock: ManualClock
) -> None:
    settings = faulty("create name=slow delay=1s")
    sent = [asking("create", name=name) for name in ("a", "slow", "b")] + [asking("names")]
    async with serving(settings), await open_raw(settings.socket_path) as stream:
        await stream.send_all(b"".join(map(framed, sent)))
        assert loads(await receive_frame(stream))["name"] == "a"
        async with netbsd_dm.connect_trio(settings.socket_path) as other:
            assert [name for name, _ in await other.names()] == ["a"], "those behind it wait"
        clock.advance(1)
        replies = [loads(await receive_frame(stream)) for _ in range(3)]
    assert [reply.get("name") for reply in replies] == ["slow", "b", None]
    assert [reply.get("minor") for reply in replies] == [2, 3, None]


async def test_a_minute_of_delays_passes_at_once(
    faulty: Faulty, serving: Serving, clock: ManualClock
) -> None:
    settings = faulty(*(f"create name=v{n} delay={n}s" for n in range(1, 61)))
    async with serving(settings) as mapper:
        streams = [await open_raw(settings.socket_path) for _ in range(60)]
        for number, stream in enumerate(streams, 1):
            await stream.send_all(framed(asking("create", name=f"v{number}")))
        await wait_all_tasks_blocked()
        clock.advance(60)
        assert names_of(mapper) == [f"v{n}" for n in range(1, 61)]
        for number, stream in enumerate(streams, 1):
            assert loads(await receive_frame(stream))["minor"] == number
            await stream.aclose()


async def begin_create(path: Path) -> trio.SocketStream:
    """A client that has asked for vol1, and waits."""
    stream = await open_raw(path)
    await stream.send_all(framed(asking("create", name="vol1")))
    await wait_all_tasks_blocked()
    return stream


async def test_a_command_is_carried_out_even_if_its_client_hangs_up(
    faulty: Faulty, serving: Serving, clock: ManualClock, noted: Noted
) -> None:
    settings = faulty("create delay=1s")
    async with serving(settings) as mapper:
        stream = await begin_create(settings.socket_path)
        await stream.aclose()
        await wait_all_tasks_blocked()
        assert names_of(mapper) == []
        clock.advance(1)
        assert names_of(mapper) == ["vol1"]
        assert [exchange.faults for exchange in noted.exchanges] == [("create delay=1000ms",)]


async def test_a_client_that_waits_may_close_its_sending_side(
    faulty: Faulty, serving: Serving, clock: ManualClock
) -> None:
    settings = faulty("create delay=1s")
    async with serving(settings), await begin_create(settings.socket_path) as stream:
        await stream.send_eof()
        await wait_all_tasks_blocked()
        clock.advance(1)
        assert loads(await receive_frame(stream))["minor"] == 1
        assert await receive_all(stream) == b""


async def test_a_server_that_stops_during_a_delay_leaves_nothing_behind(
    faulty: Faulty, clock: ManualClock, noted: Noted, tmp_path: Path
) -> None:
    settings = faulty("reload delay=1s", "open errno=EIO")
    before = descriptor_count()
    mappers: list[Mapper] = []
    async with trio.open_nursery() as nursery:
        mappers.append(await nursery.start(serving_module.serve, settings))
        async with netbsd_dm.connect_trio(settings.socket_path) as client:
            await client.create("vol1")
        stream = await open_raw(settings.socket_path)
        request = calls.reload(Selector("vol1"), LINES).request
        await stream.send_all(framed(dumps(request)))
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    await stream.aclose()
    assert task_count(nursery) == 0
    assert descriptor_count() == before
    assert [exchange.reply is None for exchange in noted.exchanges] == [False, True]
    assert noted.exchanges[1].faults == ("reload delay=1000ms",)
    assert settings.faults.on_hit is None
    settings.faults.clear()
    clock.advance(1)
    assert open_files_below(tmp_path) == [], "the reload was begun after the end"
    assert len(noted.exchanges) == 2
