"""netbsd-dm clock: the time of a running server."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import typer

from netbsd_dm import Client, Settings
from netbsd_dm.cli.timing import show_clock
from netbsd_dm.clock.timers import WallClock
from tests.helpers.processes import run
from tests.helpers.threads import serving


def test_a_manual_clock_stands_until_it_is_advanced(
    dm: Client, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    path = settings.socket_path
    show_clock(advances=False, time=None, socket=path)
    show_clock(advances=True, time="200ms", socket=path)
    show_clock(advances=True, time="1.5min", socket=path)
    show_clock(advances=False, time=None, socket=path)
    assert capsys.readouterr().out.splitlines() == [
        "0 s by the manual clock",
        "0.2 s by the manual clock",
        "90.2 s by the manual clock",
        "90.2 s by the manual clock",
    ]


def test_the_wall_clock_goes_by_itself(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(replace(settings, clock=WallClock())):
        show_clock(advances=False, time=None, socket=settings.socket_path)
        assert re.fullmatch(r"[0-9.]+ s by the wall clock\n", capsys.readouterr().out)
        with pytest.raises(typer.Exit) as caught:
            show_clock(advances=True, time="1s", socket=settings.socket_path)
    assert caught.value.exit_code == 1
    assert capsys.readouterr().err == (
        "netbsd-dm: the server's clock goes by itself: start it with --clock manual to advance it\n"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("advance",), b"give a time such as 200ms, 1.5s or 2min"),
        (("advance", "30"), b"'30' is no time: give a time with its unit"),
        (("advance", "soon"), b"'soon' is no time"),
        (("advance", "1e99s"), b"a clock cannot be advanced by 1e+99 seconds"),
        (("turn", "1s"), b"'turn' is not one of 'advance'"),
        (("advance", "1s", "2s"), b"unexpected extra argument"),
    ],
)
def test_what_is_no_time_is_status_2(
    dm: Client, settings: Settings, arguments: tuple[str, ...], message: bytes
) -> None:
    finished = run("clock", "-U", settings.socket_path, *arguments)
    assert finished.returncode == 2
    assert message.lower() in finished.stderr.lower()


def test_the_command_prints_the_time_then(dm: Client, settings: Settings) -> None:
    finished = run("clock", "-U", settings.socket_path, "advance", "30s")
    assert (finished.returncode, finished.stdout) == (0, b"30 s by the manual clock\n")


def test_no_server_is_status_3(tmp_path: Path) -> None:
    assert run("clock", "-U", tmp_path / "none.sock").returncode == 3
