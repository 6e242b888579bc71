"""The journal of a server as a capture."""

import errno
import logging
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from netbsd_dm.capture.format import CaptureError, FaultNote, StepClass, read_capture
from netbsd_dm.capture.journal import CaptureJournal
from netbsd_dm.faults.plan import Hit
from netbsd_dm.pdev.catalog import Catalog, Offer
from netbsd_dm.pdev.devnum import makedev
from netbsd_dm.server.journal import Exchange

REQUEST, REPLY = b"<plist><dict/></plist>", b"<plist>reply</plist>"


def told(reply: bytes | None = REPLY, **given: object) -> Exchange:
    wanted: dict[str, object] = {"client": 1, "at_seconds": 0.5, "request": REQUEST, "reply": reply}
    return Exchange(**(wanted | given))  # type: ignore[arg-type]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    """A disk of 7 sectors and a bit, and one that is not there any more."""
    (tmp_path / "disk.img").write_bytes(bytes(7 * 512 + 100))
    gone = Offer("/dev/wd2a", tmp_path / "gone.img", makedev(197, 16))
    return Catalog([Offer("/dev/wd1a", tmp_path / "disk.img", makedev(197, 3)), gone])


def test_its_head_tells_the_profile_and_the_disks(path: Path, catalog: Catalog) -> None:
    CaptureJournal(path, "netbsd-9", catalog).close()
    capture = read_capture(path)
    assert capture.name == "journal"
    assert "profile netbsd-9" in capture.driver
    disks = [(disk.name, disk.sectors, disk.major, disk.minor) for disk in capture.disks]
    assert disks == [("/dev/wd1a", 7, 197, 3), ("/dev/wd2a", 0, 197, 16)]


@pytest.mark.parametrize(
    ("exchange", "step_class"),
    [
        (told(), StepClass.STABLE),
        (told(None), StepClass.UNDEFINED),
        (told(faults=("any delay=1s",)), StepClass.UNDEFINED),
    ],
    ids=["an answer", "no answer", "a fault"],
)
def test_what_a_fault_touched_or_nobody_got_need_not_be_answered_so_again(
    path: Path, exchange: Exchange, step_class: StepClass
) -> None:
    journal = CaptureJournal(path, "standard", Catalog())
    journal.exchange(exchange)
    journal.close()
    (step,) = read_capture(path).steps
    assert step.step_class is step_class
    assert (step.number, step.request, step.client, step.at_seconds) == (1, REQUEST, 1, 0.5)
    assert step.faults == exchange.faults
    assert (step.reply.text if step.reply else None) == exchange.reply


def test_a_reply_that_was_cut_is_whole_and_says_how_much_was_sent(path: Path) -> None:
    journal = CaptureJournal(path, "standard", Catalog())
    journal.exchange(told(sent_bytes=0, faults=("any drop",)))
    journal.exchange(told(sent_bytes=9, faults=("any cut=9",)))
    journal.close()
    dropped, cut = read_capture(path).steps
    assert (dropped.is_dropped, dropped.truncated_bytes) == (True, None)
    assert (cut.is_dropped, cut.truncated_bytes) == (False, 9)


def test_other_hits_are_notes_between_the_exchanges(path: Path) -> None:
    journal = CaptureJournal(path, "standard", Catalog())
    journal.exchange(told())
    journal.hit(Hit("io errno=EIO", 1, "read of vol1, sectors 0-7"), 0.75)
    journal.exchange(told())
    journal.close()
    capture = read_capture(path)
    assert [step.number for step in capture.steps] == [1, 2]
    (note,) = (entry for entry in capture.entries if isinstance(entry, FaultNote))
    assert note.what == "read of vol1, sectors 0-7"


def test_a_file_that_holds_something_is_left_alone(path: Path) -> None:
    path.write_text("precious")
    with pytest.raises(FileExistsError):
        CaptureJournal(path, "standard", Catalog())
    assert path.read_text() == "precious"


def test_a_full_disk_costs_exchanges_and_not_the_server(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    journal = CaptureJournal(path, "standard", Catalog())
    write: Callable[[int, bytes], int] = os.write

    def full(fd: int, data: bytes) -> int:
        write(fd, data[:20])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched, caplog.at_level(logging.WARNING):
        patched.setattr(os, "write", full)
        journal.exchange(told())
    assert "lacks an exchange: No space left on device" in caplog.text
    journal.exchange(told(b"later"))
    journal.close()
    try:
        (step,) = read_capture(path).steps
    except CaptureError as error:
        pytest.fail(f"half a line stayed: {error}")
    assert step.reply is not None
    assert step.reply.text == b"later"
