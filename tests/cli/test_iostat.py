"""netbsd-dm iostat: what devices read and wrote, from a running server."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

import netbsd_dm
from netbsd_dm import DeviceMapper, IoStatistics, TableLine
from netbsd_dm.cli import reporting
from netbsd_dm.cli.text import printable, with_unit
from tests.helpers.processes import await_line, run, running_server, started


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A server with the devices vol1 and vol2."""
    with (
        running_server(tmp_path_factory.mktemp("server") / "dm.sock") as path,
        netbsd_dm.connect(path) as dm,
    ):
        dm.create("vol1")
        dm.create("vol2")
        yield path


def lines(*arguments: str | Path) -> list[list[str]]:
    """The words of every line that `netbsd-dm iostat` prints, which must succeed."""
    finished = run("iostat", *arguments)
    assert (finished.returncode, finished.stderr) == (0, b"")
    return [line.split() for line in finished.stdout.decode().splitlines()]


def test_every_device_has_a_line(server: Path) -> None:
    heading, *rows = lines("-U", server)
    assert heading[:3] == ["NAME", "READS", "WRITES"]
    assert rows == [
        [name, "0", "0", "0", "B", "0", "B", "0", "0", "0", "0.0", "0.0"]
        for name in ("vol1", "vol2")
    ]


def test_names_choose(server: Path) -> None:
    assert [row[0] for row in lines("-U", server, "vol2", "vol1")] == ["NAME", "vol2", "vol1"]


def test_json_is_an_array_a_line(server: Path) -> None:
    finished = run("iostat", "-U", server, "--json", "--interval", "0.01", "--count", "2")
    reports = [json.loads(line) for line in finished.stdout.splitlines()]
    assert [[each["name"] for each in report] for report in reports] == [["vol1", "vol2"]] * 2
    assert list(reports[0][0]) == list(IoStatistics._fields)


def test_an_interval_repeats_until_the_count(server: Path) -> None:
    found = lines("-U", server, "vol1", "--interval", "0.01", "--count", "3")
    assert [row[0] if row else "" for row in found] == [*["NAME", "vol1", ""] * 3][:-1]


def test_an_interrupt_is_the_ordinary_end(server: Path) -> None:
    with started("iostat", "-U", server, "--interval", "60") as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"NAME")
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0


def test_an_unknown_device_is_status_1(server: Path) -> None:
    finished = run("iostat", "-U", server, "nobody")
    assert finished.returncode == 1
    assert finished.stderr == b"netbsd-dm: no device named nobody\n"


def test_a_count_without_an_interval_is_status_2() -> None:
    finished = run("iostat", "--count", "2")
    assert finished.returncode == 2
    assert b"--count needs --interval SECONDS" in finished.stderr


def test_no_server_is_status_3(tmp_path: Path) -> None:
    assert run("iostat", "-U", tmp_path / "none.sock").returncode == 3


def test_a_server_that_lacks_the_command_says_so(tmp_path: Path) -> None:
    with running_server(tmp_path / "dm.sock", "-p", "netbsd-9") as path:
        for names in ([], ["vol1"]):
            finished = run("iostat", "-U", path, *names)
            assert finished.returncode == 1
            assert (
                finished.stderr
                == b"netbsd-dm: this server has no iostat: it runs profile netbsd-9\n"
            )


def test_a_server_that_goes_away_is_status_3(tmp_path: Path) -> None:
    with started("serve", "-U", tmp_path / "dm.sock") as process:
        await_line(process, b"listening on")
        with started("iostat", "-U", tmp_path / "dm.sock", "--interval", "0.2") as client:
            assert client.stdout is not None
            client.stdout.readline()
            process.terminate()
            assert client.wait(10) == 3


@pytest.fixture
def dm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DeviceMapper]:
    """What `report` asks instead of a server: a mapper with a device of 64 sectors."""
    image = tmp_path / "disk.img"
    image.write_bytes(bytes(1 << 20))
    with DeviceMapper(devices={"/dev/wd1a": image}) as mapper:
        mapper.create("vol1")
        mapper.reload("vol1", [TableLine(0, 64, "linear", "/dev/wd1a 0")])
        mapper.resume("vol1")
        monkeypatch.setattr(reporting, "connect", lambda _: mapper)
        yield mapper


def test_what_was_done_is_counted(dm: DeviceMapper, capsys: pytest.CaptureFixture[str]) -> None:
    with dm.open("vol1") as device:
        device.write(0, bytes(2048))
        device.read(0, 512)
        device.flush()
        device.discard(0, 512)
    reporting.report([], None, None, as_json=False, socket=None)
    row = capsys.readouterr().out.splitlines()[1].split()
    assert row[:10] == ["vol1", "1", "1", "512", "B", "2.0", "KiB", "1", "1", "0"]
    average, slowest = map(float, row[10:])
    assert 0 < average <= slowest


def test_later_reports_tell_what_was_added(
    dm: DeviceMapper, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def work(seconds: float) -> None:
        assert seconds == 5
        dm.create(f"new{len(dm.devices)}")
        with dm.open("vol1") as device:
            device.read(0, 1024)

    with dm.open("vol1") as device:
        device.read(0, 512)
    monkeypatch.setattr("time.sleep", work)
    reporting.report([], 5, 3, as_json=True, socket=None)
    reports = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [report[0]["read_bytes"] for report in reports] == [512, 1024, 1024]
    assert [report[0]["reads"] for report in reports] == [1, 1, 1]
    assert [len(report) for report in reports] == [1, 2, 3]
    slowest = [report[0]["slowest_ns"] for report in reports]
    assert slowest == sorted(slowest)
    assert reports[2][0]["latency_ns"] <= slowest[-1]


@pytest.mark.parametrize(
    ("count_bytes", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        ((1 << 20) - 1, "1.0 MiB"),
        (1 << 20, "1.0 MiB"),
        (5 << 40, "5.0 TiB"),
        (2**64 - 1, "16.0 EiB"),
        (2**80, "1048576.0 EiB"),
    ],
)
def test_bytes_have_units(count_bytes: int, text: str) -> None:
    assert with_unit(count_bytes) == text


def test_names_cannot_command_the_terminal() -> None:
    assert printable("a name é") == "a name é"
    assert printable("\x1b[2J\n\udcff") == r"\x1b[2J\n\udcff"
