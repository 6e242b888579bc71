"""Which choices of a profile the differences of a replay are due to."""

from dataclasses import replace
from pathlib import Path

import pytest

from netbsd_dm.capture import explain as explain_module
from netbsd_dm.capture.explain import Explanations, choices_of, deviation, explain
from netbsd_dm.capture.format import Capture, read_capture
from netbsd_dm.capture.replay import FreshServer, Played, Verdict, play, play_on
from netbsd_dm.driver.profile import NETBSD_9, STANDARD, Profile
from netbsd_dm.plist import PlistDict, PlistValue

from .conftest import HEAD, Write, request, step

FIXTURES = Path(__file__).parents[2] / "fixtures"
LINE: PlistDict = {"start": 0, "length": 8, "type": "linear", "params": "/dev/wd1a 0"}


@pytest.fixture(autouse=True)
def every_reply_matches_the_schema() -> None:
    """Not here: what is tried out are mixtures of two profiles, which no schema describes."""


def recorded(write: Write, *texts: str, profile: Profile = NETBSD_9) -> Capture:
    """What the profile answers to these requests, as a capture."""
    lines = [step(number, request=text, reply="") for number, text in enumerate(texts, 1)]
    results = play(read_capture(write(HEAD, *lines)), profile).results
    answered = [
        line | {"reply": (result.reply or b"").decode()}
        for line, result in zip(lines, results, strict=True)
    ]
    return read_capture(write(HEAD, *answered))


def names(explained: Explanations) -> list[list[str] | None]:
    """The names for each step, sorted."""
    return [None if each is None else sorted(each) for each in explained.steps]


def explained(capture: Capture, profile: Profile = STANDARD) -> list[list[str] | None]:
    """The names for each step of a replay in that profile."""
    return names(explain(capture, profile, play(capture, profile)))


def test_a_difference_is_named_after_the_choice_it_is_due_to(write: Write) -> None:
    capture = recorded(
        write,
        request("create", name="v"),
        request("create", name="v"),
        request("info", name="v"),
        request("targets"),
    )
    assert explained(capture) == [None, ["reports-errors"], ["reports-event-nr"], ["targets"]]


def test_a_choice_that_changed_the_state_shows_in_later_replies(write: Write) -> None:
    table = request("table", name="v", flags=0x14)
    capture = recorded(
        write,
        request("create", name="v"),
        request("reload", name="v", cmd_data=[LINE]),
        request("resume", name="v"),
        table,
        request("resume", name="v"),
        table,
    )
    assert explained(capture) == [None] * 5 + [["resume-keeps-live-table"]]


def test_choices_in_force_together_are_named_together(write: Write) -> None:
    gap: list[PlistValue] = [LINE | {"start": 4}]
    capture = recorded(
        write,
        request("create", name="v"),
        request("reload", name="v", cmd_data=gap),
    )
    together = ["reload-is-atomic", "reports-errors", "validates-tables"]
    assert explained(capture) == [None, together]


def test_what_can_be_left_out_is_not_named(write: Write) -> None:
    capture = recorded(write, request("info", name="nobody"))
    mine = replace(NETBSD_9, reports_errors=True, reports_event_nr=True, counts_opens=True)
    assert explained(capture, mine) == [["reports-errors"]]


def test_what_is_equal_is_explained_by_nothing(write: Write) -> None:
    capture = recorded(write, request("names"))
    assert explained(capture) == [None]


@pytest.fixture
def trials(monkeypatch: pytest.MonkeyPatch) -> list[Capture]:
    """The captures that were tried out."""
    seen: list[Capture] = []

    def counted(capture: Capture, server: FreshServer) -> Played:
        seen.append(capture)
        return play_on(capture, server)

    monkeypatch.setattr(explain_module, "play_on", counted)
    return seen


def test_without_a_difference_nothing_is_tried(write: Write, trials: list[Capture]) -> None:
    explained(recorded(write, request("names")))
    assert trials == []


def test_netbsd_9_itself_has_nothing_to_explain_with(write: Write, trials: list[Capture]) -> None:
    capture = recorded(write, request("info", name="v"), profile=STANDARD)
    assert explained(capture, NETBSD_9) == [None]
    assert trials == []


def test_nothing_is_tried_twice(write: Write, trials: list[Capture]) -> None:
    texts = [request("info", name=f"nobody{number}") for number in range(30)]
    assert explained(recorded(write, *texts)) == [["reports-errors"]] * 30
    assert len(trials) < 25, "as many as for one"


def test_what_the_profile_does_not_answer_is_not_explained(write: Write) -> None:
    capture = recorded(write, request("info", name="v"), request("info", name="w"))
    played = play(capture, STANDARD)
    first, second = played.results
    strange = replace(second, reply=(second.reply or b"").replace(b"ENOENT", b"ENOTTY"))
    explanations = explain(capture, STANDARD, Played((first, strange)))
    assert names(explanations) == [["reports-errors"], None]


def test_what_differs_from_a_doctored_recording_is_not_explained(write: Write) -> None:
    texts = [request("info", name="v"), request("create", name="v")]
    lines = [
        step(number, request=text, reply=text + "doctored") for number, text in enumerate(texts, 1)
    ]
    capture = read_capture(write(HEAD, *lines))
    assert explained(capture) == [None, None]


def test_a_server_that_answers_nothing_so_is_tried_once(
    write: Write, trials: list[Capture]
) -> None:
    capture = recorded(write, request("info", name="v"))
    (only,) = play(capture, STANDARD).results
    strange = replace(only, reply=b"strange")
    assert names(explain(capture, STANDARD, Played((strange,)))) == [None]
    assert len(trials) == 1


def test_what_the_disks_hold_at_the_end_is_explained_too() -> None:
    capture = read_capture(FIXTURES / "netbsd" / "io-readonly.jsonl")
    explanations = explain(capture, STANDARD, play(capture, STANDARD))
    assert explanations.disks == frozenset(["enforces-readonly"])


def test_the_choices_are_all_fields_but_the_name() -> None:
    choices = choices_of(STANDARD)
    assert "reports_errors" in choices
    assert "name" not in choices
    assert choices_of(NETBSD_9) == ()
    assert choices_of(replace(NETBSD_9, name="mine", counts_opens=True)) == ("counts_opens",)
    assert deviation("counts_opens") == "counts-opens"


@pytest.mark.parametrize("path", sorted(FIXTURES.rglob("*.jsonl")), ids=lambda path: path.stem)
def test_in_standard_every_difference_is_a_documented_deviation(path: Path) -> None:
    capture = read_capture(path)
    played = play(capture, STANDARD)
    found = explain(capture, STANDARD, played)
    unexplained = [
        f"{result.step.number} {result.step.label}"
        for result, due in zip(played.results, found.steps, strict=True)
        if result.verdict is Verdict.DIFFERENT and not due
    ]
    assert unexplained == []
    documented = deviations()
    for due in filter(None, found.steps):
        assert due <= documented


def deviations() -> set[str]:
    """The names in protocol/deviations.md."""
    text = (FIXTURES.parent / "protocol" / "deviations.md").read_text()
    return {line.split("`")[1] for line in text.splitlines() if line.startswith("| `")}
