"""Telling several journals."""

import pytest

from netbsd_dm.faults.plan import Hit
from netbsd_dm.server.journal import Exchange, Journals

from ..helpers.control import Noted

EXCHANGE = Exchange(client=1, at_seconds=0.5, request=b"a", reply=b"b")
HIT = Hit("open errno=EIO", 1, "open of /dev/wd1a")


@pytest.fixture
def journals() -> Journals:
    return Journals()


def test_every_journal_is_told_of_everything(journals: Journals) -> None:
    first, second = Noted(), Noted()
    journals.add(first)
    journals.exchange(EXCHANGE)
    journals.add(second)
    journals.hit(HIT, 0.7)
    assert first.exchanges == [EXCHANGE]
    assert second.exchanges == []
    assert first.hits == second.hits == [(HIT, 0.7)]


def test_one_that_is_taken_away_is_told_no_more(journals: Journals) -> None:
    noted = Noted()
    journals.add(noted)
    journals.discard(noted)
    journals.discard(noted)
    journals.exchange(EXCHANGE)
    assert noted.exchanges == []


def test_without_journals_there_is_nothing_to_tell(journals: Journals) -> None:
    noted = Noted()
    found = [bool(journals)]
    journals.add(noted)
    found.append(bool(journals))
    journals.discard(noted)
    found.append(bool(journals))
    assert found == [False, True, False]


def test_a_journal_may_take_itself_away_when_it_is_told(journals: Journals) -> None:
    class Once(Noted):
        def exchange(self, exchange: Exchange) -> None:
            super().exchange(exchange)
            journals.discard(self)

    once, other = Once(), Noted()
    journals.add(once)
    journals.add(other)
    journals.exchange(EXCHANGE)
    journals.exchange(EXCHANGE)
    assert (len(once.exchanges), len(other.exchanges)) == (1, 2)
