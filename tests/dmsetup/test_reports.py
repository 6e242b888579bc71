"""info -c: columns, sorting, and the ways a report is laid out."""

import pytest

from netbsd_dm.cli.dmsetup.columns import COLUMNS

from .conftest import Dmsetup

HEADING = "Name             Maj Min Stat Open Targ Event  UUID                            \n"


@pytest.fixture
def devices(dmsetup: Dmsetup) -> Dmsetup:
    """`base`, `top` on it, and `empty` with a uuid; minors 1 to 3."""
    dmsetup.done("create", "base", "--table", "0 64 linear /dev/disk0 0")
    dmsetup.done("create", "top", stdin="0 8 linear /dev/mapper/base 0\n8 8 linear /dev/disk1 0\n")
    dmsetup.done("create", "empty", "-u", "UUID-3", "--notable")
    return dmsetup


def column(dmsetup: Dmsetup, name: str, *options: str) -> list[str]:
    """The values of a column, without its heading."""
    return dmsetup.done("info", "-c", "--noheadings", "-o", name, *options).splitlines()


def test_the_usual_columns(devices: Dmsetup) -> None:
    assert devices.done("info", "-c") == (
        HEADING
        + "base             169   1 L--w    0    1      1                                 \n"
        + "top              169   2 L--w    0    2      1                                 \n"
        + "empty            169   3 ---w    0    0      0 UUID-3                          \n"
    )


def test_one_device(devices: Dmsetup) -> None:
    for device in (["empty"], ["-u", "UUID-3"], ["-j", "169", "-m", "3"]):
        assert column(devices, "minor", *device) == ["3"]


def test_a_device_that_is_not_there_is_told_on_standard_error(devices: Dmsetup) -> None:
    finished = devices("info", "-c", "nosuch")
    assert (finished.status, finished.out) == (1, "")
    assert finished.err == "Device does not exist.\nCommand failed\n"


def test_without_devices_there_is_no_heading(dmsetup: Dmsetup) -> None:
    assert dmsetup.done("info", "-c") == "No devices found\n"


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("name", ["base", "top", "empty"]),
        ("uuid", ["", "", "UUID-3"]),
        ("read_ahead", ["0", "0", "0"]),
        ("attr", ["L--w", "L--w", "---w"]),
        ("tables_loaded", ["Live", "Live", "None"]),
        ("suspended", ["Active", "Active", "Active"]),
        ("readonly", ["Writeable", "Writeable", "Writeable"]),
        ("devno", ["169:1", "169:2", "169:3"]),
        ("major", ["169", "169", "169"]),
        ("minor", ["1", "2", "3"]),
        ("open", ["0", "0", "0"]),
        ("segments", ["1", "2", "0"]),
        ("events", ["1", "1", "0"]),
        ("device_count", ["1", "2", "0"]),
        ("devs_used", ["", "base", ""]),
        ("devnos_used", ["197:0", "169:1,197:1", ""]),
        ("device_ref_count", ["1", "0", "0"]),
        ("names_using_dev", ["top", "", ""]),
        ("devnos_using_dev", ["169:2", "", ""]),
        ("subsystem", ["", "", "UUID"]),
        ("vg_name", ["", "", ""]),
        ("lv_name", ["", "", ""]),
        ("lv_layer", ["", "", ""]),
        ("NAME", ["base", "top", "empty"]),
    ],
)
def test_a_column(devices: Dmsetup, name: str, values: list[str]) -> None:
    assert column(devices, name) == values


def test_states_show_in_the_columns(devices: Dmsetup) -> None:
    devices.done("load", "empty", "--table", "0 8 zero")
    devices.done("load", "base", "--table", "0 64 zero")
    devices.done("suspend", "base")
    assert column(devices, "attr,tables_loaded,suspended") == [
        "LIsw:Both:Suspended",
        "L--w:Live:Active",
        "-I-w:Inactive:Active",
    ]


def test_a_plus_adds_to_the_usual_columns(devices: Dmsetup) -> None:
    first = devices.done("info", "-c", "-o", "+devno", "base").splitlines()[1]
    assert first.split() == ["base", "169", "1", "L--w", "0", "1", "1", "169:1"]


def test_a_column_is_as_wide_as_its_widest_value_and_its_heading_is_cut(devices: Dmsetup) -> None:
    devices.done("rename", "empty", "a-name-of-20-letters")
    assert devices.done("info", "-c", "-o", "name,major,tables_loaded,open") == (
        "Name                 Maj Tables Open\n"
        "base                 169 Live      0\n"
        "top                  169 Live      0\n"
        "a-name-of-20-letters 169 None      0\n"
    )


@pytest.mark.parametrize(
    ("key", "order"),
    [
        ("name", ["base", "empty", "top"]),
        ("-name", ["top", "empty", "base"]),
        ("+name", ["base", "empty", "top"]),
        ("-minor", ["empty", "top", "base"]),
        ("segments", ["empty", "base", "top"]),
        ("-segments,name", ["top", "base", "empty"]),
        ("tables_loaded,-minor", ["top", "base", "empty"]),
        ("major", ["base", "top", "empty"]),
        ("devs_used,uuid,name", ["base", "empty", "top"]),
    ],
)
def test_rows_are_sorted(devices: Dmsetup, key: str, order: list[str]) -> None:
    assert column(devices, "name", "-O", key) == order
    assert column(devices, "name", "--sort", key) == order


def test_numbers_are_sorted_as_numbers(dmsetup: Dmsetup) -> None:
    for number in range(11):
        dmsetup.done("create", f"vol{number}", "--notable")
    assert column(dmsetup, "minor", "-O", "-minor") == [str(number) for number in range(11, 0, -1)]
    assert column(dmsetup, "minor", "-O", "name")[:3] == ["1", "2", "11"]


def test_a_key_given_twice_is_told(devices: Dmsetup) -> None:
    finished = devices("info", "-c", "-O", "name,-name", "--noheadings", "-o", "name")
    assert finished.err == "dm_report: Ignoring duplicate sort field: name\n"
    assert finished.out.split() == ["base", "empty", "top"]


@pytest.mark.parametrize(
    ("options", "output"),
    [
        (["--separator", ","], "Name,UUID\nempty,UUID-3\n"),
        (["--separator", ""], "NameUUID\nemptyUUID-3\n"),
        (["--noheadings"], "empty:UUID-3\n"),
        (["--noheadings", "--separator", ", "], "empty, UUID-3\n"),
        (["--nameprefixes"], "Name UUID\nDM_NAME='empty' DM_UUID='UUID-3'\n"),
        (["--nameprefixes", "--noheadings"], "DM_NAME='empty':DM_UUID='UUID-3'\n"),
        (
            ["--nameprefixes", "--unquoted", "--noheadings", "--separator", " "],
            "DM_NAME=empty DM_UUID=UUID-3\n",
        ),
        (["--unquoted", "--noheadings"], "empty:UUID-3\n"),
        (["--rows"], "Name empty\nUUID UUID-3\n"),
        (["--rows", "--noheadings"], "empty\nUUID-3\n"),
        (["--rows", "--separator", "="], "Name=empty\nUUID=UUID-3\n"),
        (["--rows", "--nameprefixes", "--noheadings"], "DM_NAME='empty'\nDM_UUID='UUID-3'\n"),
    ],
)
def test_a_layout(devices: Dmsetup, options: list[str], output: str) -> None:
    assert devices.done("info", "-c", "-o", "name,uuid", "empty", *options) == output


def test_rows_of_several_devices_stand_side_by_side(devices: Dmsetup) -> None:
    out = devices.done("info", "-c", "--rows", "-o", "name,minor", "-O", "-minor")
    assert out == "Name empty top base\nMin 3 2 1\n"


def test_all_is_every_column(devices: Dmsetup) -> None:
    out = devices.done("info", "-c", "-o", "all", "--rows", "--noheadings", "base")
    assert len(out.splitlines()) == len(COLUMNS) == 23


def test_all_is_what_is_in_the_sections_of_the_other_columns(devices: Dmsetup) -> None:
    out = devices.done("info", "-c", "-o", "lv_name,all", "--rows", "base")
    assert [line.split()[0] for line in out.splitlines()] == ["LV", "Subsys", "VG", "LV", "LVLayer"]


def test_needless_commas_do_no_harm_but_one_at_the_end_names_nothing(devices: Dmsetup) -> None:
    assert column(devices, ",name,,,minor", "base") == ["base:1"]
    finished = devices("info", "-c", "-o", "name,")
    assert finished.status == 1
    assert finished.err.endswith("\n \nUnrecognised field: \n")


@pytest.mark.parametrize("word", ["help", "HELP", "?", "name,help"])
def test_help_lists_the_columns(dmsetup: Dmsetup, word: str) -> None:
    finished = dmsetup("info", "-c", "-o", word)
    assert (finished.status, finished.out, finished.requests) == (1, "", [])
    assert finished.err.startswith("Mapped Device Name Fields\n-------------------------\n")
    assert "  devnos_using_dev - List of device numbers of mapped devices using" in finished.err
    assert finished.err.endswith("  lv_layer         - LVM device layer.\n \n")
    for each in COLUMNS:
        assert f"\n  {each.id} " in finished.err


def test_a_column_that_is_none_is_named_after_the_help(dmsetup: Dmsetup) -> None:
    finished = dmsetup("info", "-c", "-o", "name,pink,minor")
    assert (finished.status, finished.out) == (1, "")
    assert finished.err.startswith("Mapped Device Name Fields\n")
    assert finished.err.endswith("\nUnrecognised field: pink\n")


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("pink", "dm_report: Unrecognised field: pink\n"),
        ("name,-pink", "dm_report: Unrecognised field: -pink\n"),
        ("-", "dm_report: Missing sort field name\ndm_report: Unrecognised field: -\n"),
    ],
)
def test_a_key_that_is_none_is_named(dmsetup: Dmsetup, keys: str, message: str) -> None:
    finished = dmsetup("info", "-c", "-O", keys)
    assert (finished.status, finished.out, finished.err) == (1, "", message)


def test_status_cannot_be_sorted(dmsetup: Dmsetup) -> None:
    finished = dmsetup("status", "-c", "-O", "name")
    assert (finished.status, finished.out) == (1, "")
    assert finished.err == "--sort is not yet supported with status and table\n"


def test_only_columns_about_other_devices_cost_requests(devices: Dmsetup) -> None:
    asked = {
        name: devices("info", "-c", "-o", name, "top").commands
        for name in ("name,events,vg_name", "device_count", "devs_used")
    }
    assert asked == {
        "name,events,vg_name": ["info"],
        "device_count": ["info", "deps"],
        "devs_used": ["names", "deps", "deps", "deps", "info"],
    }
