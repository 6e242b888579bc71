"""The names that lvm makes: splitname, and the columns of their parts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netbsd_dm.cli.dmsetup.naming import split_name, subsystem_of

from .conftest import Dmsetup


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("vg-lv", ("vg", "lv", "")),
        ("vg-lv-real", ("vg", "lv", "real")),
        ("vg-lv-real-more", ("vg", "lv", "real")),
        ("vg", ("vg", "", "")),
        ("", ("", "", "")),
        ("my--vg-my--lv", ("my-vg", "my-lv", "")),
        ("vg---lv", ("vg-", "lv", "")),
        ("vg-", ("vg-", "", "")),
        ("vg--", ("vg-", "", "")),
        ("vg---", ("vg--", "", "")),
        ("vg-lv-", ("vg", "lv-", "")),
    ],
)
def test_a_name_has_three_parts(name: str, parts: tuple[str, str, str]) -> None:
    assert split_name(name, "LVM")[1:] == parts


PART = st.from_regex(r"[a-z][a-z-]*[a-z]", fullmatch=True)


@given(PART, PART, PART)
def test_parts_with_hyphens_doubled_are_read_back(group: str, volume: str, layer: str) -> None:
    name = "-".join(part.replace("-", "--") for part in (group, volume, layer))
    assert split_name(name, "LVM") == ("LVM", group, volume, layer)


def test_only_lvm_names_its_devices_so() -> None:
    assert split_name("vg-lv", "CRYPT") == ("CRYPT", "", "", "")


def test_the_subsystem_stands_before_the_uuid() -> None:
    assert subsystem_of("LVM-abc-def") == "LVM"
    assert subsystem_of("abc") == ""


def test_splitname_prints_the_parts_and_asks_nobody(dmsetup: Dmsetup) -> None:
    finished = dmsetup("splitname", "my--vg-lv-cow")
    assert finished.out == "VG    LV   LVLayer\nmy-vg lv   cow    \n"
    assert (finished.status, finished.requests) == (0, [])


def test_splitname_of_another_subsystem_has_no_parts(dmsetup: Dmsetup) -> None:
    out = dmsetup.done("splitname", "-o", "subsystem,vg_name", "--noheadings", "a-b", "CRYPT")
    assert out == "CRYPT:\n"


def test_splitname_knows_nothing_of_devices(dmsetup: Dmsetup) -> None:
    finished = dmsetup("splitname", "-o", "name", "vg-lv")
    assert (finished.status, finished.out, finished.err) == (1, "", "Command failed\n")


def test_the_parts_are_columns_where_the_uuid_is_of_lvm(dmsetup: Dmsetup) -> None:
    dmsetup.done("create", "--notable", "-u", "LVM-x", "vg-lv")
    dmsetup.done("create", "--notable", "-u", "X-y", "other-name")
    out = dmsetup.done("info", "-c", "--noheadings", "-o", "subsystem,vg_name,lv_name,lv_layer")
    assert out == "LVM:vg:lv:\nX:::\n"
