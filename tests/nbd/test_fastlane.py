"""The fast lane: what it answers, and what it counts."""

from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netbsd_dm import DeviceMapper, TableLine
from netbsd_dm.blockio.volume import Volume
from netbsd_dm.nbd import fastlane
from netbsd_dm.nbd.fastlane import OUT_BYTES, SMALL_BYTES, FastLane
from netbsd_dm.nbd.requests import RequestReader

from .conftest import (
    DISK_BYTES,
    GOOD,
    GOOD_REPLY,
    PATTERN,
    READ,
    STRIPES,
    WHOLE,
    mapper,
    opened,
    read_reply,
    request,
    run,
    write,
    write_reply,
)


@pytest.mark.parametrize("structured", [True, False])
def test_reads_writes_and_both_are_answered_in_order(dm: DeviceMapper, structured: bool) -> None:
    volume = opened(dm, WHOLE)
    sent = [
        request(READ, 0, 1, cookie=1),
        request(READ, 1, 4096, cookie=2),
        write(5, b"hello", cookie=3),
        request(READ, 4, 7, cookie=4),
        write(DISK_BYTES - 3, b"end", cookie=2**64 - 1),
        write(0, b"x" * SMALL_BYTES, cookie=5),
        request(READ, DISK_BYTES - SMALL_BYTES, SMALL_BYTES, cookie=6),
    ]
    expected = [
        read_reply(1, 0, PATTERN[:1], structured=structured),
        read_reply(2, 1, PATTERN[1:4097], structured=structured),
        write_reply(3),
        read_reply(4, 4, PATTERN[4:5] + b"hello" + PATTERN[10:11], structured=structured),
        write_reply(2**64 - 1),
        write_reply(5),
        read_reply(
            6,
            DISK_BYTES - SMALL_BYTES,
            PATTERN[-SMALL_BYTES:-3] + b"end",
            structured=structured,
        ),
    ]
    answered, left = run(volume, b"".join(sent), structured=structured)
    assert answered == b"".join(expected)
    assert left == b""
    assert volume.read(0, 8) == b"x" * 8


def test_a_read_with_df_is_answered(dm: DeviceMapper) -> None:
    volume = opened(dm, WHOLE)
    expected = read_reply(7, 0, PATTERN[:9])
    assert run(volume, request(READ, 0, 9, flags=4)) == (expected, b"")


def test_a_table_swapped_between_two_requests_is_seen(dm: DeviceMapper) -> None:
    volume = opened(dm, WHOLE)
    lane = FastLane(volume, structured=False)
    for disk, content in (("wd0a", PATTERN), ("wd1a", PATTERN[::-1])):
        dm.reload("vol", [TableLine(0, 8, "linear", f"/dev/{disk} 0")])
        dm.resume("vol")
        count = lane.run(RequestReader(request(READ, 0, 100)))
        assert bytes(lane.view[16:count]) == content[:100]


def test_what_does_not_fit_into_the_output_comes_with_the_next_run(dm: DeviceMapper) -> None:
    volume = opened(dm, WHOLE)
    lane = FastLane(volume, structured=True)
    count = 9
    reader = RequestReader(b"".join(request(READ, i, SMALL_BYTES, cookie=i) for i in range(count)))
    parts = []
    while filled := lane.run(reader):
        assert filled <= OUT_BYTES
        parts.append(bytes(lane.view[:filled]))
    expected = [read_reply(i, i, PATTERN[i : i + SMALL_BYTES]) for i in range(count)]
    assert b"".join(parts) == b"".join(expected)
    assert len(parts) == 3


def test_answers_to_writes_fill_the_output_too(dm: DeviceMapper) -> None:
    volume = opened(dm, WHOLE)
    lane = FastLane(volume, structured=True)
    reads = b"".join(request(READ, 0, SMALL_BYTES) for _ in range(3)) + request(READ, 0, 65_400)
    reader = RequestReader(reads + write(0, b"x") * 10)
    first = lane.run(reader)
    assert OUT_BYTES - 16 < first <= OUT_BYTES
    assert bytes(lane.view[: lane.run(reader)]).endswith(write_reply(7))
    assert reader.start == reader.end


def test_statistics_count_requests_and_bytes(dm: DeviceMapper) -> None:
    volume = opened(dm, STRIPES)
    run(volume, request(READ, 0, 100) + request(READ, 4000, 200) + write(4000, bytes(300)) * 3)
    counted = volume.device.statistics
    assert (counted.reads, counted.read_bytes) == (2, 300)
    assert (counted.writes, counted.written_bytes) == (3, 900)
    assert (counted.flushes, counted.discards, counted.errors) == (0, 0, 0)
    assert 0 < counted.slowest_ns <= counted.latency_ns


def test_a_write_marks_every_device_that_it_passes(dm: DeviceMapper) -> None:
    bottom = opened(dm, WHOLE, "bottom")
    opened(dm, [TableLine(0, 64, "linear", "/dev/mapper/bottom 8")], "middle")
    beside = opened(dm, [TableLine(0, 64, "linear", "/dev/wd1a 0")], "beside")
    lines = [
        TableLine(0, 8, "linear", "/dev/mapper/middle 8"),
        TableLine(8, 8, "linear", "/dev/mapper/beside 0"),
    ]
    top = opened(dm, lines, "top")
    dirty = [device.name for device in dm.devices if device.is_dirty]
    read, _ = run(top, request(READ, 0, 512))
    assert read == read_reply(7, 0, PATTERN[8192:8704])
    assert dirty == [device.name for device in dm.devices if device.is_dirty] == []
    run(top, write(0, b"new"))
    assert {device.name for device in dm.devices if device.is_dirty} == {"bottom", "middle", "top"}
    assert bottom.read(8192, 3) == b"new"
    run(top, write(4095, b"xy"))
    assert beside.device.is_dirty
    assert (bottom.read(12287, 1), beside.read(0, 1)) == (b"x", b"y")


def test_after_slow_writes_others_go_to_threads_for_a_while(
    dm: DeviceMapper, monkeypatch: pytest.MonkeyPatch
) -> None:
    volume = opened(dm, WHOLE)
    lane = FastLane(volume, structured=True)
    clock = [10**12]
    step = [1000]

    def now() -> int:
        clock[0] += step[0]
        return clock[0]

    monkeypatch.setattr(fastlane, "time", SimpleNamespace(perf_counter_ns=now))
    assert lane.run(RequestReader(write(0, b"x"))) == 16
    step[0] = 10**8  # a tenth of a second from look to look: slow
    assert lane.run(RequestReader(GOOD)) == len(GOOD_REPLY)
    assert lane.run(RequestReader(write(0, b"x"))) == 16, "reads were slow, and writes paid for it"
    step[0] = 1000
    assert lane.run(RequestReader(write(0, b"x"))) == 0
    assert lane.run(RequestReader(GOOD)) == len(GOOD_REPLY)
    clock[0] += 2 * 10**9
    assert lane.run(RequestReader(write(0, b"x"))) == 16


def long_way(volume: Volume, sent: list[tuple[int, bytes | int]]) -> bytes:
    """What reads (with a length) and writes (with data) give, one by one."""
    out = b""
    for cookie, (offset, what) in enumerate(sent):
        if isinstance(what, int):
            out += read_reply(cookie, offset, volume.read(offset, what))
        else:
            volume.write(offset, what)
            out += write_reply(cookie)
    return out


places = st.one_of(st.integers(0, 60_000), st.integers(1, 14).map(lambda chunk: chunk * 4096 - 3))


requests = st.lists(
    st.tuples(
        places,
        st.one_of(st.integers(1, 9000), st.binary(min_size=1, max_size=40).map(lambda b: b * 150)),
    ),
    max_size=12,
)


@given(requests, st.sampled_from(["whole", "striped", "stacked"]))
def test_the_fast_lane_and_the_long_way_give_the_same_bytes(
    sent: list[tuple[int, bytes | int]], layout: str
) -> None:
    stream = b"".join(
        request(READ, offset, what, cookie=cookie)
        if isinstance(what, int)
        else write(offset, what, cookie=cookie)
        for cookie, (offset, what) in enumerate(sent)
    )
    outcomes = []
    for fast in (True, False):
        with TemporaryDirectory() as name, mapper(Path(name)) as dm:
            volume = opened(dm, WHOLE if layout == "whole" else STRIPES)
            if layout == "stacked":
                lines = [
                    TableLine(0, 100, "linear", "/dev/mapper/vol 3"),
                    TableLine(100, 100, "linear", "/dev/mapper/vol 203"),
                ]
                volume = opened(dm, lines, "top")
            out, left = run(volume, stream) if fast else (long_way(volume, sent), b"")
            assert left == b"", "all of it can be answered at once"
            disks = [(Path(name) / disk).read_bytes() for disk in ("wd0a", "wd1a")]
            counted = volume.device.statistics
            numbers = (counted.reads, counted.read_bytes, counted.writes, counted.written_bytes)
            outcomes.append((out, disks, numbers, [each.is_dirty for each in dm.devices]))
    assert outcomes[0] == outcomes[1]
