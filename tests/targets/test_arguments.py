"""Words and numbers of a params string: driver spec section 5.1."""

import pytest

from netbsd_dm.targets.arguments import Arguments
from netbsd_dm.wire.errors import DMError, Errno, UndefinedError


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        (" \t ", []),
        ("a", ["a"]),
        ("/dev/wd0a 0", ["/dev/wd0a", "0"]),
        ("  a\t\tb \t c  ", ["a", "b", "c"]),
        ("a\nb c", ["a\nb", "c"]),
        ("a\r\v\fb", ["a\r\v\fb"]),
        ("a\u00a0b\u2003c", ["a\u00a0b\u2003c"]),
        ('"a b"', ['"a', 'b"']),
        ("a\\ b", ["a\\", "b"]),
        ("/dev/we&ir<d> 7", ["/dev/we&ir<d>", "7"]),
    ],
    ids=repr,
)
def test_words_are_split_at_spaces_and_tabs_only(text: str, words: list[str]) -> None:
    for strict in (True, False):
        assert Arguments(text, strict).words == words


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("0", 0),
        ("7", 7),
        ("384", 384),
        ("007", 7),
        ("7abc", 7),
        ("-5", 0),
        ("+5", 0),
        ("0x10", 0),
        ("abc", 0),
        ("1.9", 1),
        ("18446744073709551615", 2**64 - 1),
        ("18446744073709551616", 0),
        ("18446744073709551617", 1),
        ("9" * 100, (10**100 - 1) % 2**64),
        ("\u0661", 0),
        ("5\u0661", 5),
    ],
)
def test_the_driver_reads_leading_digits_and_wraps(word: str, value: int) -> None:
    assert Arguments(word, strict=False).number(0, "offset") == value
    # Limits bind strict reading only.
    assert Arguments(word, strict=False).number(0, "offset", least=3, most=4) == value


@pytest.mark.parametrize(
    ("word", "value"), [("0", 0), ("384", 384), ("007", 7), (str(2**64 - 1), 2**64 - 1)]
)
def test_a_number_is_decimal_digits(word: str, value: int) -> None:
    assert Arguments(word).number(0, "offset") == value


@pytest.mark.parametrize("word", ["7abc", "-5", "+5", "0x10", "abc", "1.9", "1_0", "\u0661", "²"])
def test_strict_reading_refuses_what_is_no_number_and_names_it(word: str) -> None:
    with pytest.raises(DMError) as caught:
        Arguments(word).number(0, "offset")
    assert caught.value.errno == Errno.EINVAL
    assert caught.value.message == f"offset {word!r} is not a decimal number"


@pytest.mark.parametrize("word", ["2", "5", str(2**64), str(2**64 + 1), "9" * 5000])
def test_strict_reading_refuses_what_is_out_of_range(word: str) -> None:
    with pytest.raises(DMError, match="not between 3 and 4") as caught:
        Arguments(word).number(0, "offset", least=3, most=4)
    assert caught.value.errno == Errno.EINVAL


def test_a_missing_word_is_named_and_undefined_in_the_driver() -> None:
    for arguments in (Arguments("a"), Arguments("a", strict=False)):
        assert arguments.word(0, "device") == "a"
        for read in (arguments.word, arguments.number):
            with pytest.raises(DMError, match="the offset is missing") as caught:
                read(1, "offset")
            assert caught.value.errno == Errno.EINVAL
            assert isinstance(caught.value, UndefinedError) is not arguments.strict


@pytest.mark.parametrize("text", ["", "a", "a b c", "a b c d"])
def test_strict_reading_insists_on_the_count_and_shows_the_form(text: str) -> None:
    Arguments(text, strict=False).expect(2, "DEVICE OFFSET")
    with pytest.raises(DMError, match="DEVICE OFFSET") as caught:
        Arguments(text).expect(2, "DEVICE OFFSET")
    assert caught.value.errno == Errno.EINVAL
    Arguments(text).expect(len(text.split()), "whatever")
