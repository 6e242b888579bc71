"""netbsd-dm tree: which device stands on which, in lines of text."""

from pathlib import Path

import pytest
import typer

from netbsd_dm import Client, DeviceMapper, Settings, TableLine
from netbsd_dm.cli.standing import Standing, merged
from netbsd_dm.cli.treeing import ASCII, LINES_MAX, print_tree, ranges_text, tree_lines
from netbsd_dm.wire.state import ServerState
from tests.helpers.looking import make, state_of
from tests.helpers.processes import run


def drawn(state: ServerState, *, is_inverted: bool = False) -> list[str]:
    """The whole tree, in ASCII."""
    standing = Standing(state)
    nodes = [*standing.physical, *standing.devices]
    roots = [node for node in nodes if not (node.below if is_inverted else node.above)]
    return list(tree_lines(roots, ASCII, is_inverted=is_inverted))


@pytest.fixture
def stacked(mapper: DeviceMapper) -> DeviceMapper:
    """top stands on low and a disk, low on two disks."""
    lines = [TableLine(0, 64, "striped", "2 8 /dev/wd1a 0 /dev/wd2a 100"), TableLine(64, 8, "zero")]
    make(mapper, "low", *lines)
    make(
        mapper,
        "top",
        TableLine(0, 32, "linear", "/dev/mapper/low 40"),
        TableLine(32, 1, "linear", "/dev/wd1a 500"),
    )
    return mapper


def test_the_tree_goes_down_to_the_files(stacked: DeviceMapper, tmp_path: Path) -> None:
    assert drawn(state_of(stacked)) == [
        "top (minor 2, 33 sectors)",
        " |-- low (minor 1, 72 sectors): sectors 40-71",
        f" |    |-- /dev/wd1a  {tmp_path}/wd1a (2048 sectors): sectors 0-31",
        f" |    |-- /dev/wd2a  {tmp_path}/wd2a (2048 sectors): sectors 100-131",
        " |    `-- zero, 8 sectors",
        f" `-- /dev/wd1a  {tmp_path}/wd1a (2048 sectors): sectors 500",
    ]


def test_inverted_it_goes_up_from_the_files(stacked: DeviceMapper, tmp_path: Path) -> None:
    assert drawn(state_of(stacked), is_inverted=True) == [
        f"/dev/wd1a  {tmp_path}/wd1a (2048 sectors)",
        " |-- low (minor 1, 72 sectors): sectors 0-31",
        " |    `-- top (minor 2, 33 sectors): sectors 40-71",
        " `-- top (minor 2, 33 sectors): sectors 500",
        f"/dev/wd2a  {tmp_path}/wd2a (2048 sectors)",
        " `-- low (minor 1, 72 sectors): sectors 100-131 (as above)",
    ]


def test_the_inactive_table_is_told_apart(mapper: DeviceMapper, tmp_path: Path) -> None:
    make(mapper, "vol1", TableLine(0, 8, "linear", "/dev/wd1a 0"))
    lines = [TableLine(0, 8, "linear", "/dev/wd1a 8"), TableLine(8, 4, "error")]
    mapper.reload("vol1", lines)
    mapper.create("vol2", read_only=True)
    mapper.reload("vol2", [TableLine(0, 8, "linear", "/dev/wd2a 0")])
    mapper.suspend("vol1")
    disk = f"{tmp_path}/wd1a (2048 sectors)"
    assert drawn(state_of(mapper)) == [
        "vol1 (minor 1, 8 sectors, suspended)",
        f" |-- /dev/wd1a  {disk}: sectors 0-7; inactive table: sectors 8-15",
        " `-- error, 4 sectors [inactive]",
        "vol2 (minor 2, 0 sectors, read-only)",
        f" `-- /dev/wd2a  {tmp_path}/wd2a (2048 sectors): inactive table: sectors 0-7",
    ]


def test_ranges_that_touch_are_one(mapper: DeviceMapper) -> None:
    make(
        mapper,
        "vol1",
        *(TableLine(8 * i, 8, "linear", f"/dev/wd1a {at}") for i, at in enumerate((8, 0, 16, 40))),
    )
    assert drawn(state_of(mapper))[1].endswith(": sectors 0-23, 40-47")


def test_what_two_stand_on_is_shown_once(mapper: DeviceMapper) -> None:
    """Else a tree of n layers would have 2^n lines."""
    make(mapper, "d0", TableLine(0, 8, "linear", "/dev/wd1a 0"))
    for layer in range(1, 40):
        below = f"/dev/mapper/d{layer - 1}"
        make(mapper, f"a{layer}", TableLine(0, 8, "linear", f"{below} 0"))
        make(mapper, f"b{layer}", TableLine(0, 8, "linear", f"{below} 0"))
        make(
            mapper,
            f"d{layer}",
            TableLine(0, 8, "linear", f"/dev/mapper/a{layer} 0"),
            TableLine(8, 8, "linear", f"/dev/mapper/b{layer} 0"),
        )
    lines = drawn(state_of(mapper))
    assert len(lines) == 1 + 39 * 4 + 1
    assert sum(line.endswith(" (as above)") for line in lines) == 39


def test_a_long_chain_is_drawn(mapper: DeviceMapper) -> None:
    make(mapper, "d0", TableLine(0, 8, "zero"))
    for number in range(1, 1200):
        make(mapper, f"d{number}", TableLine(0, 8, "linear", f"/dev/mapper/d{number - 1} 0"))
    lines = drawn(state_of(mapper))
    assert len(lines) == 1201
    assert lines[-1].strip() == "`-- zero, 8 sectors"


def test_a_device_renamed_while_in_use_has_its_new_name(mapper: DeviceMapper) -> None:
    make(mapper, "old", TableLine(0, 8, "zero"))
    make(mapper, "top", TableLine(0, 8, "linear", "/dev/mapper/old 0"))
    mapper.rename("old", "new")
    make(mapper, "old", TableLine(0, 16, "zero"))
    make(mapper, "other", TableLine(0, 8, "linear", "/dev/mapper/old 0"))
    assert drawn(state_of(mapper)) == [
        "top (minor 2, 8 sectors)",
        " `-- new (minor 1, 8 sectors): sectors 0-7",
        "      `-- zero, 8 sectors",
        "other (minor 4, 8 sectors)",
        " `-- old (minor 3, 16 sectors): sectors 0-7",
        "      `-- zero, 16 sectors",
    ]


def test_what_was_removed_and_what_has_no_name_is_shown() -> None:
    with DeviceMapper("netbsd-9") as mapper:
        mapper.create("low")
        make(mapper, "top", TableLine(0, 8, "linear", "/dev/mapper/low 0"))
        mapper.remove("low")
        mapper.exchange({"command": "create", "version": [4, 0, 0], "uuid": "LVM-1"})
        assert drawn(state_of(mapper)) == [
            "top (minor 2, 8 sectors)",
            " `-- /dev/mapper/low (removed): sectors 0-7",
            "minor 3 (0 sectors)",
        ]


def test_names_cannot_command_the_terminal(mapper: DeviceMapper) -> None:
    mapper.create("\x1b[2J")
    assert drawn(state_of(mapper)) == ["\\x1b[2J (minor 1, 0 sectors)"]


@pytest.mark.parametrize(
    ("ranges", "text"),
    [
        ([], ""),
        ([(7, 8)], "7"),
        ([(0, 8), (9, 12)], "0-7, 9-11"),
        ([(i, i + 1) for i in range(0, 10, 2)], "0, 2, 4, 6, 8"),
        ([(i, i + 1) for i in range(0, 12, 2)], "0, 2, 4, 6 and 2 more ranges"),
    ],
)
def test_many_ranges_are_counted(ranges: list[tuple[int, int]], text: str) -> None:
    assert ranges_text(ranges) == text


def test_ranges_are_joined_in_any_order() -> None:
    assert merged([(8, 16), (0, 4), (4, 6), (10, 12), (15, 20)]) == [(0, 6), (8, 20)]


class TestCommand:
    def test_lines_are_drawn_and_with_ascii_plain_ones(
        self, dm: Client, settings: Settings
    ) -> None:
        make(dm, "vol1", TableLine(0, 8, "zero"))
        for options, line in (((), " └── zero, 8 sectors"), (("--ascii",), " `-- zero, 8 sectors")):
            finished = run(
                "tree", "-U", settings.socket_path, *options, environment={"PYTHONUTF8": "1"}
            )
            assert finished.stdout.decode().splitlines() == ["vol1 (minor 1, 8 sectors)", line]

    def test_what_cannot_print_lines_gets_ascii(self, dm: Client, settings: Settings) -> None:
        make(dm, "vol1", TableLine(0, 8, "zero"))
        environment = {"PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
        finished = run("tree", "-U", settings.socket_path, environment=environment)
        assert finished.stdout.splitlines()[1] == b" `-- zero, 8 sectors"

    def test_names_choose_where_to_begin(
        self, dm: Client, settings: Settings, capsys: pytest.CaptureFixture[str]
    ) -> None:
        for name in ("low", "other"):
            make(dm, name, TableLine(0, 8, "linear", "/dev/wd1a 0"))
        make(dm, "top", TableLine(0, 8, "linear", "/dev/mapper/low 0"))
        for is_inverted, expected in ((False, ["low", "/dev/wd1a"]), (True, ["low", "top"])):
            print_tree(
                ["low"],
                settings.socket_path,
                is_inverted=is_inverted,
                is_ascii=True,
                shows_all=False,
            )
            lines = capsys.readouterr().out.splitlines()
            assert [line.replace("`--", "").split()[0] for line in lines] == expected

    def test_an_unknown_device_is_status_1(
        self, dm: Client, settings: Settings, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(typer.Exit) as caught:
            print_tree(
                ["x"], settings.socket_path, is_inverted=False, is_ascii=True, shows_all=False
            )
        assert caught.value.exit_code == 1
        assert capsys.readouterr().err == "netbsd-dm: no device named x; there is none\n"

    def test_of_a_long_table_the_devices_are_shown_and_the_rest_counted(
        self, dm: Client, settings: Settings, capsys: pytest.CaptureFixture[str]
    ) -> None:
        lines = [TableLine(at, 1, "zero") for at in range(LINES_MAX)]
        last = TableLine(LINES_MAX, 8, "linear", "/dev/wd2a 0")
        make(dm, "vol1", *lines, last)
        for shows_all, place, more in ((False, "", True), (True, ": sectors 0-7", False)):
            print_tree(
                [], settings.socket_path, is_inverted=False, is_ascii=True, shows_all=shows_all
            )
            _, disk, *rest = capsys.readouterr().out.splitlines()
            assert disk.endswith(f"(2048 sectors, read-only){place}")
            assert (" `-- ... 1 further line, not looked at: give --all" in rest) is more


def test_no_server_is_status_3(tmp_path: Path) -> None:
    assert run("tree", "-U", tmp_path / "none.sock").returncode == 3
