"""Run records, versions of flows, claims, coverage and endings come back as they were, on both databases."""

from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.flow_model import DatasetCounts, FlowVersion, RunRecord, TargetPlace
from auditor.ledger import Ledger
from auditor.model import (
    Claim,
    Compression,
    Counts,
    Coverage,
    Dataset,
    Ending,
    FileFormat,
    Mode,
    RunState,
    Schedule,
    Standing,
    Waived,
)
from tests.ledger.things import HOUR, NOON, begin, finish, verdict

PLATFORM, FLOW_ID = "prod", "d0420d72-756c-4159-9e7f-7d3e2f8b501e"


def record(number: int, *, hours: float = 0, ended: bool = True, state: RunState = RunState.SUCCEEDED) -> RunRecord:
    began = NOON + timedelta(hours=hours or number)
    return RunRecord(
        id=f"run-{number}",
        flow_id=FLOW_ID,
        state=state,
        word="success",
        created=began,
        started=began,
        ended=began + HOUR if ended else None,
        read=Counts(3, None, 0),
        written=Counts(3, 1, 77),
        datasets={"5ef3e324052581191aa6a466": DatasetCounts(Counts(3), Counts(3, 1))},
        errors=("ACTIVATION_BATCH-0000-FAILED Job aborted.",),
    )


def version(*, every: timedelta = 3 * HOUR, state: str = "enabled", name: str = "web-3h") -> FlowVersion:
    return FlowVersion(
        platform=PLATFORM,
        flow_id=FLOW_ID,
        name=name,
        state=state,
        datasets=(Dataset("5ef3e324052581191aa6a466", "Web events"),),
        place=TargetPlace("s3", "bucket", "backups", "https://host"),
        schedule=Schedule(NOON, NOON + 1000 * HOUR, every=every),
        mode=Mode.INCREMENTAL,
        format=FileFormat.JSON,
        compression=Compression.GZIP,
        manifest=True,
        folder_template="%DATASET_ID%/%EXPORT_TIME%",
        created=NOON,
        updated=NOON,
        problems=("has something",),
    )


def known(ledger: Ledger, since: datetime = NOON, until: datetime = NOON + 9999 * HOUR) -> list[RunRecord]:
    return list(ledger.known_flow_runs(PLATFORM, FLOW_ID, since=since, until=until))


def test_run_records_come_back_in_their_order_whatever_the_number(ledger: Ledger):
    runs = [record(number, hours=1 + number // 3) for number in range(1201)]  # three at each moment, over portions
    assert ledger.record_flow_runs(PLATFORM, FLOW_ID, reversed(runs), at=NOON) == 1201
    told = known(ledger)
    assert sorted(told, key=lambda r: r.id) == sorted(runs, key=lambda r: r.id)
    assert [r.started for r in told] == sorted(r.started for r in runs)
    assert len(known(ledger, since=NOON + 100 * HOUR, until=NOON + 100 * HOUR)) == 3


def test_the_newest_reading_of_a_run_holds(ledger: Ledger):
    ledger.record_flow_runs(PLATFORM, FLOW_ID, [record(1, ended=False, state=RunState.IN_PROGRESS), record(2)], at=NOON)
    assert ledger.oldest_open_run(PLATFORM, FLOW_ID) == NOON + HOUR
    ledger.record_flow_runs(PLATFORM, FLOW_ID, [record(1)], at=NOON + HOUR)
    assert ledger.oldest_open_run(PLATFORM, FLOW_ID) is None
    assert known(ledger) == [record(1), record(2)]


def test_runs_of_another_flow_or_sandbox_are_others(ledger: Ledger):
    ledger.record_flow_runs("stage", FLOW_ID, [record(1)], at=NOON)
    ledger.record_flow_runs(PLATFORM, "other", [record(1)], at=NOON)
    assert known(ledger) == []


def test_how_far_runs_were_read_is_kept_and_never_shrinks(ledger: Ledger):
    assert ledger.flow_reading(PLATFORM, FLOW_ID) is None
    ledger.record_flow_reading(PLATFORM, FLOW_ID, since=NOON, at=NOON + HOUR)
    ledger.record_flow_reading(PLATFORM, FLOW_ID, since=NOON + HOUR, at=NOON + 2 * HOUR)
    assert ledger.flow_reading(PLATFORM, FLOW_ID) == (NOON, NOON + 2 * HOUR)


def test_a_version_is_kept_where_something_differs(ledger: Ledger):
    def see(hour: int, *versions: FlowVersion, complete: bool = True) -> None:
        ledger.record_flow_versions(PLATFORM, versions, at=NOON + hour * HOUR, complete=complete)

    see(0, version())
    see(1, version())
    see(2, version(every=12 * HOUR))
    see(3, complete=False)  # an audit of part of the flows says nothing of the others
    (first, second) = ledger.flow_history(PLATFORM, FLOW_ID)
    assert (first.version, first.first_seen_at, first.last_seen_at) == (version(), NOON, NOON + HOUR)
    assert (second.version, second.first_seen_at, second.gone_at) == (version(every=12 * HOUR), NOON + 2 * HOUR, None)
    see(4)
    (latest,) = ledger.latest_flow_versions(PLATFORM)
    assert (latest.id, latest.gone_at) == (second.id, NOON + 4 * HOUR)
    see(5, version(every=12 * HOUR))  # it is back
    assert [seen.gone_at for seen in ledger.flow_history(PLATFORM, FLOW_ID)] == [None, NOON + 4 * HOUR, None]


def test_a_flow_is_measured_by_the_version_that_was_set(ledger: Ledger):
    assert ledger.flow_baseline(PLATFORM, FLOW_ID) is None
    for hour, one in enumerate([version(), version(every=12 * HOUR)]):
        ledger.record_flow_versions(PLATFORM, [one], at=NOON + hour * HOUR, complete=True)
    for seen in ledger.flow_history(PLATFORM, FLOW_ID):
        ledger.set_flow_baseline(PLATFORM, FLOW_ID, seen.id, at=NOON)
        assert ledger.flow_baseline(PLATFORM, FLOW_ID) == seen


def test_what_an_audit_said_of_coverage_and_endings_comes_back(ledger: Ledger):
    waived = Waived("old", "ops@example.com", NOON + HOUR)
    coverage = (
        Coverage(PLATFORM, "5ef3e324052581191aa6a466", "Web", Standing.TWICE, ("a", "b"), NOON, "2 flows.", waived),
        Coverage(PLATFORM, "6504a2f1abf9b128d3f90e5d", "", Standing.NEVER),
    )
    endings = (Ending(NOON, "flow-ending", "flow web-3h", "Flow Service", "web-3h", "", "lake", PLATFORM),)
    audit = begin(ledger)
    ledger.finish_audit(
        audit,
        status=ledger.read_audit(finish_other(ledger)).status,
        watched=[],
        files_read=0,
        files_reused=0,
        bytes_read=0,
        coverage=coverage,
        endings=endings,
    )
    told = ledger.read_audit(audit)
    assert (told.coverage, told.endings) == (coverage, endings)


def finish_other(ledger: Ledger) -> int:
    other = begin(ledger)
    finish(ledger, other, [])
    return other


numbers = st.none() | st.integers(0, 2**53)
counts = st.builds(Counts, numbers, numbers, numbers)
moments = st.none() | st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
texts = st.text(max_size=20)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    claim=st.builds(
        Claim,
        state=st.sampled_from(RunState),
        runs=st.lists(texts, max_size=3).map(tuple),
        read=counts,
        written=counts,
        started=moments,
        ended=moments,
        errors=st.lists(texts, max_size=3).map(tuple),
        reason=texts,
        new_batches=numbers,
    ),
    number=st.integers(0, 10**6),
)
def test_a_claim_comes_back_with_its_verdict(shared: Ledger, claim: Claim, number: int):
    said = verdict(number, flow=f"claims-{number}", claim=claim)
    audit = begin(shared)
    shared.record_verdicts(audit, [said], at=NOON)
    finish(shared, audit, [])
    assert shared.read_audit(audit).runs == (said,)
