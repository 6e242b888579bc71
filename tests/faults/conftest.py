"""Rules of every shape, as hypothesis draws them."""

from hypothesis import strategies as st

from netbsd_dm.faults.rules import IO_OPS, Effect, Rule
from netbsd_dm.faults.schedule import Schedule
from netbsd_dm.wire.commands import COMMAND_NAMES

NUMBERS = st.integers(1, 2**64)
SMALL = st.integers(0, 9)
ERRNOS = st.integers(1, 200)
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
"""Names may hold anything but NUL: blanks, quotes, control characters."""
MAYBE_TEXT = st.none() | TEXTS


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    """Schedules that can hit."""
    after = draw(st.none() | SMALL)
    every = draw(st.none() | st.integers(1, 4))
    earliest = (after or 0) + (every or 1)
    nth = draw(st.none() | SMALL.map(lambda turns: earliest + turns * (every or 1)))
    first = draw(st.none() | SMALL.map(lambda more: (nth or earliest) + more))
    seed = draw(st.none() | st.integers(0, 2**64))
    rates = st.none() | st.floats(0, 1, exclude_min=True)
    rate = None if seed is None else draw(rates)
    return Schedule(nth=nth, first=first, after=after, every=every, seed=seed, rate=rate)


DELAYS = st.just(0.0) | st.floats(0, 1e9) | st.integers(1, 10**6).map(lambda us: us / 1e6)
FAILURES = st.builds(Effect, errno=ERRNOS, delay_seconds=DELAYS)
SLOWNESS = st.builds(Effect, delay_seconds=DELAYS.filter(bool))
ENDINGS = st.one_of(
    st.builds(Effect, hangup=st.just(True), delay_seconds=DELAYS),
    st.builds(Effect, drop=st.just(True), errno=st.none() | ERRNOS, delay_seconds=DELAYS),
    st.builds(Effect, ioctl=ERRNOS, cut_bytes=st.none() | SMALL, truncate_bytes=st.none() | SMALL),
    st.builds(Effect, errno=st.none() | ERRNOS, cut_bytes=SMALL, truncate_bytes=st.none() | SMALL),
)

COMMAND_RULES = st.builds(
    Rule,
    on=st.lists(st.sampled_from((*COMMAND_NAMES, "any")), min_size=1).map(tuple),
    name=MAYBE_TEXT,
    uuid=MAYBE_TEXT,
    minor=st.none() | NUMBERS,
    schedule=schedules(),
    effect=FAILURES | SLOWNESS | ENDINGS,
)
OPEN_RULES = st.builds(
    Rule,
    on=st.just(("open",)),
    device=MAYBE_TEXT.filter(lambda text: text != ""),
    schedule=schedules(),
    effect=st.builds(Effect, errno=ERRNOS),
)


@st.composite
def io_rules(draw: st.DrawFn) -> Rule:
    """Rules about I/O to mapped or to physical devices."""
    on = tuple(draw(st.lists(st.sampled_from((*IO_OPS, "io")), min_size=1)))
    first, more = draw(st.tuples(st.integers(0, 2**40), SMALL))
    has_sectors = set(on) != {"flush"} and draw(st.booleans())
    is_physical = draw(st.booleans())
    return Rule(
        on=on,
        name=None if is_physical else draw(MAYBE_TEXT),
        device=draw(TEXTS.filter(bool)) if is_physical else None,
        sectors=range(first, first + more + 1) if has_sectors else None,
        schedule=draw(schedules()),
        effect=draw(FAILURES | SLOWNESS),
    )


RULES = COMMAND_RULES | OPEN_RULES | io_rules()
