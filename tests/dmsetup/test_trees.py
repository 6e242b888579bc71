"""ls --tree: devices that stand on others."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

import netbsd_dm
from netbsd_dm.cli.dmsetup.drawing import DEPTH_MAX, cut
from netbsd_dm.cli.dmsetup.treestyle import ASCII, UTF, TreeStyle, read_style
from netbsd_dm.pdev.devnum import makedev
from netbsd_dm.plist import PlistDict
from tests.helpers.processes import running_server

from .conftest import Dmsetup, Finished, run_process


@pytest.fixture
def stack(dmsetup_9: Dmsetup) -> Dmsetup:
    """`top` on `left` and `right`; `left` on `base`; `right` on `base` and a disk; `alone`."""
    make = dmsetup_9.done
    make("create", "base", "-u", "UUID-B", "--table", "0 64 linear /dev/disk0 0")
    make("create", "left", "--table", "0 32 linear /dev/mapper/base 0")
    make("create", "right", stdin="0 8 linear /dev/mapper/base 32\n8 8 linear /dev/disk1 0\n")
    make("create", "top", stdin="0 8 linear /dev/mapper/left 0\n8 8 linear /dev/mapper/right 0")
    make("create", "alone", "--notable")
    return dmsetup_9


def drawn(dmsetup: Dmsetup, options: str) -> str:
    """The tree, after a line feed, so that tests show it as it is."""
    return "\n" + dmsetup.done("ls", "--tree", "-o", options)


def test_a_tree(stack: Dmsetup) -> None:
    assert (
        drawn(stack, "")
        == """
top (169:4)
 |-left (169:2)
 |  `-base (169:1)
 |     `- (197:0)
 `-right (169:3)
    |-base (169:1)
    |  `- (197:0)
    `- (197:1)
alone (169:5)
"""
    )


def test_compact(stack: Dmsetup) -> None:
    assert (
        drawn(stack, "compact")
        == """
top (169:4)-+-left (169:2)---base (169:1)--- (197:0)
            `-right (169:3)-+-base (169:1)--- (197:0)
                            `- (197:1)
alone (169:5)
"""
    )


def test_inverted(stack: Dmsetup) -> None:
    assert (
        drawn(stack, "inverted")
        == """
 (197:0)
 `-base (169:1)
    |-left (169:2)
    |  `-top (169:4)
    `-right (169:3)
       `-top (169:4)
 (197:1)
 `-right (169:3)
    `-top (169:4)
alone (169:5)
"""
    )


def test_without_numbers_what_has_no_name_is_left_out(stack: Dmsetup) -> None:
    assert (
        drawn(stack, "nodevice")
        == """
top
 |-left
 |  `-base
 `-right
    |-base
alone
"""
    )


def test_attributes(stack: Dmsetup) -> None:
    stack.done("remove", "top")
    stack.done("remove", "right")
    assert (
        drawn(stack, "active,rw,open,uuid")
        == """
left (169:2) [ACTIVE, RW, 0, ]
 `-base (169:1) [ACTIVE, RW, 0, UUID-B]
    `- (197:0)
alone (169:5) [ACTIVE, RW, 0, ]
"""
    )


def test_attributes_need_lines_of_their_own(stack: Dmsetup) -> None:
    assert drawn(stack, "compact,rw").count("\n") == drawn(stack, "").count("\n")
    assert drawn(stack, "compact,table").count("\n") == drawn(stack, "").count("\n")


def test_utf_and_vt100(stack: Dmsetup) -> None:
    stack.done("remove", "top")
    stack.done("remove", "left")
    stack.done("remove", "alone")
    assert drawn(stack, "utf,nodevice,compact") == "\nright─┬─base\n"
    assert (
        drawn(stack, "utf")
        == """
right (169:3)
 ├─base (169:1)
 │  └─ (197:0)
 └─ (197:1)
"""
    )
    assert drawn(stack, "vt100").splitlines()[2:4] == [
        " \033(0\017tq\033(Bbase (169:1)",
        " \033(0\017x\033(B  \033(0\017mq\033(B (197:0)",
    ]


def ring(request: PlistDict) -> PlistDict:
    """Two devices that stand on each other, which no server of ours makes, and one on them."""
    names = {1: "one", 2: "two", 3: "top"}
    minor = request.get("minor")
    if request["command"] == "names":
        return {"cmd_data": [{"dev": dev, "name": name} for dev, name in names.items()]}
    if isinstance(minor, int):
        below = {1: makedev(169, 2), 2: makedev(169, 1), 3: makedev(169, 1)}
        return {"name": names[minor], "cmd_data": [below[minor]]}
    return {}


def test_a_ring_has_an_end(play: Callable[..., Finished]) -> None:
    lines = play(["ls", "--tree", "-o", "nodevice,notrunc"], ring).out.splitlines()
    assert lines[:4] == ["top", " `-one", "    `-two", "       `-one"]
    assert len(lines) == DEPTH_MAX + 1


def test_nothing_is_at_the_bottom_of_a_ring(play: Callable[..., Finished]) -> None:
    finished = play(["ls", "--tree", "-o", "inverted"], ring)
    assert (finished.status, finished.out) == (0, "")


def test_a_device_that_cannot_be_asked_about_spoils_the_tree(play: Callable[..., Finished]) -> None:
    def refuse(request: PlistDict) -> PlistDict:
        if request["command"] == "deps":
            return {"error": {"errno": 5, "message": "not today"}}
        return ring(request)

    finished = play(["ls", "--tree"], refuse)
    message = "device-mapper: deps ioctl failed: not today\n"
    assert (finished.status, finished.out) == (1, "")
    assert finished.err == f"{message * 3}Command failed\n"
    finished = play(["info", "-c", "-o", "name,devs_used"], refuse)
    assert (finished.status, finished.out) == (1, "")
    assert finished.err == f"{message * 3}Internal device dependency tree creation failed.\n"


def test_no_devices(dmsetup: Dmsetup) -> None:
    assert dmsetup.done("ls", "--tree") == "No devices found\n"


def test_every_device_is_asked_about_once(stack: Dmsetup) -> None:
    asked = stack("ls", "--tree").requests[2:]
    assert {(request["command"], request["flags"]) for request in asked} == {("deps", 0xC)}
    assert [request["minor"] for request in asked] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("line", "width", "shown"),
    [
        ("12345", 10, "12345"),
        ("1234567890", 10, "1234567890"),
        ("12345678901", 10, "123456789..."),
        ("123456789é", 10, "123456789..."),
        ("12345678é0", 10, "12345678é0"),
    ],
)
def test_a_line_ends_with_the_terminal(line: str, width: int, shown: str) -> None:
    assert cut(line, width) == shown


def test_lines_end_at_80_columns_unless_told_otherwise(dmsetup: Dmsetup) -> None:
    name = "n" * 100
    dmsetup.done("create", name, "--notable")
    assert dmsetup.done("ls", "--tree") == f"{'n' * 79}...\n"
    assert dmsetup.done("ls", "--tree", "-o", "notrunc") == f"{name} (169:1)\n"


@pytest.mark.parametrize(("columns", "letters"), [(40, 36), (3, 79)])
def test_lines_end_before_the_edge_of_a_terminal(
    dmsetup: Dmsetup, monkeypatch: pytest.MonkeyPatch, columns: int, letters: int
) -> None:
    monkeypatch.setattr(os, "get_terminal_size", lambda: os.terminal_size((columns, 24)))
    dmsetup.done("create", "n" * 100, "--notable")
    assert dmsetup.done("ls", "--tree") == f"{'n' * letters}...\n"


@pytest.mark.parametrize(
    ("environment", "symbols"),
    [
        ({}, ASCII),
        ({"LANG": "C"}, ASCII),
        ({"LANG": "de_DE.UTF-8"}, UTF),
        ({"LANG": "de_DE.utf8"}, UTF),
        ({"LANG": "de_DE.UTF-8", "LC_ALL": "C"}, ASCII),
        ({"LANG": "C", "LC_CTYPE": "en_US.UTF-8"}, UTF),
        ({"LANG": "de_DE.ISO8859-15", "LC_ALL": ""}, ASCII),
    ],
)
def test_the_locale_chooses_the_lines(environment: dict[str, str], symbols: object) -> None:
    assert read_style("", environment).symbols is symbols


def test_python_may_not_choose_another_locale(tmp_path: Path) -> None:
    with running_server(tmp_path / "dm.sock") as path, netbsd_dm.connect(path) as dm:
        lines = {"base": ("zero", ""), "top": ("linear", "/dev/mapper/base 0")}
        for name, (kind, params) in lines.items():
            dm.create(name)
            dm.reload(name, [netbsd_dm.TableLine(0, 8, kind, params)])
            dm.resume(name)
        shown = {
            locale: run_process(
                *("ls", "--tree"),
                socket=path,
                environment={"LC_ALL": "", "LC_CTYPE": "", "LANG": locale},
            ).out
            for locale in ("C", "C.UTF-8")
        }
    assert shown["C"] == "top (169:2)\n `-base (169:1)\n"
    assert shown["C.UTF-8"] == "top (169:2)\n └─base (169:1)\n"


@pytest.mark.parametrize(
    ("options", "style"),
    [
        ("rw", TreeStyle(rw=True)),
        ("r,ac,op,u", TreeStyle(rw=True, active=True, open_count=True, uuid=True)),
        ("nod,device", TreeStyle(device=True)),
        ("ut", TreeStyle(symbols=UTF)),
        ("utf,ascii", TreeStyle(symbols=ASCII)),
        ("compact,status,", TreeStyle(compact=True, targets=True)),
        ("inverted,,notrunc", TreeStyle(inverted=True, truncate=False)),
    ],
)
def test_options_may_be_abbreviated(options: str, style: TreeStyle) -> None:
    assert read_style(options, {}) == style


@pytest.mark.parametrize("options", ["pink", "rw,pink,uuid", "devices", "RW"])
def test_an_unknown_option_is_named_with_those_after_it(options: str) -> None:
    with pytest.raises(ValueError, match=f"^{options.removeprefix('rw,')}$"):
        read_style(options, {})
