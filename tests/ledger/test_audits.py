"""An audit reads back as it was said, however often its subjects were judged since."""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.ledger import Ledger, LedgerError
from auditor.model import Finding, Severity, Status, Unverifiable, Verdict, Watched
from tests.ledger.things import (
    FLOW,
    HOUR,
    NOON,
    audit_of,
    begin,
    counts,
    findings,
    finish,
    moments,
    unverifiables,
    verdict,
    verdicts,
    watches,
)

NUMBERS = itertools.count()


@dataclass
class Said:
    now: datetime
    status: Status
    runs: Sequence[Verdict]
    found: Sequence[Finding]
    blind: Sequence[Unverifiable]
    watched: Sequence[Watched]
    numbers: tuple[int, int, int]


def _subject(said: Verdict) -> tuple[object, ...]:
    return said.flow, said.dataset, said.destination, said.due or said.folder, said.due is None


sayings = st.builds(
    Said,
    moments,
    st.sampled_from(Status),
    st.lists(verdicts, max_size=5, unique_by=_subject),
    st.lists(findings, max_size=4),
    st.lists(unverifiables, max_size=3),
    st.lists(watches, max_size=3),
    st.tuples(counts, counts, counts),
)


def _record(ledger: Ledger, said: Said, why: str = "") -> int:
    audit = begin(ledger, said.now)
    ledger.record_verdicts(audit, said.runs, at=said.now, why=why)
    ledger.record_findings(audit, said.found[:2], at=said.now)
    ledger.record_findings(audit, said.found[2:], at=said.now)
    ledger.record_unverifiable(audit, said.blind)
    read, reused, volume = said.numbers
    ledger.finish_audit(
        audit, status=said.status, watched=said.watched, files_read=read, files_reused=reused, bytes_read=volume
    )
    return audit


def _same(found: Iterable[Any], said: Iterable[Any]) -> bool:
    """Equal as collections: each as often here as there."""
    rest = list(said)
    for item in found:
        if item not in rest:
            return False
        rest.remove(item)
    return not rest


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(story=st.lists(sayings, min_size=1, max_size=3), data=st.data())
def test_each_audit_reads_back_exactly_as_it_was_said(shared: Ledger, story: list[Said], data: st.DataObject) -> None:
    # Later audits take some subjects of the first ones up again and judge them otherwise.
    for earlier, later in itertools.pairwise(story):
        known = {_subject(v) for v in later.runs}
        again = [v for v in earlier.runs if _subject(v) not in known and data.draw(st.booleans())]
        later.runs = [*later.runs, *again]
    numbers = [_record(shared, said) for said in story]
    for number, said in zip(numbers, story, strict=True):
        result = shared.read_audit(number)
        assert (result.now, result.status) == (said.now, said.status)
        assert _same(result.runs, said.runs)
        assert _same(result.findings, said.found)
        assert _same(result.unverifiable, said.blind)
        assert result.watched == tuple(said.watched)
        assert result.watched_from == min((w.since for w in said.watched), default=None)
        assert (result.files_read, result.files_reused, result.bytes_read) == said.numbers


@given(said=sayings, seed=st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_order_does_not_depend_on_that_of_recording(shared: Ledger, said: Said, seed: Any) -> None:
    first = shared.read_audit(_record(shared, said))
    for part in (said.runs, said.found, said.blind):
        seed.shuffle(part)
    second = shared.read_audit(_record(shared, said))
    assert first == second


def test_runs_come_by_flow_dataset_and_due(ledger: Ledger) -> None:
    said = [verdict(2), verdict(0, flow="a"), verdict(1)]
    assert ledger.read_audit(audit_of(ledger, said)).runs == (said[1], said[2], said[0])


def test_a_finding_keeps_the_audits_that_saw_it_first_and_last(ledger: Ledger) -> None:
    finding = Finding("export-late", Severity.WARNING, "late", "lake", FLOW, due=NOON, evidence={"a": [1, None]})
    other = Finding("access-denied", Severity.WARNING, "no right", "lake")
    for hour, found in enumerate([[finding], [finding, other], [other]]):
        audit = begin(ledger)
        ledger.record_findings(audit, found, at=NOON + hour * HOUR)
        finish(ledger, audit)
    with ledger._reading() as connection:
        query = "SELECT code, first_audit, last_audit FROM findings ORDER BY id"
        rows = [tuple(row) for row in connection.exec_driver_sql(query)]
    assert rows == [("export-late", 1, 2), ("access-denied", 2, 3)]
    assert [ledger.read_audit(n).findings for n in (1, 2, 3)] == [(finding,), (other, finding), (other,)]


def test_an_audit_that_never_finished_is_no_answer(ledger: Ledger) -> None:
    audit = begin(ledger)
    ledger.record_verdicts(audit, [verdict()], at=NOON)
    with pytest.raises(LedgerError, match="did not finish"):
        ledger.read_audit(audit)
    with pytest.raises(LedgerError, match="does not exist"):
        ledger.read_audit(99)
    assert ledger.read_audit(audit_of(ledger, [verdict()])).runs == (verdict(),)


def test_the_first_audit_is_the_one_of_the_earliest_moment(ledger: Ledger) -> None:
    assert ledger.first_audit_at() is None
    assert ledger.first_audit_of(FLOW) is None
    begin(ledger, NOON + HOUR)
    finish(ledger, begin(ledger, NOON + HOUR), [Watched(FLOW, NOON)])
    assert ledger.first_audit_of(FLOW) == NOON + HOUR
    begin(ledger, NOON)  # crashed, begun nevertheless
    assert ledger.first_audit_at() == NOON
    assert ledger.first_audit_of(FLOW) == NOON + HOUR
    ledger.begin_audit(now=NOON - HOUR, tool_version="1", config_hash="", options={}, flows=[FLOW, "new"])
    finish(ledger, begin(ledger, NOON + 2 * HOUR), [Watched(FLOW, NOON), Watched("new", NOON)])
    assert ledger.first_audit_of(FLOW) == ledger.first_audit_of("new") == NOON - HOUR


def test_options_of_any_kind_are_kept_with_the_audit(ledger: Ledger) -> None:
    begin(ledger, since=NOON, flow=["a\0\udc80"], level=3, reverify=True, span=timedelta(1), none=None)
    with ledger._reading() as connection:
        from sqlalchemy import select

        from auditor.ledger.schema import audits

        options = connection.execute(select(audits.c.options)).scalar()
    assert options == {
        "since": "2026-10-01T12:00:00+00:00",
        "flow": ["a\0\udc80"],
        "level": 3,
        "reverify": True,
        "span": "1 day, 0:00:00",
        "none": None,
    }
