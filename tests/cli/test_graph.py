"""netbsd-dm graph: what stands on what as a picture, with sectors to scale."""

import xml.etree.ElementTree as ET
from itertools import combinations, pairwise
from pathlib import Path

import pytest

from netbsd_dm import Client, DeviceMapper, Settings, TableLine
from netbsd_dm.cli.picture.cards import CHARACTER_WIDTH
from netbsd_dm.cli.picture.choice import LINES_MAX, NODES_MAX, ROW_MAX, Choice, choose
from netbsd_dm.cli.picture.fills import PALETTE, Texture
from netbsd_dm.cli.picture.layout import lay_out
from netbsd_dm.cli.picture.painting import paint_picture
from netbsd_dm.cli.picture.shapes import Card, Layout
from netbsd_dm.cli.picture.wording import columns_of, fitted
from netbsd_dm.cli.standing import Standing
from tests.helpers.looking import make, state_of
from tests.helpers.processes import run

SVG = "{http://www.w3.org/2000/svg}"


def chosen(mapper: DeviceMapper, lines_max: int | None = None) -> Choice:
    """What is drawn of a mapper."""
    return choose(Standing(state_of(mapper, lines_max)).devices)


def card(layout: Layout, name: str) -> Card:
    """The card of that name."""
    (found,) = (card for card in layout.cards if card.node.name == name)
    return found


def picture(choice: Choice) -> ET.Element:
    """The picture, parsed."""
    return ET.fromstring(paint_picture(lay_out(choice), choice.left_out, "a headline"))  # noqa: S314


def texts(root: ET.Element) -> list[str]:
    """Every text in it, tooltips left out."""
    return ["".join(each.itertext()) for each in root.iter(f"{SVG}text")]


def titles(root: ET.Element) -> list[str]:
    """Every tooltip."""
    return ["".join(each.itertext()) for each in root.iter(f"{SVG}title")]


class TestScale:
    @pytest.fixture
    def layout(self, mapper: DeviceMapper) -> Layout:
        lines = [
            TableLine(0, 512, "linear", "/dev/wd1a 1024"),
            TableLine(512, 256, "zero"),
            TableLine(768, 256, "striped", "2 64 /dev/wd1a 0 /dev/wd2a 512"),
        ]
        make(mapper, "vol1", *lines)
        mapper.reload("vol1", [TableLine(0, 128, "error"), TableLine(128, 128, "zero")])
        return lay_out(chosen(mapper))

    def test_the_lines_of_a_table_are_to_scale(self, layout: Layout) -> None:
        live, inactive = card(layout, "vol1").tables
        assert [each.width / live.px_per_sector for each in live.segments] == pytest.approx(
            [512, 256, 256]
        )
        assert [each.x for each in live.segments] == pytest.approx(
            [live.x + at * live.px_per_sector for at in (0, 512, 768)]
        )
        assert live.segments[-1].x + live.segments[-1].width == pytest.approx(live.x + live.width)
        assert [each.width for each in inactive.segments] == pytest.approx(
            [128 * live.px_per_sector] * 2
        )

    def test_the_used_sectors_of_a_file_are_to_scale(self, layout: Layout) -> None:
        used = card(layout, "/dev/wd1a").used
        assert used is not None
        assert used.width == pytest.approx(2048 * used.px_per_sector)
        first, second = used.segments
        assert (first.x - used.x, first.width) == pytest.approx((0, 128 * used.px_per_sector))
        assert second.x - used.x == pytest.approx(1024 * used.px_per_sector)
        assert second.width == pytest.approx(512 * used.px_per_sector)

    def test_bands_lead_from_a_line_to_its_sectors(self, layout: Layout) -> None:
        upper, lower = card(layout, "vol1"), card(layout, "/dev/wd2a")
        (band,) = (band for band in layout.bands if "on /dev/wd2a" in band.title)
        assert lower.used is not None
        assert band.top == pytest.approx((upper.tables[0].x_of(768), upper.tables[0].x_of(1024)))
        assert band.bottom == pytest.approx((lower.used.x_of(512), lower.used.x_of(640)))
        assert (band.top_y, band.bottom_y) == (upper.bottom, lower.y)
        assert band.title == (
            "vol1 sectors 768-1023 (striped, live table) on /dev/wd2a sectors 512-639"
        )

    def test_bars_have_one_scale_unless_they_would_be_too_small(
        self, tmp_path: Path, mapper: DeviceMapper
    ) -> None:
        make(mapper, "large", TableLine(0, 1500, "linear", "/dev/wd1a 0"))
        make(mapper, "small", TableLine(0, 8, "linear", "/dev/wd1a 2000"))
        layout = lay_out(chosen(mapper))
        large, small, disk = (card(layout, name) for name in ("large", "small", "/dev/wd1a"))
        assert (large.is_enlarged, small.is_enlarged, disk.is_enlarged) == (False, True, False)
        assert large.tables[0].px_per_sector == pytest.approx(layout.px_per_sector)
        assert disk.used is not None
        assert disk.used.px_per_sector == pytest.approx(layout.px_per_sector)

    def test_what_lies_beyond_the_end_has_room(self) -> None:
        with DeviceMapper("netbsd-9") as mapper:
            lines = [TableLine(0, 8, "striped", "0 8"), TableLine(100, 8, "striped", "0 8")]
            make(mapper, "gap", *lines)
            layout = lay_out(chosen(mapper))
        (bar,) = card(layout, "gap").tables
        assert bar.width == pytest.approx(108 * bar.px_per_sector)


class TestStripes:
    def fill(self, mapper: DeviceMapper, params: str, length: int) -> ET.Element:
        make(mapper, "vol1", TableLine(0, length, "striped", params))
        (group,) = (
            each
            for each in picture(chosen(mapper)).iter(f"{SVG}g")
            if any(
                title.text and ": striped" in title.text for title in each.findall(f"{SVG}title")
            )
        )
        return group

    def test_wide_ones_are_drawn_to_scale(self, mapper: DeviceMapper) -> None:
        group = self.fill(mapper, "2 16 /dev/wd1a 0 /dev/wd2a 0", 80)
        first, second = group.findall(f"{SVG}path")
        assert [first.get("fill"), second.get("fill")] == [*PALETTE[:2]]
        assert (first.get("d", "").count("M"), second.get("d", "").count("M")) == (3, 2)

    def test_fine_ones_are_a_pattern(self, mapper: DeviceMapper) -> None:
        group = self.fill(mapper, "2 1 /dev/wd1a 0 /dev/wd2a 0", 2000)
        (rect,) = (each for each in group.findall(f"{SVG}rect") if each.get("fill"))
        assert str(rect.get("fill")).startswith("url(#colours")
        root = picture(chosen(mapper))
        assert "stripes, finer than they are drawn" in texts(root)

    @pytest.mark.parametrize("params", ["2 0 /dev/wd1a 0 /dev/wd2a 0", "257 16 /dev/wd1a 0"])
    def test_those_that_the_driver_should_not_have_taken_are_drawn_somehow(
        self, tmp_path: Path, params: str, settings: Settings
    ) -> None:
        offers = {offer.identity: offer.path for offer in settings.catalog.offered}
        with DeviceMapper("netbsd-9", devices=offers) as mapper:
            make(mapper, "vol1", TableLine(0, 80, "striped", params))
            assert "vol1" in texts(picture(chosen(mapper)))


class TestRoom:
    @pytest.fixture
    def crowded(self, mapper: DeviceMapper) -> Choice:
        """More devices than there is room for, some of them stacked."""
        for number in range(NODES_MAX + 4):
            below = f"/dev/mapper/vol{number - 1}" if number % 5 == 4 else "/dev/wd1a"
            make(mapper, f"vol{number}", TableLine(0, 8, "linear", f"{below} 0"))
        return chosen(mapper)

    def test_no_card_overlaps_another_or_the_edge(self, crowded: Choice) -> None:
        layout = lay_out(crowded)
        assert len(layout.cards) == NODES_MAX
        for one, other in combinations(layout.cards, 2):
            apart_x = one.x + one.width < other.x or other.x + other.width < one.x
            apart_y = one.bottom < other.y or other.bottom < one.y
            assert apart_x or apart_y, (one.node.name, other.node.name)
        assert all(each.x > 0 and each.x + each.width < layout.width for each in layout.cards)

    def test_rows_are_short_and_devices_above_what_they_stand_on(self, crowded: Choice) -> None:
        assert max(map(len, crowded.rows)) <= ROW_MAX
        row_of = {node: index for index, row in enumerate(crowded.rows) for node in row}
        for node, row in row_of.items():
            assert all(row < row_of[stand.lower] for stand in node.below)

    def test_what_there_is_no_room_for_is_said(self, crowded: Choice) -> None:
        names = [node.name for node in crowded.left_out]
        assert names == ["vol23", "vol24", "vol25", "vol26", "vol27"]
        assert (
            "Left out, for want of room: vol23, vol24, vol25, vol26, vol27."
            "  Name the devices that you want drawn."
        ) in texts(picture(crowded))

    def test_one_device_on_too_many_is_drawn_as_far_as_there_is_room(
        self, mapper: DeviceMapper
    ) -> None:
        names = [f"low{number}" for number in range(NODES_MAX + 5)]
        for name in names:
            make(mapper, name, TableLine(0, 8, "zero"))
        lines = (
            TableLine(8 * index, 8, "linear", f"/dev/mapper/{name} 0")
            for index, name in enumerate(names)
        )
        make(mapper, "top", *lines)
        choice = choose(Standing(state_of(mapper)).devices[-1:])
        assert len(lay_out(choice).cards) == NODES_MAX
        assert [node.name for node in choice.left_out] == names[NODES_MAX - 1 :]

    def test_of_a_long_table_the_rest_is_one_part(self, mapper: DeviceMapper) -> None:
        lines = [TableLine(at, 1, "linear", f"/dev/wd1a {at}") for at in range(LINES_MAX + 50)]
        make(mapper, "vol1", *lines)
        choice = chosen(mapper, LINES_MAX)
        (bar,) = card(lay_out(choice), "vol1").tables
        *drawn, rest = bar.segments
        assert len(drawn) == LINES_MAX
        assert (rest.fill.texture, rest.labels) == (Texture.UNSEEN, ("50 more lines",))
        assert rest.width == pytest.approx(50 * bar.px_per_sector)
        assert "more lines than are drawn" in texts(picture(choice))

    def test_a_chain_is_a_column(self, mapper: DeviceMapper) -> None:
        make(mapper, "d0", TableLine(0, 8, "zero"))
        for number in range(1, 6):
            make(mapper, f"d{number}", TableLine(0, 8, "linear", f"/dev/mapper/d{number - 1} 0"))
        layout = lay_out(chosen(mapper))
        assert [each.node.name for each in layout.cards] == ["d5", "d4", "d3", "d2", "d1", "d0"]
        assert all(upper.bottom < lower.y for upper, lower in pairwise(layout.cards))


class TestTexts:
    def test_every_text_fits_its_card(self, mapper: DeviceMapper) -> None:
        mapper.create("n" * 100, "u" * 100)
        mapper.create("漢" * 30)
        make(mapper, "vol1", TableLine(0, 2048, "linear", "/dev/wd1a 0"))
        for each in lay_out(chosen(mapper)).cards:
            for text in each.texts:
                assert columns_of(text) * CHARACTER_WIDTH <= each.width, text

    def test_what_does_not_fit_is_told_where_one_points(self, mapper: DeviceMapper) -> None:
        for letter in "nopqr":
            mapper.create(letter * 100)
        root = picture(chosen(mapper))
        assert not any("n" * 100 in text for text in texts(root))
        assert any("n" * 100 in text for text in titles(root))

    def test_a_name_is_text_and_nothing_else(self, mapper: DeviceMapper) -> None:
        mapper.create('<b>&"\x1b\x00'.rstrip("\x00"))
        assert '<b>&"\\x1b' in texts(picture(chosen(mapper)))

    def test_states_are_written(self, mapper: DeviceMapper) -> None:
        mapper.create("vol1", read_only=True)
        mapper.suspend("vol1")
        found = texts(picture(chosen(mapper)))
        assert "minor 1, suspended, read-only" in found
        assert "no live table" in found

    def test_the_legend_has_what_the_picture_has(self, mapper: DeviceMapper) -> None:
        make(mapper, "vol1", TableLine(0, 8, "zero"), TableLine(8, 8, "error"))
        found = texts(picture(chosen(mapper)))
        assert {"zero", "error"} <= set(found)
        assert "inactive table" not in found
        mapper.reload("vol1", [TableLine(0, 8, "linear", "/dev/wd1a 0")])
        assert "inactive table" in texts(picture(chosen(mapper)))

    def test_it_is_the_same_every_time(self, mapper: DeviceMapper) -> None:
        lines = [
            TableLine(0, 8, "error"),
            TableLine(8, 8, "zero"),
            TableLine(16, 8, "striped", "2 1 /dev/wd2a 0 /dev/wd1a 0"),
        ]
        make(mapper, "vol1", *lines)
        found = [each.get("id", "") for each in picture(chosen(mapper)).iter(f"{SVG}pattern")]
        assert found[:2] == ["error", "zero"]
        assert [each[:7] for each in found[2:]] == ["colours"]

    def test_without_devices_there_is_a_headline(self, mapper: DeviceMapper) -> None:
        assert texts(picture(chosen(mapper))) == ["a headline"]

    @pytest.mark.parametrize(
        ("text", "keeps_end", "fits"),
        [
            ("vol1", False, "vol1"),
            ("12345678", False, "12345678"),
            ("123456789", False, "1234567…"),
            ("/a/b/disk", True, "…/b/disk"),
            ("漢字漢字漢", False, "漢字漢…"),
            ("a\u0301" * 8, False, "a\u0301" * 8),
        ],
    )
    def test_a_text_is_cut_where_it_has_to_be(self, text: str, keeps_end: bool, fits: str) -> None:
        assert fitted(text, 8, keeps_end=keeps_end) == fits


class TestCommand:
    def test_the_picture_is_a_file_or_standard_output(
        self, dm: Client, settings: Settings, tmp_path: Path
    ) -> None:
        make(dm, "vol1", TableLine(0, 8, "linear", "/dev/wd1a 0"))
        make(dm, "vol2", TableLine(0, 8, "zero"))
        file = tmp_path / "disks.svg"
        assert run("graph", "-U", settings.socket_path, "--svg", file).returncode == 0
        finished = run("graph", "-U", settings.socket_path, "--svg", "-", "vol1")
        whole, part = file.read_text(encoding="utf-8"), finished.stdout.decode()
        assert ">vol2</text>" in whole
        assert ">vol2</text>" not in part
        assert whole.startswith("<svg ")
        assert ET.fromstring(part).get("role") == "img"  # noqa: S314

    def test_a_file_that_cannot_be_written_is_status_1(
        self, dm: Client, settings: Settings, tmp_path: Path
    ) -> None:
        finished = run("graph", "-U", settings.socket_path, "--svg", tmp_path / "no" / "x.svg")
        assert finished.returncode == 1
        assert b"x.svg: No such file or directory" in finished.stderr

    def test_an_unknown_device_is_status_1_and_no_file(
        self, dm: Client, settings: Settings, tmp_path: Path
    ) -> None:
        file = tmp_path / "disks.svg"
        assert run("graph", "-U", settings.socket_path, "--svg", file, "nobody").returncode == 1
        assert not file.exists()

    def test_without_a_file_it_is_status_2(self, settings: Settings) -> None:
        assert run("graph", "-U", settings.socket_path).returncode == 2

    def test_no_server_is_status_3(self, tmp_path: Path) -> None:
        assert run("graph", "-U", tmp_path / "none.sock", "--svg", "-").returncode == 3
