"""One fixed audit with every kind of answer in it: what the golden files show."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from auditor.model import (
    Arrival,
    AuditResult,
    Claim,
    Content,
    Counts,
    Coverage,
    Ending,
    Evidence,
    Finding,
    Level,
    RunState,
    Severity,
    Standing,
    Status,
    Unverifiable,
    Verdict,
    Waived,
    Watched,
)

EVENTS = "5ef3e324052581191aa6a466"
PROFILES = "5ef3e324052581191aa6a467"
ORDERS = "62a1b7c0d4e5f60718293a4b"
START = datetime(2026, 10, 1, tzinfo=UTC)
NOW = datetime(2026, 10, 15, 9, 30, tzinfo=UTC)
NAMES = {EVENTS: "Web events", PROFILES: "Kundenprofile (größte)"}
PART = "part-00002-tid-4427841245237512843-1c2d9c4e-2a5b-4c06-9dc3-8a9be0f2a611-210-1-c000.json.gz"
HERE = (Arrival.ON_TIME, Arrival.EARLY, Arrival.LATE, Arrival.ARRIVING)


def run(flow: str, dataset: str, due: datetime, arrival: Arrival, content: Content) -> Verdict:
    """A run whose folder and arrival follow from its answers."""
    level = Level.L3 if content is Content.SOUND else None
    if arrival not in HERE:
        return Verdict(flow, dataset, "lake-backup", due, arrival, content, level)
    folder = f"backups/{dataset}/exportTime={due:%Y%m%d%H%M}/"
    arrived_at = due + timedelta(minutes=7)
    return Verdict(flow, dataset, "lake-backup", due, arrival, content, level, arrived_at, folder, 3, 812, 41_204)


def found(code: str, severity: Severity, about: Verdict, message: str, evidence: Evidence, key: str = "") -> Finding:
    """A finding about the run `about`."""
    return Finding(code, severity, message, about.destination, about.flow, about.dataset, about.due, key, evidence)


def _web() -> tuple[list[Verdict], list[Finding]]:
    """Every three hours: one export of the events cut, one of the profiles missing, the newest not here yet."""
    dues = [START + timedelta(hours=3 * number) for number in range(116)]
    events = [run("web-3h", EVENTS, due, Arrival.ON_TIME, Content.SOUND) for due in dues]
    profiles = [run("web-3h", PROFILES, due, Arrival.ON_TIME, Content.SOUND) for due in dues]
    events[-1] = run("web-3h", EVENTS, dues[-1], Arrival.PENDING, Content.UNCHECKED)
    events[40] = run("web-3h", EVENTS, dues[40], Arrival.ON_TIME, Content.DAMAGED)
    profiles[-2] = run("web-3h", PROFILES, dues[-2], Arrival.MISSING, Content.UNCHECKED)
    profiles[-1] = Verdict("web-3h", PROFILES, "lake-backup", dues[-1], Arrival.LATE, Content.UNCHECKED)
    read: Evidence = {"listed_bytes": 8192, "read_bytes": 8192, "decoder": "zlib 1.3.1", "second_read": "same"}
    cut = found(
        "file-truncated",
        Severity.ERROR,
        events[40],
        "The gzip stream ends before its trailer.",
        read,
        events[40].folder + PART,
    )
    missing = found(
        "export-missing",
        Severity.ERROR,
        profiles[-2],
        "No export folder came by 2026-10-15 12:00Z.",
        {"missing_after": "2026-10-15T12:00:00Z"},
    )
    return [*events, *profiles], [missing, cut]


def _orders() -> tuple[list[Verdict], list[Finding], Unverifiable]:
    """Daily: now and then late, and the newest cannot be read."""
    dues = [START + timedelta(days=day, hours=2) for day in range(14)]
    arrivals = [Arrival.LATE if number % 5 == 4 else Arrival.ON_TIME for number in range(14)]
    runs = [
        run("orders-daily", ORDERS, due, arrival, Content.SOUND) for due, arrival in zip(dues, arrivals, strict=True)
    ]
    runs[-1] = run("orders-daily", ORDERS, dues[-1], Arrival.ON_TIME, Content.UNVERIFIABLE)
    late = [
        found("export-late", Severity.WARNING, late, "Arrived after its grace.", {"grace": "4h"})
        for late in runs
        if late.arrival is Arrival.LATE
    ]
    denied = Unverifiable(
        f"{runs[-1].folder}part-00000.parquet",
        "no right to read (s3:GetObject)",
        "lake-backup",
        "orders-daily",
        ORDERS,
        dues[-1],
    )
    return runs, late, denied


def _build() -> AuditResult:
    web, web_findings = _web()
    orders, late, denied = _orders()
    folder = f"backups/{EVENTS}/exportTime=20261014101112/"
    unasked = Verdict(
        "web-3h", EVENTS, "lake-backup", None, Arrival.UNEXPECTED, Content.SOUND, Level.L3, NOW, folder, 1, 4, 900
    )
    extra = found("export-unexpected", Severity.WARNING, unasked, "No schedule asked for this export.", {}, folder)
    return AuditResult(
        now=NOW,
        watched_from=START,
        status=Status.FINDINGS,
        runs=(*web, *orders, unasked),
        findings=(*web_findings, *late, extra),
        unverifiable=(denied,),
        watched=(Watched("web-3h", START), Watched("orders-daily", START), Watched("spring-sale", NOW)),
        files_read=641,
        files_reused=12_004,
        bytes_read=3_141_592_653,
        names=NAMES,
    )


def _claim(state: RunState, records: int | None, number: int) -> Claim:
    started = NOW - timedelta(hours=number)
    written = Counts(records, 3 if records else None, None)
    return Claim(state, (f"run-{number}",), Counts(records), written, started, started + timedelta(minutes=6))


def _with_claim(number: int, about: Verdict) -> Verdict:
    """Every twentieth fails, one says another number, some give none; those not due yet have no run."""
    if about.due is None or about.flow != "web-3h":
        return about
    if about.arrival is Arrival.PENDING or not about.folder:
        return replace(about, claim=Claim(RunState.NONE))
    if number % 20 == 19:
        failed = replace(_claim(RunState.FAILED, None, number), errors=("CONNECTOR-2001 The bucket refused it",))
        return replace(about, claim=failed)
    if number == 5:
        other = found("record-count-mismatch", Severity.WARNING, about, "812 found, 900 claimed.", {"claimed": 900})
        return replace(about, claim=_claim(RunState.SUCCEEDED, 900, number), findings=(other,))
    return replace(about, claim=_claim(RunState.SUCCEEDED, 812 if number % 7 else None, number))


def _build_claimed() -> AuditResult:
    """The same audit, held against Experience Platform: claims, coverage, and what ends."""
    waived = Waived("test data", "jo@example.com", NOW + timedelta(days=30))

    def line(name: str, standing: Standing, reason: str = "", flows: tuple[str, ...] = (), **changes: Any) -> Coverage:
        return Coverage("prod", f"{len(name):024x}", name, standing, flows, reason=reason, **changes)

    coverage = (
        Coverage("prod", EVENTS, "Web events", Standing.PROTECTED, ("Web backup",), NOW - timedelta(hours=3)),
        line("Returns", Standing.NO_LONGER, "Flow Web backup is disabled.", ("Web backup",)),
        line("Consent log", Standing.NEVER, "No flow exports it."),
        line("Sandbox copy", Standing.NEVER, "No flow exports it.", waived=waived),
        line("New dataset", Standing.UNKNOWN, "Its first export is due 2026-10-16 00:00 UTC.", ("Web backup",)),
        line("Identities", Standing.TWICE, "2 flows export it.", ("Web backup", "Old backup"), newest_sound=START),
        line("Bookings", Standing.NOTHING_SOUND, "A flow runs, and nothing sound has landed.", ("Old backup",)),
    )
    read = "endTime of the flow in prod, read 2026-10-15 09:30 UTC"
    endings = (
        Ending(
            NOW - timedelta(days=9), "flow-disabled", "Old backup", "state disabled of the flow in prod", "", "", ""
        ),
        Ending(
            NOW + timedelta(hours=30), "credential-expiring", "sas_token of lake", "se= of the token", "", "", "lake"
        ),
        Ending(NOW + timedelta(days=12), "flow-ending", "Web backup", read, "web-3h", "", "lake-backup", "prod"),
        Ending(NOW + timedelta(days=90), "flow-ending", "Orders", read, "orders-daily", "", "lake-backup", "prod"),
    )
    runs = tuple(_with_claim(number, run) for number, run in enumerate(EXAMPLE.runs))
    differing = tuple(finding for run in runs for finding in run.findings)
    findings = (*EXAMPLE.findings, *differing)
    return replace(EXAMPLE, runs=runs, findings=findings, coverage=coverage, endings=endings)


EXAMPLE = _build()
CLAIMED = _build_claimed()
