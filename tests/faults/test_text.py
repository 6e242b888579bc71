"""Rules as text: what is read, what is written, and what is wrong with which word."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from netbsd_dm.faults.rules import Effect, Rule
from netbsd_dm.faults.schedule import Schedule
from netbsd_dm.faults.text import parse_rule
from netbsd_dm.wire.errors import Errno

from .conftest import RULES


@given(RULES)
@example(Rule(on=("reload",), name="my vol", effect=Effect(errno=2)))
@example(Rule(on=("reload",), name='it\'s "it"\\\t', effect=Effect(errno=2)))
@example(Rule(on=("reload",), name="", effect=Effect(errno=2)))
@example(Rule(on=("reload",), effect=Effect(delay_seconds=1 / 3)))
@example(Rule(on=("reload",), effect=Effect(delay_seconds=1e-9)))
@example(Rule(on=("reload",), schedule=Schedule(seed=0, rate=0.1), effect=Effect(errno=4711)))
def test_the_text_of_a_rule_is_read_as_that_rule(rule: Rule) -> None:
    assert parse_rule(str(rule)) == rule


EXAMPLES = {
    "reload nth=2 errno=ENOENT": Rule(
        on=("reload",), schedule=Schedule(nth=2), effect=Effect(errno=Errno.ENOENT)
    ),
    "resume name=vol* delay=200ms": Rule(
        on=("resume",), name="vol*", effect=Effect(delay_seconds=0.2)
    ),
    "create,rename once drop": Rule(
        on=("create", "rename"), schedule=Schedule(nth=1), effect=Effect(drop=True)
    ),
    "any truncate=10": Rule(on=("any",), effect=Effect(truncate_bytes=10)),
    "open device=/dev/wd2a": Rule(
        on=("open",), device="/dev/wd2a", effect=Effect(errno=Errno.ENOENT)
    ),
    "io name=vol1 sectors=100-200 errno=EIO": Rule(
        on=("io",), name="vol1", sectors=range(100, 201), effect=Effect(errno=Errno.EIO)
    ),
    "read sectors=7 errno=5": Rule(on=("read",), sectors=range(7, 8), effect=Effect(errno=5)),
    "  info\tuuid=LVM-*  minor=3   ioctl=eio ": Rule(
        on=("info",), uuid="LVM-*", minor=3, effect=Effect(ioctl=Errno.EIO)
    ),
    "names after=1 first=9 every=2 seed=7 rate=0.25 cut=3": Rule(
        on=("names",),
        schedule=Schedule(after=1, first=9, every=2, seed=7, rate=0.25),
        effect=Effect(cut_bytes=3),
    ),
    "flush delay=1.5s errno=ENOSPC": Rule(
        on=("flush",), effect=Effect(delay_seconds=1.5, errno=Errno.ENOSPC)
    ),
}


@pytest.mark.parametrize(("text", "rule"), EXAMPLES.items(), ids=list(EXAMPLES))
def test_what_people_write_is_understood(text: str, rule: Rule) -> None:
    assert parse_rule(text) == rule


@pytest.mark.parametrize("text", ["info name='my vol' errno=2", 'info name="my vol" errno=2'])
def test_a_name_with_blanks_is_quoted_as_in_a_shell(text: str) -> None:
    rule = parse_rule(text)
    assert rule.name == "my vol"
    assert str(rule) == "info name='my vol' errno=ENOENT"


MISTAKES = {
    "": "it is empty: write one such as",
    "relaod errno=EIO": "no subject 'relaod'; there are version, targets",
    "reload, errno=EIO": "no subject ''; there are",
    "reload": "nothing happens: give one of errno, ioctl, delay, hangup",
    "reload nth=2 delay=0ms": "nothing happens",
    "reload,read errno=EIO": "commands, open and I/O do not go together",
    "reload nosuch=1 errno=EIO": "'nosuch=1' is none of name=, uuid=, minor=",
    "reload nth errno=EIO": "'nth' is none of",
    "reload hangup=no": "'hangup=no' is none of",
    "reload once=1 errno=EIO": "'once=1' is none of",
    "reload nth= errno=EIO": "nth= has no value",
    "reload errno=EIO errno=EIO": "errno is there twice",
    "reload name='x errno=EIO": "No closing quotation",
    "reload nth=x errno=EIO": "nth=x: give a whole number",
    "reload after=-1 errno=EIO": "after=-1: give a whole number",
    "reload nth=0 errno=EIO": "nth=0: matches are counted from 1",
    "reload minor=0 errno=EIO": "minor=0: minors are counted from 1",
    "reload once nth=2 errno=EIO": "once is nth=1",
    "reload after=3 first=2 errno=EIO": "it could never hit",
    "reload seed=1 rate=half errno=EIO": "rate=half: give a part of 1, such as 0.25",
    "reload seed=1 rate=1.5 errno=EIO": "rate=1.5: give a part of 1, such as 0.25",
    "reload seed=1 rate=nan errno=EIO": "rate=nan: give a part of 1",
    "reload rate=0.5 errno=EIO": "rate= is that of a seed: give seed=",
    "reload errno=ENOSUCH": "errno=ENOSUCH: give a number of NetBSD's errno(2), or one of EPERM",
    "reload errno=0": "0 is no error number: they are counted from 1",
    "reload delay=200": "delay=200: give a time with its unit, such as 200ms",
    "reload delay=1e99s": "give 0 to 1e9",
    "reload cut=some": "cut=some: give a whole number",
    "reload hangup errno=EIO": "hangup leaves nothing for errno",
    "reload errno=EIO ioctl=EIO": "errno leaves nothing for ioctl",
    "reload drop cut=3": "drop leaves nothing for cut",
    "reload device=/dev/wd1a errno=EIO": "device has no meaning for reload: give name, uuid",
    "open name=vol1": "name has no meaning for open: give device, nth",
    "open delay=1s": "delay has no meaning for open",
    "read hangup": "hangup has no meaning for read: give name, uuid, minor, device, sectors",
    "read sectors=5-3 errno=EIO": "sectors=5-3: give the first sector and the last",
    "read sectors=a errno=EIO": "sectors=a: give the first sector and the last",
    "flush sectors=5 errno=EIO": "sectors has no meaning for flush",
    "read device=/dev/wd1a name=vol1 errno=EIO": "device= is a physical device, name=",
}


@pytest.mark.parametrize(("text", "message"), MISTAKES.items(), ids=list(MISTAKES))
def test_a_mistake_is_told_with_its_word_and_with_what_is_allowed(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=r"^the rule ") as caught:
        parse_rule(text)
    assert repr(text) in str(caught.value)
    assert message in str(caught.value)


@given(st.text())
def test_any_text_is_a_rule_or_a_value_error(text: str) -> None:
    try:
        rule = parse_rule(text)
    except ValueError:
        return
    assert parse_rule(str(rule)) == rule
