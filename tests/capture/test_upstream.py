"""What a server tells of itself."""

from pathlib import Path

import pytest

from netbsd_dm.capture.upstream import STATE_REQUEST, Upstream, upstream_of
from netbsd_dm.driver.mapper import Mapper
from netbsd_dm.driver.profile import NETBSD_9
from netbsd_dm.pdev.catalog import Catalog, Offer
from netbsd_dm.pdev.devnum import makedev
from netbsd_dm.plist import PlistDict, PlistValue, dumps
from netbsd_dm.server.clients import Clients
from netbsd_dm.server.control import Control
from netbsd_dm.server.journal import Journals
from netbsd_dm.server.monitor.requests import Monitor


def test_one_of_ours_tells_driver_offers_and_devices(tmp_path: Path) -> None:
    path = tmp_path / "disk.img"
    path.write_bytes(bytes(512))
    mapper = Mapper(NETBSD_9, Catalog([Offer("/dev/wd1a", path, makedev(197, 3))]))
    mapper.execute({"command": "create", "version": [4, 0, 0], "name": "vol1"})
    monitor = Monitor(mapper, Clients(), Journals())
    reply = Control(mapper, privileged=True, monitor=lambda: monitor).run(STATE_REQUEST)
    assert isinstance(reply, bytes)
    upstream = upstream_of(reply)
    assert upstream.driver.startswith("netbsd-dm ")
    assert upstream.driver.endswith(", profile netbsd-9")
    assert upstream.offers == (Offer("/dev/wd1a", path, makedev(197, 3)),)
    assert upstream.devices == ("vol1",)


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(b"", id="none"),
        pytest.param(b"nonsense", id="nonsense"),
        pytest.param(STATE_REQUEST, id="an echo"),
        pytest.param(dumps({"errno": 5}), id="a failure"),
    ],
)
def test_of_any_other_nothing_is_known(reply: bytes) -> None:
    assert upstream_of(reply) == Upstream("unknown", (), ())


def test_what_is_malformed_in_a_state_is_left_out() -> None:
    bad: list[PlistValue] = [5, {"name": "a"}, {"name": "b", "path": "/b", "dev": [1, "x"]}]
    good: PlistDict = {"name": "c", "path": "/c", "dev": [14, 16]}
    reply = dumps({"result": {"offers": [*bad, good], "devices": "none"}})
    assert upstream_of(reply).offers == (Offer("c", Path("/c"), makedev(14, 16)),)
    assert upstream_of(reply).devices == ()
