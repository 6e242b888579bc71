"""Whatever a client sends, the server answers it or closes, and nothing is left of it."""

import gc
from pathlib import Path
from tempfile import TemporaryDirectory

import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import wait_all_tasks_blocked

import netbsd_dm
from netbsd_dm import Catalog, Offer, Settings, TableLine
from netbsd_dm.client.exchange import framed
from netbsd_dm.driver.mapper import Mapper
from netbsd_dm.driver.profile import PROFILES
from netbsd_dm.plist import dumps
from netbsd_dm.server import serving
from netbsd_dm.wire import calls
from netbsd_dm.wire.calls import Selector

from .conftest import descriptor_count, open_files_below, open_raw, task_count

DEVICE = Selector("vol1")
LINES = [TableLine(0, 8, "linear", "/dev/wd1a 0"), TableLine(8, 8, "linear", "/dev/wd1a 8")]
REQUESTS = [
    calls.version().request,
    calls.create("vol1", "uuid-1", read_only=False).request,
    calls.reload(DEVICE, LINES).request,
    calls.reload(DEVICE, [TableLine(0, 8, "striped", "2 4 /dev/wd1a 0 /dev/nosuch 0")]).request,
    calls.resume(DEVICE).request,
    calls.waitevent(DEVICE, None).request,
    calls.rename(DEVICE, "vol2").request,
    calls.remove(DEVICE).request,
    calls.remove_all().request,
]
TEXTS = [dumps(request) for request in REQUESTS]

junk = st.binary(max_size=40)
texts = st.sampled_from(TEXTS)
mutated = st.builds(
    lambda text, at, piece: text[:at] + piece + text[at + len(piece) :],
    texts,
    st.integers(0, 600),
    st.binary(min_size=1, max_size=6),
)
chunks = st.one_of(junk, texts, mutated, texts.map(framed), mutated.map(framed))
beginnings = st.integers(0, 6).map(lambda count: [framed(text) for text in TEXTS[:count]])
"""A session that has come some way, up to one that waits for an event."""


@given(beginnings, st.lists(chunks, max_size=6), st.sampled_from(sorted(PROFILES)), st.booleans())
def test_no_input_leaks_a_handle_a_task_or_a_descriptor(
    beginning: list[bytes], rest: list[bytes], profile: str, half_closed: bool
) -> None:
    sent = beginning + rest
    gc.collect()
    before = descriptor_count()
    with TemporaryDirectory() as name:
        trio.run(_survive, Path(name), PROFILES[profile].name, sent, half_closed)
    assert descriptor_count() == before


async def _survive(directory: Path, profile: str, sent: list[bytes], half_closed: bool) -> None:
    image = directory / "disk.img"
    image.write_bytes(bytes(65_536))
    settings = Settings(
        socket_path=directory / "dm.sock",
        profile=PROFILES[profile],
        catalog=Catalog([Offer("/dev/wd1a", image)]),
    )
    async with trio.open_nursery() as nursery:
        mapper: Mapper = await nursery.start(serving.serve, settings)
        await wait_all_tasks_blocked()
        idle = task_count(nursery)
        async with await open_raw(settings.socket_path) as stream:
            try:
                for chunk in sent:
                    await stream.send_all(chunk)
                if half_closed:
                    await stream.send_eof()
            except trio.BrokenResourceError:
                pass  # it closed, after something that cannot start a request
            await wait_all_tasks_blocked()
        async with netbsd_dm.connect_trio(settings.socket_path) as client:
            assert str(await client.version()) == "4.16.0"
        await wait_all_tasks_blocked()
        assert task_count(nursery) == idle, "a task outlived its connection"
        assert all(not device.watchers for device in mapper.devices)
        used = any(table.entries for device in mapper.devices for table in device.slots)
        assert open_files_below(directory) == ([str(image)] if used else [])
        nursery.cancel_scope.cancel()
