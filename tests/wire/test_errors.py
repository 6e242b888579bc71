"""Failures and NetBSD's numbers for them."""

import copy
import pickle

import pytest

from netbsd_dm.wire.errors import DMError, Errno, UndefinedError, error_name

# NetBSD's sys/errno.h, as far as a mapper could need it.
NETBSD = {
    "EPERM": 1,
    "ENOENT": 2,
    "EIO": 5,
    "ENXIO": 6,
    "E2BIG": 7,
    "ENOMEM": 12,
    "EACCES": 13,
    "EBUSY": 16,
    "EEXIST": 17,
    "ENODEV": 19,
    "EINVAL": 22,
    "ENOTTY": 25,
    "ENOSPC": 28,
    "EROFS": 30,
    "ERANGE": 34,
    "EAGAIN": 35,
    "ETIMEDOUT": 60,
    "ELOOP": 62,
    "ENAMETOOLONG": 63,
    "ENOSYS": 78,
    "ENOTSUP": 86,
    "ECANCELED": 87,
}


@pytest.mark.parametrize("errno", Errno, ids=lambda errno: errno.name)
def test_the_numbers_are_netbsds_and_not_the_hosts(errno: Errno) -> None:
    assert NETBSD[errno.name] == errno
    assert error_name(int(errno)) == errno.name
    assert DMError(int(errno), "why").name == errno.name


def test_a_number_without_a_name_is_told_as_a_number() -> None:
    assert error_name(99) == "errno 99"
    assert str(DMError(99, "why")) == "errno 99: why"


@pytest.mark.parametrize(
    ("where", "text"),
    [
        (None, "ENOENT: no device named a"),
        ("cmd_data[0].params", "ENOENT: no device named a (cmd_data[0].params)"),
    ],
)
def test_an_error_reads_as_a_sentence(where: str | None, text: str) -> None:
    assert str(DMError(Errno.ENOENT, "no device named a", where)) == text


@pytest.mark.parametrize(
    "error",
    [DMError(Errno.EBUSY, "why", "where"), DMError(2, "why"), UndefinedError("why", "where")],
    ids=repr,
)
def test_an_error_survives_copying_and_pickling(error: DMError) -> None:
    for twin in (copy.copy(error), pickle.loads(pickle.dumps(error))):  # noqa: S301 (our own)
        assert type(twin) is type(error)
        assert vars(twin) == vars(error)
        assert str(twin) == str(error)


def test_what_is_undefined_in_the_driver_is_an_einval() -> None:
    error = UndefinedError("the driver crashes", "cmd_data")
    assert isinstance(error, DMError)
    assert (error.errno, error.message, error.where) == (22, "the driver crashes", "cmd_data")
