"""The command line: options anywhere, abbreviated, with and without values."""

import pytest

from netbsd_dm.cli.dmsetup.options import UsageError, read_options
from netbsd_dm.wire import flags


@pytest.mark.parametrize(
    ("arguments", "field", "value"),
    [
        (["-f"], "force", True),
        (["--force"], "force", True),
        (["--fo"], "force", True),
        (["-h"], "help", True),
        (["--he"], "help", True),
        (["-c"], "columns", True),
        (["-C"], "columns", True),
        (["-n"], "notable", True),
        (["--notable"], "notable", True),
        (["--nota"], "notable", True),
        (["--noh"], "noheadings", True),
        (["-r"], "readonly", True),
        (["--reado"], "readonly", True),
        (["-o", "name"], "fields", "name"),
        (["-oname"], "fields", "name"),
        (["--options=name"], "fields", "name"),
        (["--opt", "name"], "fields", "name"),
        (["-O", "-name"], "sort", "-name"),
        (["--so", "name"], "sort", "name"),
        (["--tab", "0 1 zero"], "table", "0 1 zero"),
        (["--exec", "echo x"], "command", "echo x"),
        (["-u", "U"], "uuid", "U"),
        (["--uuid=U"], "uuid", "U"),
        (["--uuid="], "uuid", ""),
        (["-u", "U", "-u", "V"], "uuid", "V"),
        (["-vv"], "verbosity", 2),
        (["-v", "--verbose"], "verbosity", 2),
        (["--socket", "dm.sock"], "socket", "dm.sock"),
        (["-j", "169", "-m", " 7x"], "minor", 7),
        (["-j", "169", "-m", "x"], "minor", 0),
        (["-j169", "-m", "4294967295"], "minor", -1),
        ([], "major", None),
        (["-G", "5", "-U", "0", "-M", "0600", "-y", "--noudevsync", "--unbuffered"], "uuid", None),
        (["--readahead", "auto"], "uuid", None),
        (["--readahead", "+64"], "uuid", None),
    ],
)
def test_an_option_is_read(arguments: list[str], field: str, value: object) -> None:
    options, words = read_options(arguments)
    assert getattr(options, field) == value
    assert words == []


def test_options_stand_anywhere_among_the_words() -> None:
    options, words = read_options(["create", "-r", "vol1", "--table", "0 1 zero"])
    assert words == ["create", "vol1"]
    assert options.readonly
    assert options.table == "0 1 zero"


def test_after_two_hyphens_nothing_is_an_option() -> None:
    options, words = read_options(["message", "vol1", "0", "--", "-r", "--force"])
    assert words == ["message", "vol1", "0", "-r", "--force"]
    assert not options.readonly


def test_so_is_short_for_sort_unless_socket_is_meant_in_the_same_line() -> None:
    assert read_options(["--so", "name"])[0].sort == "name"
    assert read_options(["--soc", "dm.sock"])[0].socket == "dm.sock"
    with pytest.raises(UsageError, match="--so not a unique prefix"):
        read_options(["--so", "name", "--socket", "dm.sock"])


def test_the_flags_of_every_request() -> None:
    assert read_options([])[0].query_flags == 0
    both = flags.QUERY_INACTIVE_TABLE | flags.SKIP_BDGET
    assert read_options(["--inactive", "--noopencount"])[0].query_flags == both == 0x1200


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--nosuch"], "netbsd-dmsetup: option --nosuch not recognized"),
        (["-z"], "netbsd-dmsetup: option -z not recognized"),
        (["--no"], "netbsd-dmsetup: option --no not a unique prefix"),
        (["--table"], "netbsd-dmsetup: option --table requires argument"),
        (["--force=1"], "netbsd-dmsetup: option --force must not have an argument"),
        (["-m", "5"], "Please specify both major number and minor number."),
        (["-j", "5"], "Please specify both major number and minor number."),
        (["--table", "x", "--notable"], "--table and --notable are incompatible."),
        (["--readahead", "-2"], "Negative read ahead value (-2) is not understood."),
        (["--tree", "-o", "rw,pink,uuid"], "Tree options not recognised: pink,uuid"),
    ],
)
def test_what_makes_no_sense_is_named(arguments: list[str], message: str) -> None:
    with pytest.raises(UsageError) as raised:
        read_options(arguments)
    assert str(raised.value) == message


def test_fields_are_tree_options_only_with_a_tree() -> None:
    assert read_options(["-o", "pink"])[0].tree is None
