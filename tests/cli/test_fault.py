"""netbsd-dm fault: the rules of a running server."""

from pathlib import Path

import pytest
import typer

from netbsd_dm import Client, DMError, Monitor, Settings
from netbsd_dm.cli.faulting import change_faults
from netbsd_dm.faults.rules import SUBJECTS, WORDS
from netbsd_dm.server import control_socket
from tests.helpers.processes import run


def rules_of(settings: Settings) -> list[str]:
    """Those in force."""
    with Monitor(settings.socket_path) as monitor:
        return [fault.rule for fault in monitor.faults()]


def test_rules_are_added_and_shown_with_their_counts(
    dm: Client, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    change_faults(["create nth=2 errno=EBUSY", "any delay=0.5s"], [], False, settings.socket_path)
    assert capsys.readouterr().out == (
        "Faults\n"
        "FAULT                     MATCHES  HITS\n"
        "create nth=2 errno=EBUSY        0     0\n"
        "any delay=500ms                 0     0\n"
    )
    change_faults([], ["any delay=500ms"], False, settings.socket_path)
    dm.create("vol1")
    with pytest.raises(DMError):
        dm.create("vol2")
    capsys.readouterr()
    change_faults([], [], False, settings.socket_path)
    assert capsys.readouterr().out.splitlines()[2:] == ["create nth=2 errno=EBUSY        2     1"]


def test_clear_comes_before_what_is_added(
    dm: Client, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    change_faults(["any drop"], [], False, settings.socket_path)
    change_faults(["info drop"], [], True, settings.socket_path)
    assert rules_of(settings) == ["info drop"]
    capsys.readouterr()
    change_faults([], [], True, settings.socket_path)
    assert capsys.readouterr().out == "Faults: no faults\n"


def test_a_rule_is_taken_out_however_it_is_written(dm: Client, settings: Settings) -> None:
    change_faults(["info once errno=2"], [], False, settings.socket_path)
    change_faults([], ["info   nth=1 errno=ENOENT"], False, settings.socket_path)
    assert rules_of(settings) == []


@pytest.mark.parametrize("option", [(), ("--remove",)])
def test_what_is_no_rule_is_status_2_and_nothing_is_sent(
    dm: Client, settings: Settings, option: tuple[str, ...]
) -> None:
    finished = run("fault", "-U", settings.socket_path, "any drop", *option, "create nth=0 drop")
    assert finished.returncode == 2
    assert b"netbsd-dm: the rule 'create nth=0 drop': " in finished.stderr
    assert rules_of(settings) == []


def test_words_without_quotes_are_told_to_need_them(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as caught:
        change_faults(["create", "nth=2", "drop"], [], False, settings.socket_path)
    assert caught.value.exit_code == 2
    assert capsys.readouterr().err.endswith("; a rule of several words needs quotes around it\n")


def test_a_rule_that_is_not_in_force_is_status_1(
    dm: Client, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as caught:
        change_faults(["any drop"], ["info drop"], False, settings.socket_path)
    assert caught.value.exit_code == 1
    assert capsys.readouterr().err == "netbsd-dm: no such rule is in force: info drop\n"
    assert rules_of(settings) == []


def test_who_may_not_is_status_1_and_may_still_look(
    dm: Client,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(control_socket, "is_privileged", lambda *_: False)
    with pytest.raises(typer.Exit) as caught:
        change_faults(["any drop"], [], False, settings.socket_path)
    assert caught.value.exit_code == 1
    assert "start the server with --superuser UID" in capsys.readouterr().err
    change_faults([], [], False, settings.socket_path)
    assert capsys.readouterr().out == "Faults: no faults\n"


def test_no_server_is_status_3(tmp_path: Path) -> None:
    assert run("fault", "-U", tmp_path / "none.sock").returncode == 3


@pytest.mark.parametrize("word", [*WORDS, "once"])
def test_the_help_has_every_word_of_a_rule(word: str) -> None:
    assert f" {word}" in run("fault", "--help", environment={"COLUMNS": "200"}).stdout.decode()


def test_the_help_has_every_subject_that_is_no_command() -> None:
    text = run("fault", "--help").stdout.decode()
    assert all(f" {subject}" in text for subject in SUBJECTS[-7:])
