"""What a reply tells of a command's success, with and without an error in it."""

import pytest

from netbsd_dm.driver.mapper import Mapper
from netbsd_dm.plist import PlistDict, PlistValue, UInt
from netbsd_dm.wire import calls
from netbsd_dm.wire.calls import Selector
from netbsd_dm.wire.errors import Errno
from netbsd_dm.wire.outcome import failure_of
from netbsd_dm.wire.replies import TableLine

NOBODY = Selector("nobody")
SOMEBODY = Selector("somebody")

FAILING: dict[str, tuple[PlistDict, Errno]] = {
    "a device that is not there": (calls.info(NOBODY).request, Errno.ENOENT),
    "nothing to remove": (calls.remove(NOBODY).request, Errno.ENOENT),
    "nothing to clear": (calls.clear(NOBODY).request, Errno.ENOENT),
    "nothing to rename": (calls.rename(NOBODY, "other").request, Errno.ENOENT),
    "a name that is taken": (calls.create("somebody", None, False).request, Errno.EEXIST),
    "another version": (
        calls.names().request | {"version": [5, 0, 0]},
        Errno.EIO,
    ),
}


def run(profile: str, request: PlistDict, *, privileged: bool = True) -> PlistDict:
    """The reply of a fresh mapper that has one device, somebody."""
    mapper = Mapper(profile)
    mapper.execute(dict(calls.create("somebody", None, False).request))
    reply = mapper.execute(
        {key: list(value) if isinstance(value, list) else value for key, value in request.items()},
        privileged=privileged,
    )
    assert isinstance(reply, dict)
    return reply


@pytest.mark.parametrize("profile", ["standard", "netbsd-9"])
@pytest.mark.parametrize("case", FAILING)
def test_a_failure_is_told_by_both_profiles(profile: str, case: str) -> None:
    request, errno = FAILING[case]
    failure = failure_of(request, run(profile, request))
    assert failure is not None
    assert failure.errno == errno


@pytest.mark.parametrize("profile", ["standard", "netbsd-9"])
def test_a_refused_table_is_told_by_both_profiles(profile: str) -> None:
    request = calls.reload(SOMEBODY, [TableLine(0, 8, "linear", "/dev/nosuch 0")]).request
    assert failure_of(request, run(profile, request)) is not None


@pytest.mark.parametrize("profile", ["standard", "netbsd-9"])
@pytest.mark.parametrize(
    "request_",
    [
        calls.version().request,
        calls.targets().request,
        calls.names().request,
        calls.create("other", None, False).request,
        calls.info(SOMEBODY).request,
        calls.suspend(SOMEBODY).request,
        calls.resume(SOMEBODY).request,
        calls.rename(SOMEBODY, "else").request,
        calls.deps(SOMEBODY, False).request,
        calls.status(SOMEBODY, False).request,
        calls.table(SOMEBODY, True).request,
        calls.clear(SOMEBODY).request,
        calls.remove(SOMEBODY).request,
    ],
    ids=lambda request: request["command"],
)
def test_a_success_is_no_failure(profile: str, request_: PlistDict) -> None:
    assert failure_of(request_, run(profile, request_)) is None


def test_what_is_not_permitted_shows_where_a_minor_should_be() -> None:
    request = calls.suspend(SOMEBODY).request
    failure = failure_of(request, run("netbsd-9", request, privileged=False))
    assert failure is not None
    assert failure.errno == Errno.EINVAL


def test_the_failure_of_the_exchange_itself_is_told() -> None:
    failure = failure_of({}, {"errno": UInt(5)})
    assert failure is not None
    assert failure.name == "EIO"


def test_the_error_of_standard_is_taken_as_it_is() -> None:
    error: PlistDict = {"errno": UInt(99), "message": "why", "where": "name", "name": "E"}
    failure = failure_of({}, {"error": error})
    assert failure is not None
    assert (failure.errno, failure.message, failure.where) == (99, "why", "name")
    assert failure.name == "errno 99"


@pytest.mark.parametrize(("version", "failed"), [("4.0.0", False), ("5.0.0", True)])
def test_the_draft_is_understood(version: str, failed: bool) -> None:
    request: PlistDict = {"command": "info", "name": "somebody", "version": version}
    assert (failure_of(request, run("standard", request)) is not None) is failed


def test_what_the_client_sent_itself_is_no_failure() -> None:
    request: PlistDict = calls.version().request | {"error": {}, "errno": UInt(1)}
    assert failure_of(request, run("standard", request)) is None


@pytest.mark.parametrize("selector", [None, SOMEBODY, Selector("")])
def test_iostat_tells_a_server_that_has_it_from_one_that_echoes(selector: Selector | None) -> None:
    request = calls.iostat(selector).request
    assert failure_of(request, run("standard", request)) is None
    failure = failure_of(request, run("netbsd-9", request))
    assert failure is not None
    assert failure.message == "this server has no iostat: it runs profile netbsd-9"


@pytest.mark.parametrize("command", [[], {}, ["info"], 5, b"info"], ids=repr)
def test_a_command_that_is_no_string_leaves_no_trace_in_the_reply(command: PlistValue) -> None:
    request: PlistDict = {"command": command, "version": [4, 0, 0], "name": "nobody"}
    assert failure_of(request, run("netbsd-9", request)) is None
    failure = failure_of(request, run("standard", request))
    assert failure is not None
    assert failure.errno == Errno.EINVAL
