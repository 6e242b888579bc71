"""Profile standard: what suspend, resume and remove do about I/O that has started."""

import os

import pytest

from netbsd_dm.blockio import access
from netbsd_dm.blockio.access import Access, Op
from netbsd_dm.blockio.layout import HeldError
from netbsd_dm.blockio.volume import Volume
from netbsd_dm.driver.events import Pending
from netbsd_dm.plist import PlistDict, UInt
from netbsd_dm.wire.errors import DMError, Errno

from .conftest import Rig, error, linear

NOFLUSH = UInt(0x804)


def start(rig: Rig, name: str, op: Op = Op.READ) -> Access:
    """A request on the first sector of a device, that works on it until `end`."""
    return access.start(rig.mapper, rig.mapper.find(name), op, 0, 512)


def make_dirty(rig: Rig, name: str) -> None:
    start(rig, name, Op.WRITE).end()
    assert rig.mapper.find(name).is_dirty


def calls_of(pending: Pending) -> list[str]:
    """Grows by one whenever `pending` says that it is ready."""
    calls: list[str] = []
    pending.when_ready(lambda: calls.append("ready"))
    return calls


def done(pending: Pending) -> PlistDict:
    assert pending.reply is not None, "it still waits"
    assert "error" not in pending.reply, pending.reply["error"]
    return pending.reply


@pytest.fixture
def v(rig: Rig) -> Rig:
    """A device v on d0."""
    rig.make("v", linear(0, 8))
    return rig


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The disks that are made durable, in order."""
    found: list[str] = []

    def fdatasync(fd: int) -> None:
        found.append(os.readlink(f"/proc/self/fd/{fd}").rpartition("/")[2])  # noqa: PTH115

    monkeypatch.setattr(os, "fdatasync", fdatasync)
    return found


class TestSuspend:
    def test_it_waits_for_what_has_started(self, v: Rig) -> None:
        first, second = start(v, "v"), start(v, "v")
        pending = v.begin("suspend", name="v")
        calls = calls_of(pending)
        assert v.do("info", name="v")["flags"] == 0x26, "it is suspended at once"
        first.end()
        assert (pending.reply, calls) == (None, [])
        second.end()
        assert (done(pending)["flags"], calls) == (0x26, ["ready"])
        assert v.mapper.find("v").watchers == set()

    def test_without_any_it_is_done_at_once(self, v: Rig) -> None:
        start(v, "v").end()
        assert v.do("suspend", name="v")["flags"] == 0x26

    def test_new_requests_are_held_until_the_resume(self, v: Rig) -> None:
        v.do("suspend", name="v")
        for op in (Op.READ, Op.WRITE, Op.FLUSH):
            with pytest.raises(HeldError, match="v is suspended") as caught:
                start(v, "v", op)
            assert caught.value.device is v.mapper.find("v")
        called: list[str] = []
        v.mapper.find("v").watchers.add(lambda: called.append("go on"))
        v.do("resume", name="v")
        assert called == ["go on"]
        start(v, "v").end()

    @pytest.mark.parametrize("busy", [False, True])
    def test_what_was_written_is_flushed_before_the_reply(
        self, v: Rig, synced: list[str], busy: bool
    ) -> None:
        make_dirty(v, "v")
        reading = start(v, "v") if busy else None
        pending = v.begin("suspend", name="v")
        calls = calls_of(pending)
        if reading:
            assert not pending.is_ready
            reading.end()
        assert (pending.is_ready, pending.reply, calls) == (True, None, ["ready"])
        assert synced == [], "nothing blocks before somebody does the work"
        assert pending.run_work()["flags"] == 0x26
        assert synced == ["d0"]
        assert not v.mapper.find("v").is_dirty
        assert pending.run_work() is done(pending)
        assert synced == ["d0"], "once"
        assert v.do("suspend", name="v")["flags"] == 0x26, "it is clean now"

    @pytest.mark.parametrize("busy", [False, True])
    def test_with_noflush_nothing_is_flushed(self, v: Rig, synced: list[str], busy: bool) -> None:
        make_dirty(v, "v")
        if busy:
            reading = start(v, "v")
            pending = v.begin("suspend", name="v", flags=NOFLUSH)
            reading.end()
            assert done(pending)["flags"] == 0x26
        else:
            assert v.do("suspend", name="v", flags=NOFLUSH)["flags"] == 0x26
        assert synced == []
        assert v.mapper.find("v").is_dirty

    def test_the_files_below_are_flushed_too_each_once(self, v: Rig, synced: list[str]) -> None:
        lines = [linear(at, 4, "/dev/mapper/v") for at in (0, 4)]
        v.make("high", *lines, linear(8, 8, "/dev/d1"))
        make_dirty(v, "high")
        v.begin("suspend", name="high").run_work()
        assert sorted(synced) == ["d0", "d1"]

    def test_a_flush_that_fails_is_told_and_the_device_stays_dirty(
        self, v: Rig, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(fd: int) -> None:
            raise OSError(5, "played")

        make_dirty(v, "v")
        with monkeypatch.context() as patch:
            patch.setattr(os, "fdatasync", refuse)
            name, message, _ = error(v.begin("suspend", name="v").run_work())
        assert (name, message) == ("EIO", f"cannot flush {v.directory}/d0 at byte 0: played")
        assert v.mapper.find("v").is_dirty
        assert v.mapper.find("v").is_suspended
        v.begin("suspend", name="v").run_work()
        assert not v.mapper.find("v").is_dirty

    def test_a_write_after_a_resume_during_the_flush_makes_it_dirty_again(
        self, v: Rig, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def resume_and_write(fd: int) -> None:
            v.do("resume", name="v")
            start(v, "v", Op.WRITE).end()

        make_dirty(v, "v")
        pending = v.begin("suspend", name="v")
        monkeypatch.setattr(os, "fdatasync", resume_and_write)
        pending.run_work()
        assert v.mapper.find("v").is_dirty

    def test_what_is_to_be_flushed_stays_open_though_the_table_goes(
        self, v: Rig, synced: list[str]
    ) -> None:
        make_dirty(v, "v")
        pending = v.begin("suspend", name="v")
        v.do("reload", name="v", cmd_data=[linear(0, 8, "/dev/d1")])
        resuming = v.begin("resume", name="v")
        assert v.open_files() == ["d0", "d1"]
        resuming.run_work()
        assert (synced, v.open_files()) == (["d0"], ["d0", "d1"])
        pending.run_work()
        assert (synced, v.open_files()) == (["d0", "d0"], ["d1"])

    @pytest.mark.parametrize("busy", [False, True])
    def test_who_cancels_leaves_no_file_open(self, v: Rig, synced: list[str], busy: bool) -> None:
        make_dirty(v, "v")
        reading = start(v, "v") if busy else None
        pending = v.begin("suspend", name="v")
        pending.cancel()
        if reading:
            reading.end()
        assert v.mapper.find("v").is_suspended
        assert (synced, v.mapper.find("v").is_dirty) == ([], True)
        v.do("remove", name="v")
        assert v.open_files() == []


class TestResume:
    def test_it_swaps_when_what_has_started_is_done(self, v: Rig) -> None:
        v.do("reload", name="v", cmd_data=[linear(0, 4, "/dev/d1")])
        reading = start(v, "v")
        pending = v.begin("resume", name="v")
        calls = calls_of(pending)
        assert v.table("v") == ["0 8 linear /dev/d0 0"]
        with pytest.raises(HeldError):
            start(v, "v")
        reading.end()
        assert v.table("v") == ["0 4 linear /dev/d1 0"]
        assert (done(pending)["minor"], calls) == (1, ["ready"])
        assert v.do("info", name="v")["event_nr"] == 2, "one swap more"
        assert v.mapper.find("v").watchers == set()
        start(v, "v").end()

    def test_what_the_old_table_wrote_is_flushed_before_io_goes_on(
        self, v: Rig, synced: list[str]
    ) -> None:
        make_dirty(v, "v")
        v.do("reload", name="v", cmd_data=[linear(0, 4, "/dev/d1")])
        pending = v.begin("resume", name="v")
        assert v.table("v") == ["0 4 linear /dev/d1 0"]
        with pytest.raises(HeldError):
            start(v, "v")
        assert (synced, v.open_files()) == ([], ["d0", "d1"])
        assert pending.run_work()["minor"] == 1
        assert (synced, v.open_files()) == (["d0"], ["d1"])
        assert not v.mapper.find("v").is_dirty
        start(v, "v").end()

    def test_it_swaps_even_if_nobody_wants_the_reply_any_more(self, v: Rig) -> None:
        v.do("reload", name="v", cmd_data=[linear(0, 4, "/dev/d1")])
        reading = start(v, "v")
        pending = v.begin("resume", name="v")
        calls = calls_of(pending)
        pending.cancel()
        reading.end()
        assert (v.table("v"), calls) == (["0 4 linear /dev/d1 0"], [])
        assert v.open_files() == ["d1"]
        start(v, "v").end()

    def test_what_was_reloaded_meanwhile_becomes_live(self, v: Rig) -> None:
        reading = start(v, "v")
        pending = v.begin("resume", name="v")
        v.do("reload", name="v", cmd_data=[linear(0, 4, "/dev/d1")])
        reading.end()
        assert done(pending)["minor"] == 1
        assert v.table("v") == ["0 4 linear /dev/d1 0"]

    def test_a_suspend_and_two_resumes_all_end(self, v: Rig, synced: list[str]) -> None:
        make_dirty(v, "v")
        v.do("reload", name="v", cmd_data=[linear(0, 4, "/dev/d1")])
        reading = start(v, "v")
        waits = [v.begin(command, name="v") for command in ("suspend", "resume", "resume")]
        event = v.wait(name="v")
        calls = [calls_of(pending) for pending in (*waits, event)]
        reading.end()
        assert [pending.is_ready for pending in (*waits, event)] == [True] * 4
        assert calls == [["ready"]] * 4, "each once"
        for pending in waits:
            pending.run_work()
        assert set(synced) == {"d0"}, "the file that was written"
        assert v.do("info", name="v")["event_nr"] == 2
        assert v.open_files() == ["d1"]

    def test_the_device_being_removed_ends_the_wait_when_its_io_does(self, v: Rig) -> None:
        reading = start(v, "v")
        resuming = v.begin("resume", name="v")
        removing = v.begin("remove", name="v")
        assert (resuming.reply, removing.reply) == (None, None)
        reading.end()
        assert resuming.reply is not None
        name, message, _ = error(resuming.reply)
        assert (name, message) == ("ENXIO", "v was removed before its I/O had drained")
        done(removing)
        assert v.open_files() == []

    def test_io_on_another_device_is_none_of_its_own(self, v: Rig) -> None:
        v.make("other", linear(0, 8))
        reading = start(v, "other")
        v.do("suspend", name="v")
        v.do("resume", name="v")
        reading.end()

    def test_io_from_a_device_above_is(self, v: Rig) -> None:
        v.make("high", linear(0, 8, "/dev/mapper/v"))
        reading = start(v, "high")
        pending = v.begin("resume", name="v")
        reading.end()
        done(pending)


class TestRemove:
    def test_what_is_open_stays_and_is_told_how_often(self, v: Rig) -> None:
        device = v.mapper.find("v")
        with Volume(v.mapper, device), Volume(v.mapper, device):
            name, message, _ = error(v.run("remove", name="v"))
            assert name == "EBUSY"
            assert message.startswith("v is open, 2 times")
            assert v.names() == ["v"]
        v.do("remove", name="v")

    def test_remove_all_keeps_what_is_open_and_what_that_stands_on(self, v: Rig) -> None:
        v.make("high", linear(0, 8, "/dev/mapper/v"))
        v.make("closed", linear(0, 8, "/dev/d1"))
        with Volume(v.mapper, v.mapper.find("high")):
            name, message, _ = error(v.run("remove_all"))
            assert (name, message) == ("EBUSY", "still in use: v, high; all others are removed")
            assert v.names() == ["v", "high"]
        v.do("remove_all")
        assert (v.names(), v.open_files()) == ([], [])

    def test_it_waits_for_what_has_started(self, v: Rig) -> None:
        reading = start(v, "v")
        pending = v.begin("remove", name="v")
        assert v.names() == [], "nobody finds it any more"
        assert v.open_files() == ["d0"]
        pending.cancel()
        reading.end()
        assert (done(pending)["command"], v.open_files()) == ("remove", [])

    def test_what_is_held_by_its_suspend_may_look_again_and_finds_it_gone(self, v: Rig) -> None:
        device = v.mapper.find("v")
        v.do("suspend", name="v")
        called: list[str] = []
        device.watchers.add(lambda: called.append("look"))
        v.do("remove", name="v")
        assert called == ["look"]
        with pytest.raises(DMError, match="v was removed") as caught:
            Volume(v.mapper, device).check(Op.READ, 0, 512)
        assert caught.value.errno == Errno.EIO
