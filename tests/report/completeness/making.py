"""Populations and reports to try."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import groupby

from hypothesis import strategies as st

from auditor.model import Arrival, Content, Finding, Level, Severity, Unverifiable, Verdict, Waived
from auditor.report.completeness import Completeness, Judged, Tally
from auditor.report.completeness.judge import judge_completeness
from auditor.report.completeness.types import DatasetLine, Kind, Provenance
from tests.report.strategies import HOSTILE

START, END = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
CLOSED = END + timedelta(days=3)
HOUR = timedelta(hours=1)


def verdict(hour: int = 0, arrival: Arrival = Arrival.ON_TIME, content: Content = Content.SOUND, **more) -> Verdict:
    facts = {"level": Level.L3, "folder": "lake/d1/exportTime=1/", "files": 2, "records": 7, "bytes": 1000, **more}
    if arrival in (Arrival.MISSING, Arrival.UNKNOWN, Arrival.PENDING, Arrival.NOT_NEEDED, Arrival.EXPIRED):
        content = Content.UNCHECKED
        facts |= {"folder": "", "files": 0, "records": None, "bytes": 0, "level": None}
    return Verdict(
        facts.pop("flow", "web"), facts.pop("dataset", "d1"), facts.pop("destination", "lake"),
        START + hour * HOUR, arrival, content, **facts
    )  # fmt: skip


def judged(*verdicts: Verdict, was_sound: bool = False) -> list[Judged]:
    return [Judged(one, CLOSED, was_sound) for one in verdicts]


def missing(hour: int = 0, *, waived: bool = False) -> Verdict:
    told = Waived("planned work", "ops", CLOSED) if waived else None
    return verdict(
        hour, Arrival.MISSING, findings=(Finding("export-missing", Severity.ERROR, "No export came.", waived=told),)
    )


def report_of(runs: Iterable[Judged], **more) -> Completeness:
    """A closed report of these runs, watched throughout unless `unwatched` says otherwise."""
    tally, lines = Tally(), []
    for whose, some in groupby(runs, key=lambda run: (run.verdict.flow, run.verdict.dataset, run.verdict.destination)):
        lines.append(tally.add_dataset(DatasetLine(*whose), some))
    preliminary = bool(more.get("preliminary"))
    status = judge_completeness(
        tally.balance(),
        tally.kinds,
        tally.waived,
        preliminary=preliminary,
        unwatched=bool(more.get("unwatched") or more.get("never_read")),
    )
    given = {"provenance": Provenance(read_at=CLOSED), "as_of": CLOSED, "preliminary": False, **more}
    return Completeness(
        period="2026-10",
        start=START,
        end=END,
        closes_at=CLOSED,
        status=status,
        balance=tally.balance(),
        deviations=tally.listed(),
        deviation_counts={kind.value: n for kind in Kind if (n := tally.kinds[kind])},
        waived_counts={kind.value: n for kind in Kind if (n := tally.waived[kind])},
        gaps=tuple(tally.gaps),
        gap_count=tally.gap_count,
        datasets=tuple(lines),
        not_checked=tally.list_reasons(),
        unjudged=tuple(tally.unjudged),
        **given,
    )


texts = st.sampled_from([*HOSTILE, "web", "=cmd()", "lake"])
waivers = st.none() | st.builds(Waived, texts, texts, st.just(CLOSED))
findings = st.builds(
    Finding,
    st.sampled_from(["export-missing", "file-corrupt", "export-late", "access-denied", "file-unverifiable"]),
    st.sampled_from(Severity),
    texts,
    waived=waivers,
)
verdicts = st.builds(
    Verdict,
    texts,
    texts,
    texts,
    st.integers(0, 743).map(lambda hour: START + hour * HOUR),
    st.sampled_from([one for one in Arrival if one is not Arrival.UNEXPECTED]),
    st.sampled_from(Content),
    st.none() | st.sampled_from(Level),
    folder=st.just("") | texts,
    files=st.integers(0, 9),
    records=st.none() | st.integers(0, 9),
    bytes=st.integers(0, 9),
    findings=st.lists(findings, max_size=2).map(tuple),
    unverifiable=st.lists(st.builds(Unverifiable, texts, texts), max_size=2).map(tuple),
)
populations = st.lists(
    st.builds(Judged, verdicts, st.none() | st.just(CLOSED), st.booleans()),
    max_size=30,
    unique_by=lambda run: (run.verdict.flow, run.verdict.dataset, run.verdict.destination, run.verdict.due),
).map(lambda runs: sorted(runs, key=_order))


def _order(run: Judged):
    return run.verdict.flow, run.verdict.dataset, run.verdict.destination, run.verdict.due
