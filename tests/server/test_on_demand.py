"""Faults on demand, as the clients of a server meet them."""

import dataclasses
from pathlib import Path

import pytest

import netbsd_dm
from netbsd_dm import Catalog, DMError, NoServerError, Offer, TableLine, TrioClient
from netbsd_dm.client.exchange import framed
from netbsd_dm.clock.timers import ManualClock
from netbsd_dm.driver.profile import PROFILES, Profile
from netbsd_dm.plist import loads

from ..helpers.control import Noted, asking
from .conftest import Faulty, Serving, open_raw, receive_all, receive_frame

EVERY_PROFILE = pytest.mark.parametrize("profile", PROFILES.values(), ids=list(PROFILES))
LINES = [TableLine(0, 8, "linear", "/dev/wd1a 0")]


async def failure(client: TrioClient, name: str = "vol1") -> str | None:
    """What a reload fails with, if it does."""
    try:
        await client.reload(name, LINES)
    except DMError as error:
        return error.name
    return None


@EVERY_PROFILE
async def test_the_second_reload_fails_with_enoent(
    faulty: Faulty, serving: Serving, noted: Noted, profile: Profile
) -> None:
    rule = "reload nth=2 errno=ENOENT"
    settings = faulty(rule, profile=profile)
    async with serving(settings), netbsd_dm.connect_trio(settings.socket_path) as client:
        await client.create("vol1")
        failures = [await failure(client) for _ in range(3)]
    lost = "EINVAL"  # which a client of the real driver cannot tell: the errno is lost
    assert failures == [None, "ENOENT" if profile.reports_errors else lost, None]
    hits = [exchange.faults for exchange in noted.exchanges]
    assert hits == [(), (), (rule,), ()]


# Connections that drop


@EVERY_PROFILE
async def test_the_connection_drops_after_the_request(
    faulty: Faulty, serving: Serving, noted: Noted, profile: Profile
) -> None:
    settings = faulty("create once drop", profile=profile)
    async with serving(settings):
        async with netbsd_dm.connect_trio(settings.socket_path) as client:
            with pytest.raises(NoServerError):
                await client.create("vol1")
        async with netbsd_dm.connect_trio(settings.socket_path) as client:
            assert [name for name, _ in await client.names()] == ["vol1"]
            assert await client.create("vol2") == 2
    exchange = noted.exchanges[0]
    assert (exchange.sent_bytes, exchange.faults) == (0, ("create nth=1 drop",))
    assert exchange.reply is not None


async def test_the_connection_drops_before_the_command(faulty: Faulty, serving: Serving) -> None:
    settings = faulty("create once hangup")
    async with serving(settings) as mapper:
        async with await open_raw(settings.socket_path) as stream:
            sent = [asking("names"), asking("create", name="vol1"), asking("create", name="vol2")]
            await stream.send_all(b"".join(map(framed, sent)))
            assert "cmd_data" in loads(await receive_frame(stream)), "what came before is answered"
            assert await receive_all(stream) == b""
        assert mapper.devices == (), "and nothing behind it is carried out"


@pytest.mark.parametrize("count", [0, 1, 4, 50, 10**6])
async def test_a_reply_is_cut_where_the_rule_says(
    faulty: Faulty, serving: Serving, count: int
) -> None:
    settings = faulty(f"version nth=2 cut={count}")
    async with serving(settings), await open_raw(settings.socket_path) as stream:
        await stream.send_all(framed(asking("version")) * 3)
        whole = framed(await receive_frame(stream))
        assert await receive_all(stream) == whole[:count]


async def test_the_reply_is_truncated_and_the_connection_goes_on(
    faulty: Faulty, serving: Serving
) -> None:
    settings = faulty("version nth=2 truncate=150")
    async with serving(settings), await open_raw(settings.socket_path) as stream:
        await stream.send_all(framed(asking("version")) * 3)
        first, second, third = [await receive_frame(stream) for _ in range(3)]
    assert first == third
    assert second == first[:150]


async def test_a_text_without_a_length_is_cut_and_truncated_too(
    faulty: Faulty, serving: Serving
) -> None:
    settings = faulty("version nth=2 truncate=150", "version nth=3 cut=10")
    async with serving(settings), await open_raw(settings.socket_path) as stream:
        await stream.send_all(asking("version") * 4)
        data = await receive_all(stream)
    whole = data[: data.index(b"</plist>\n") + 9]
    assert data == whole + whole[:150] + whole[:10]


async def test_an_exchange_may_fail_as_the_ioctl_would(faulty: Faulty, serving: Serving) -> None:
    settings = faulty("create ioctl=ENOMEM")
    async with (
        serving(settings) as mapper,
        netbsd_dm.connect_trio(settings.socket_path) as client,
    ):
        with pytest.raises(DMError, match="ENOMEM"):
            await client.create("vol1")
        assert mapper.devices == ()


# Devices that do not open


@EVERY_PROFILE
async def test_the_open_of_wd2a_fails(
    faulty: Faulty,
    serving: Serving,
    noted: Noted,
    clock: ManualClock,
    image: Path,
    profile: Profile,
) -> None:
    clock.advance(5)
    settings = faulty("open device=/dev/wd2a", profile=profile)
    disks = image, image.with_name("other.img")
    disks[1].write_bytes(bytes(1 << 20))
    offers = [Offer(f"/dev/wd{number}a", disk) for number, disk in enumerate(disks, 1)]
    settings = dataclasses.replace(settings, catalog=Catalog(offers))
    async with (
        serving(settings) as mapper,
        netbsd_dm.connect_trio(settings.socket_path) as client,
    ):
        await client.create("vol1")
        table = [TableLine(0, 8, "striped", "2 1 /dev/wd1a 0 /dev/wd2a 8")]
        with pytest.raises(DMError) as caught:
            await client.reload("vol1", table)
        if profile.reports_errors:
            assert caught.value.name == "ENOENT"
            assert caught.value.where == "cmd_data[0].params"
            assert "/dev/wd2a does not open: fault open device=/dev/wd2a" in caught.value.message
        assert mapper.opened == [], "what was opened before it is given back"
        assert await failure(client) is None, "other devices open"
        mapper.faults.clear()
        await client.reload("vol1", table)
    (hit,) = noted.hits
    assert hit == (("open device=/dev/wd2a errno=ENOENT", 1, "open of /dev/wd2a"), 5.0)


async def test_a_device_that_is_open_already_need_not_open(
    faulty: Faulty, serving: Serving
) -> None:
    settings = faulty()
    async with (
        serving(settings) as mapper,
        netbsd_dm.connect_trio(settings.socket_path) as client,
    ):
        for name in ("vol1", "vol2"):
            await client.create(name)
        assert await failure(client, "vol1") is None
        mapper.faults.add("open errno=ENXIO")
        assert await failure(client, "vol2") is None
        await client.remove("vol1")
        await client.remove("vol2")
        await client.create("vol3")
        assert await failure(client, "vol3") == "ENXIO"
