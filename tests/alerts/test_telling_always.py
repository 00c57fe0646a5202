"""What holds of telling whatever happens: random worlds, with a pass after each step."""

from collections import Counter
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.alerts.stages.hold import find_silence
from auditor.incident_model import Closing, EventKind, EventState, Match
from auditor.model import Severity
from auditor.settings.alerts import Route
from tests.alerts.telling_worlds import START, A, B, World, configured, key

ROUTES = (
    Route("critical", ("pager", "mail"), Match(severity=Severity.CRITICAL), goes_on=True),
    Route("web", ("hook",), Match(team="web"), group_wait=timedelta(minutes=30)),
    Route("rest", ("mail",), group_wait=timedelta(minutes=5)),
)
KEYS = [
    key("destination-unreachable", "", ""),
    *(key(code, dataset=one) for code in ("export-missing", "export-late", "file-corrupt") for one in (A, B)),
]
CLOSINGS = [Closing.RECOVERED, Closing.NEXT_RIGHT, Closing.WAIVED, Closing.REPLACED]
NUMBER = st.integers(0, 30)
STEPS = st.one_of(
    st.tuples(
        st.just("opens"), st.sampled_from(KEYS), st.sampled_from(["warning", "error", "critical"]), st.booleans()
    ),
    st.tuples(st.just("closes"), NUMBER, st.sampled_from(CLOSINGS)),
    st.tuples(st.just("worsens"), NUMBER),
    st.tuples(st.just("joins"), NUMBER),
    st.tuples(st.just("acknowledges"), NUMBER),
    st.tuples(st.just("silences"), st.sampled_from([Match(team="web"), Match(code="export-*")]), st.integers(1, 50)),
    st.tuples(st.just("passes"), st.integers(1, 60 * 80)),
)


class Story:
    """Carries out steps; each is followed by a pass, whose drafts are checked against what was so at that moment."""

    def __init__(self) -> None:
        self.world = World(configured(*ROUTES))
        self.minutes = 0
        self.told: list[tuple[str, EventKind, frozenset[int]]] = []

    @property
    def when(self) -> str:
        days, minutes = divmod(self.minutes, 24 * 60)
        return f"{days}d {minutes // 60:02}:{minutes % 60:02}"

    def do(self, step: tuple) -> None:
        self.minutes += 1
        open_ = [one.number for one in self.world.incidents.values() if one.is_open]
        match step:
            case "opens", what, severity, explained:
                if all(one.key != what or not one.is_open for one in self.world.incidents.values()):
                    roots = [n for n in open_ if self.world.incidents[n].key.code == "destination-unreachable"]
                    cause = roots[0] if roots and explained and what.flow else None
                    self.world.opens(self.when, what, severity, cause)
            case "closes", number, closing if open_:
                self.world.closes(open_[number % len(open_)], self.when, closing)
            case "worsens", number if open_:
                if self.world.incidents[one := open_[number % len(open_)]].severity is not Severity.CRITICAL:
                    self.world.worsens(one, self.when)
            case "joins", number if open_:
                self.world.happens(open_[number % len(open_)], EventKind.JOINED, self.when)
            case "acknowledges", number if open_:
                self.world.acknowledge(open_[number % len(open_)], self.when)
            case "silences", match, hours:
                start = self.when
                self.minutes += 1
                self.world.silence(match, start, self._after(hours))
            case "passes", minutes:
                self.minutes += minutes
        self.tell()

    def _after(self, hours: int) -> str:
        days, minutes = divmod(self.minutes + 60 * hours, 24 * 60)
        return f"{days}d {minutes // 60:02}:{minutes % 60:02}"

    def tell(self) -> None:
        now = START.replace(hour=0) + timedelta(minutes=self.minutes)
        picture = self.world.picture(now)
        for draft in self.world.tell(now):
            self.told.append((draft.target.channel, draft.kind, frozenset(one.number for one in draft.incidents)))
            if draft.kind is EventKind.REMINDER:
                for one in draft.incidents:
                    assert one.is_open
                    assert one.acknowledged is None
                    assert picture.cause_of(one) is None
                    assert find_silence(one, picture.silences, self.world.config.flows, now) is None
        assert self.world.tell(now) == [], "a second pass at the same moment has nothing to tell"


@settings(deadline=None, max_examples=150)
@given(st.lists(STEPS, max_size=40))
def test_every_event_ends_with_a_reason_and_every_end_reaches_those_who_were_told_once(steps):
    story = Story()
    for step in steps:
        story.do(step)
    for number, incident in list(story.world.incidents.items()):
        if incident.is_open:
            story.world.closes(number, story.when)
    story.do(("passes", 60 * 24 * 10))
    assert [(event.state, event.reason) for event in story.world.events.values() if not event.reason] == []
    assert {event.state for event in story.world.events.values()} <= {EventState.TOLD, EventState.DROPPED}
    keys = [one.key for one in story.world.told]
    assert len(keys) == len(set(keys))
    trouble = {(c, n) for c, kind, numbers in story.told if kind is not EventKind.RECOVERED for n in numbers}
    ended = Counter((c, n) for c, kind, numbers in story.told if kind is EventKind.RECOVERED for n in numbers)
    gaps = {(c, n) for c, kind, numbers in story.told if kind is EventKind.GAP for n in numbers}
    assert set(ended) <= trouble
    assert set(ended.values()) <= {1}
    assert trouble - gaps == set(ended) - gaps


@settings(deadline=None, max_examples=100)
@given(st.lists(STEPS, max_size=30))
def test_nothing_that_goes_on_is_forgotten(steps):
    story = Story()
    for step in steps:
        story.do(step)
    start = len(story.told)
    for _ in range(24 * 12):
        story.do(("passes", 60))
    reminded = {number for _, _, numbers in story.told[start:] for number in numbers}
    for number, one in story.world.incidents.items():
        if one.is_open and one.acknowledged is None and story.world.picture(START).cause_of(one) is None:
            assert number in reminded
