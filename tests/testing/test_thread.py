"""The thread of the servers: work from anywhere, one for all, nothing left of it."""

import os
import threading
from pathlib import Path

import pytest

from netbsd_dm.testing.thread import ServerThread, server_thread
from netbsd_dm.wire.address import PATH_BYTES_MAX

from .conftest import descriptors, threads


@pytest.fixture
def thread(private: Path) -> "ServerThread":
    """A thread of the test's own."""
    return ServerThread()


def test_work_is_done_in_the_thread_and_its_result_given(thread: ServerThread) -> None:
    with_thread = thread.call(threading.current_thread)
    assert with_thread.name == "netbsd-dm"
    thread.stop()


def test_what_work_raises_is_raised_to_the_caller(thread: ServerThread) -> None:
    with pytest.raises(ZeroDivisionError):
        thread.call(lambda: 1 // 0)
    assert thread.call(lambda: 1) == 1
    thread.stop()


def test_the_thread_itself_may_call(thread: ServerThread) -> None:
    assert thread.call(lambda: thread.call(lambda: 1)) == 1
    thread.stop()


async def test_a_task_of_another_trio_may_call(thread: ServerThread) -> None:
    assert thread.call(threading.current_thread) is not threading.current_thread()
    thread.stop()


def test_a_thread_that_was_stopped_takes_no_work(thread: ServerThread) -> None:
    thread.stop()
    with pytest.raises(RuntimeError, match="forked"):
        thread.call(lambda: 1)


def test_a_forked_process_is_told_and_takes_nothing_away(
    thread: ServerThread, private: Path
) -> None:
    child = os.fork()
    if not child:
        try:
            thread.stop()
            thread.call(lambda: 1)
        except RuntimeError:
            os._exit(7)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert list(private.iterdir())
    thread.stop()


def test_users_share_a_thread_until_the_last_is_done(private: Path) -> None:
    with server_thread() as first:
        with server_thread() as second:
            assert second is first
        assert first.call(lambda: 1) == 1


def test_nothing_is_left(private: Path) -> None:
    before = threads(), descriptors()
    for _ in range(3):
        thread = ServerThread()
        thread.new_directory()
        thread.stop()
    assert (threads(), descriptors()) == before
    assert not list(private.iterdir())


def test_a_path_too_long_for_sockets_is_not_used(
    private: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = private / ("d" * PATH_BYTES_MAX)
    long.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(long))
    thread = ServerThread()
    assert len(os.fsencode(thread.new_directory())) < PATH_BYTES_MAX
    assert not list(long.iterdir())
    thread.stop()
