"""Audits of many runs, made fast: what a page must bear."""

from datetime import UTC, datetime, timedelta

from auditor.model import (
    Arrival,
    AuditResult,
    Content,
    Finding,
    Level,
    Severity,
    Status,
    Unverifiable,
    Verdict,
    Watched,
)

START = datetime(2026, 6, 1, tzinfo=UTC)


def make_many(datasets: int, runs_each: int, every: timedelta = timedelta(hours=3)) -> AuditResult:
    """`datasets` over six flows; every third has now and then something wrong, one cannot be looked at."""
    runs: list[Verdict] = []
    findings: list[Finding] = []
    doubts: list[Unverifiable] = []
    for number in range(datasets):
        for turn in range(runs_each):
            run = _make_run(f"flow-{number % 6}", f"{number:024x}", START + every * turn, number, turn)
            runs.append(run)
            findings += run.findings
            doubts += run.unverifiable
    return AuditResult(
        now=START + every * runs_each,
        watched_from=START,
        status=Status.FINDINGS,
        runs=tuple(runs),
        findings=tuple(findings),
        unverifiable=tuple(doubts),
        watched=tuple(Watched(f"flow-{number}", START) for number in range(6)),
        files_read=datasets * runs_each * 3,
        bytes_read=datasets * runs_each * 4_000_000,
        names={f"{number:024x}": f"Dataset number {number}" for number in range(datasets)},
    )


def _make_run(flow: str, dataset: str, due: datetime, number: int, turn: int) -> Verdict:
    folder = f"backups/{dataset}/exportTime={due:%Y%m%d%H%M}/"
    here = (due + timedelta(minutes=9), folder, 3, 1000, 4_000_000)
    if number % 3 == 0 and turn % 97 == 13:
        found = Finding(
            "export-missing", Severity.ERROR, "No folder came.", "lake", flow, dataset, due, "", {"n": turn}
        )
        return Verdict(flow, dataset, "lake", due, Arrival.MISSING, Content.UNCHECKED, findings=(found,))
    if number % 3 == 0 and turn % 89 == 7:
        cut = Finding(
            "file-truncated", Severity.ERROR, "It is cut.", "lake", flow, dataset, due, f"{folder}part-0.json.gz"
        )
        return Verdict(flow, dataset, "lake", due, Arrival.ON_TIME, Content.DAMAGED, None, *here, findings=(cut,))
    if number == 4:
        doubt = Unverifiable(f"{folder}part-0.json.gz", "no right to read", "lake", flow, dataset, due)
        return Verdict(
            flow, dataset, "lake", due, Arrival.ON_TIME, Content.UNVERIFIABLE, None, *here, unverifiable=(doubt,)
        )
    arrival = Arrival.LATE if (number + turn) % 41 == 0 else Arrival.ON_TIME
    return Verdict(flow, dataset, "lake", due, arrival, Content.SOUND, Level.L3, *here, unprotected=number % 2)
