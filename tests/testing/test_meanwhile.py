"""What is done in a second thread meanwhile."""

import threading

import pytest

from netbsd_dm.testing import DmServer, meanwhile
from netbsd_dm.testing.meanwhile import Meanwhile


def test_the_end_of_the_work_is_awaited() -> None:
    go = threading.Event()
    with Meanwhile().run(go.wait) as result:
        assert not result.done()
        go.set()
    assert result.result() is True


def test_what_the_work_raises_is_raised_behind_the_block() -> None:
    with pytest.raises(ZeroDivisionError), Meanwhile().run(lambda: 1 // 0):
        pass


def test_a_block_that_raises_is_told_of_the_work() -> None:
    helper = Meanwhile()

    def block() -> None:
        with helper.run(lambda: int("seven")):
            helper.join()
            raise KeyError

    with pytest.raises(KeyError) as caught:
        block()
    (note,) = caught.value.__notes__
    assert note.startswith("What was done meanwhile has failed: ValueError(")


def test_a_block_that_raises_does_not_wait() -> None:
    helper = Meanwhile()
    go = threading.Event()
    with pytest.raises(KeyError), helper.run(go.wait):
        raise KeyError
    go.set()
    helper.join()


def test_work_that_does_not_end_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meanwhile, "WAIT_SECONDS", 0.0)
    helper = Meanwhile()
    go = threading.Event()
    with pytest.raises(TimeoutError, match="has not ended"), helper.run(go.wait):
        pass
    go.set()
    helper.join()


def test_a_timeout_of_the_work_is_its_own() -> None:
    def work() -> None:
        raise TimeoutError("mine")

    with pytest.raises(TimeoutError, match="mine"), Meanwhile().run(work):
        pass


def test_a_server_that_ends_ends_who_waits_for_it() -> None:
    with DmServer() as server:
        client = server.connect()
        client.create("vol1")
        with pytest.raises(KeyError), server.meanwhile(client.waitevent, "vol1") as waiting:
            raise KeyError
    assert isinstance(waiting.exception(), ConnectionError)
