"""A small world that notices are written of: two flows, one ledger, and an incident of each code."""

import atexit
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from auditor.checks import CATALOGUE
from auditor.incident_model import Closing, EventKind, Incident, IncidentKey, IncidentState, Member, Signed
from auditor.incidents import Changes
from auditor.ledger import Ledger
from auditor.model import (
    Arrival,
    Care,
    Claim,
    Content,
    Counts,
    Dataset,
    DestinationFacts,
    Evidence,
    Finding,
    Flow,
    Level,
    RunKind,
    RunState,
    Schedule,
    Severity,
    Status,
    Verdict,
    Windows,
)
from auditor.settings import Config
from auditor.settings.alerts import Alerts
from auditor.settings.destinations import Destination
from auditor.settings.experience_platform import ExperiencePlatformFacts

H = timedelta(hours=1)
NOW = datetime(2026, 11, 25, 3, 10, tzinfo=UTC)
SOUND = datetime(2026, 11, 24, 15, tzinfo=UTC)
DUES = (SOUND + 3 * H, SOUND + 6 * H)
ONE = "5f1e0a3b9c7d4e2f8a6b0c1d"  # the dataset that an incident of one dataset is about
WEB = "web-3h"
LAKE = "lake-backup"
WINDOWS = {kind: Windows(H / 6, 2.5 * H, 6 * H, H / 4) for kind in RunKind}
DONE = Claim(RunState.SUCCEEDED, ("r",))
CARE = Care("dana@example.com", "web", (), "https://wiki.example.com/exports")
DATASETS = (
    Dataset(ONE, "Web events", CARE),
    *(Dataset(f"5f1e0a3b9c7d4e2f8a6b{n:04d}", f"Web {n:02d}", CARE) for n in range(1, 20)),
)
RUN_FAMILIES = {"arrival", "flow", "manifest", "file", "schema"}
OF_ALL = {"export-missing", "export-late", "protection-stale", "run-failed"}
"""Their examples are about all 20 datasets of the flow."""
FLOWLESS = {"unknown-dataset", "folder-malformed", "destination-empty", "mass-loss"}
NOTHING_CAME = OF_ALL | {"run-stuck", "run-without-export"}

EXAMPLES: Mapping[str, tuple[str, Evidence]] = {
    "export-missing": ("No export folder came before the deadline.", {"due": "2026-11-24T21:00:00Z"}),
    "export-late": (
        "No export folder has come yet; the grace is over, the deadline is not.",
        {"missing_after": "2026-11-25T06:00:00Z"},
    ),
    "protection-stale": (
        "No sound export since 2026-11-24 15:00 UTC; the limit is 12 h.",
        {"newest_sound": "2026-11-24T15:00:00Z", "age_hours": 12.2, "limit_hours": 12.0, "runs_since": 2},
    ),
    "export-stuck": (
        "The deadline is over and the upload is still not finished.",
        {"unfinished": ["part-00001.json.gz.tmp"], "count": 1, "changed_at": "2026-11-25T03:01:00Z"},
    ),
    "run-failed": ("The run failed in Experience Platform: DESTINATION-42: the bucket refuses writing.", {}),
    "record-count-mismatch": (
        "The run says that it wrote 60,216 records; the export holds 60,200.",
        {"claimed": 60216, "found": 60200},
    ),
    "file-truncated": (
        "The gzip file does not end with a gzip trailer.",
        {"bytes": 1048576, "decoded_bytes_claimed": 9437184},
    ),
    "file-corrupt": (
        "The stored checksum differs from the bytes.",
        {"kind": "crc32c", "expected": "9ae0daaf", "found": "1b2c3d4e"},
    ),
    "record-invalid": ("Line 812 is not one JSON object.", {"line": 812, "offset": 731204, "bad_lines": 1}),
    "manifest-file-missing": (
        "1 file listed in the manifest is not in the folder.",
        {"missing": ["part-00002.json.gz"], "missing_count": 1, "present_count": 2},
    ),
    "manifest-size-mismatch": (
        "1 file is of another size than the manifest says.",
        {"listed_bytes": 1048576, "stored_bytes": 524288},
    ),
    "flow-disabled": (
        "The flow is disabled in Experience Platform: it exports nothing.",
        {"experience_platform": "prod", "state": "disabled", "last_changed": "2026-11-24T16:02:00Z"},
    ),
    "protection-weakened": (
        "The flow runs every 24 h, before every 3 h.",
        {"experience_platform": "prod", "every_before": "3 h", "every_after": "24 h"},
    ),
    "flow-ended": ("The flow ended; nothing is due any more.", {"end": "2026-11-24T15:00:00Z"}),
    "flow-ending": (
        "The flow ends 2026-12-09 00:00 UTC, in 13 days.",
        {"ends": "2026-12-09T00:00:00Z", "days_left": 13, "sources": ["Flow Service: 2026-12-09 00:00 UTC"]},
    ),
    "credential-expiring": (
        "The shared access signature ends 2026-12-02 00:00 UTC, in 6 days.",
        {"ends": "2026-12-02T00:00:00Z", "days_left": 6, "source": "se= of the address"},
    ),
    "export-expiring": (
        "The newest sound export is removed 2026-11-27 15:00 UTC, in 2 days, and none follows it.",
        {"ends": "2026-11-27T15:00:00Z", "days_left": 2, "source": "retain: 7 days"},
    ),
    "dataset-unprotected": (
        "2 datasets of prod can be exported and were never in an enabled flow.",
        {"experience_platform": "prod", "count": 2, "datasets": ["Loyalty (65a0)", "Surveys (65a1)"]},
    ),
    "destination-unreachable": (
        "lake-backup: list exports/: no answer within 60 s.",
        {"place": "s3://lake-backup/exports", "operation": "list"},
    ),
    "access-denied": (
        "lake-backup: list exports/: AccessDenied; the right s3:ListBucket is missing.",
        {"place": "s3://lake-backup/exports", "right": "s3:ListBucket"},
    ),
    "credential-expired": ("lake-backup: list exports/: ExpiredToken.", {"place": "s3://lake-backup/exports"}),
    "flow-service-unreachable": (
        "prod: GET /flows: 503, also after 5 tries.",
        {"request": "GET /flows", "status": 503},
    ),
    "unknown-dataset": (
        "Exports of dataset 65a9 are in no flow of this configuration.",
        {"prefix": "exports/65a9/"},
    ),
    "folder-malformed": (
        "The folder name cannot be read: 20261399 is no date.",
        {"folders": ["exports/5f1e/exportTime=20261399/"], "folder_count": 1, "objects": 3},
    ),
    "export-deleted": (
        "2 files of this export are gone that lay there when it had come to rest.",
        {"files": ["part-00001.json.gz", "part-00002.json.gz"], "file_count": 2, "seen_at": "2026-11-25T00:00:00Z"},
    ),
    "export-changed": (
        "A file of this export is not as it was when it had come to rest.",
        {"files": ["part-00001.json.gz"], "size_before": 1048576, "size_now": 2048, "seen_at": "2026-11-25T00:00:00Z"},
    ),
    "mass-loss": (
        "1,204 of 48,113 known objects are gone (1,204) or changed (0): 602 exports of 3 datasets.",
        {
            "objects": 1204,
            "known_objects": 48113,
            "gone": 1204,
            "changed": 0,
            "datasets": ["Web events", "Web 01", "Web 02"],
            "last_seen_as_before": "2026-11-24T00:00:00Z",
            "recoverable_until": None,
            "recovery": "whether versions, soft delete or a replica keep them could not be read",
        },
    ),
    "notices-undelivered": (
        "The channel pager refused 3 notices: 403.",
        {"channel": "pager", "waiting": 3},
    ),
}


def codes_told() -> list[str]:
    """Every code that can become an incident."""
    return [code for code, entry in CATALOGUE.items() if entry.severity is not Severity.INFO]


def make_config(**changes: object) -> Config:
    def flow(name: str, datasets: tuple[Dataset, ...], every: timedelta) -> Flow:
        schedule = Schedule(start=SOUND - timedelta(days=100), every=every)
        return Flow(
            name, LAKE, datasets, (schedule,), windows=WINDOWS, care=CARE, experience_platform="prod", flow_id="f"
        )

    places = {LAKE: Destination(DestinationFacts(LAKE, retain=timedelta(days=7)), "s3", {}, f"s3://{LAKE}/exports")}
    flows = {WEB: flow(WEB, DATASETS, 3 * H), "crm-daily": flow("crm-daily", (Dataset("crm0", "CRM"),), 24 * H)}
    prod = ExperiencePlatformFacts.__new__(ExperiencePlatformFacts)
    config = Config(
        path=Path("/etc/export-auditor/auditor.yaml"),
        hash="0" * 64,
        ledger_url="sqlite://",
        destinations=places,
        flows=flows,
        experience_platform={"prod": prod},
        alerts=Alerts(zone="Europe/Berlin"),
    )
    return replace(config, **changes)  # type: ignore[arg-type]


def make_world(code: str, kind: EventKind = EventKind.OPENED) -> tuple[Ledger, list[Incident]]:
    """A ledger in which the runs stand as incidents of `code` want them, and the incidents of one notice."""
    ledger = Ledger.in_memory()
    runs = [*list_verdicts(code)]
    if kind in (EventKind.RECOVERED, EventKind.GAP):  # the next due time came right
        runs += [sound(WEB, one.id, DUES[-1] + 3 * H) for one in DATASETS]
    record(ledger, runs)
    keep(ledger, [make_incident("waiver-expired", f"earlier {n}", 0) for n in range(16)])
    opened = [make_incident(code, dataset, 0) for dataset in concerned_by(code)]
    first = [replace(one, members=one.members[:1], last_seen_at=one.opened_at) for one in opened]
    numbers = [one.number for one in keep(ledger, first)]
    opened = [one.kept_as(number) for one, number in zip(opened, numbers, strict=True)]
    keep(ledger, opened)
    now = [changed_for(one, kind) for one in opened]
    keep(ledger, now)
    return ledger, now


def record(ledger: Ledger, runs: Sequence[Verdict]) -> None:
    """What one audit says."""
    number = ledger.begin_audit(now=NOW, tool_version="1", config_hash="0", options={}, flows=[WEB, "crm-daily"])
    ledger.record_verdicts(number, runs, at=NOW)
    ledger.finish_audit(number, status=Status.FINDINGS, watched=(), files_read=0, files_reused=0, bytes_read=0)


def keep(ledger: Ledger, incidents: Sequence[Incident]) -> list[Incident]:
    return ledger.update_incidents_with(lambda _: Changes(incidents=tuple(incidents)))


@cache
def shared_world(code: str, kind: EventKind = EventKind.OPENED) -> tuple[Ledger, list[Incident]]:
    """The same, made once, for those who only read it."""
    ledger, incidents = make_world(code, kind)
    atexit.register(ledger.close)
    return ledger, incidents


def concerned_by(code: str) -> list[str]:
    return [one.id for one in DATASETS] if code in OF_ALL else [ONE]


def list_verdicts(code: str, hostile: str = "") -> Iterable[Verdict]:
    yield sound("crm-daily", "crm0", datetime(2026, 11, 25, tzinfo=UTC), claim=None)
    concerned = concerned_by(code)
    for dataset in DATASETS:
        yield sound(WEB, dataset.id, SOUND)
        for due in DUES:
            if dataset.id not in concerned:
                yield sound(WEB, dataset.id, due)
            elif code in NOTHING_CAME:
                yield absent(code, dataset.id, due, hostile)
            else:
                yield faulty(code, dataset.id, due, hostile)


def sound(flow: str, dataset: str, due: datetime, claim: Claim | None = DONE) -> Verdict:
    folder = f"exports/{dataset}/exportTime={due:%Y%m%d%H%M%S}/"
    return Verdict(
        flow,
        dataset,
        LAKE,
        due,
        Arrival.ON_TIME,
        Content.SOUND,
        Level.L3,
        due + H / 2,
        folder,
        3,
        60216,
        1,
        claim=claim,
    )


def absent(code: str, dataset: str, due: datetime, hostile: str = "") -> Verdict:
    states = {"run-failed": RunState.FAILED, "run-stuck": RunState.IN_PROGRESS, "export-late": RunState.IN_PROGRESS}
    state = states.get(code, RunState.SUCCEEDED)
    errors = (hostile or "DESTINATION-42: the bucket refuses writing",) if state is RunState.FAILED else ()
    written = Counts(records=30108) if state is RunState.SUCCEEDED else Counts()
    arrival = Arrival.LATE if code == "export-late" else Arrival.MISSING
    claim = Claim(state, (f"run-{due:%H}",), written=written, errors=errors)
    return Verdict(
        WEB,
        dataset,
        LAKE,
        due,
        arrival,
        Content.UNCHECKED,
        findings=findings_of(code, dataset, due, hostile),
        claim=claim,
    )


def faulty(code: str, dataset: str, due: datetime, hostile: str = "") -> Verdict:
    whole = sound(WEB, dataset, due)
    if due != DUES[-1] or CATALOGUE[code].family not in RUN_FAMILIES:
        return whole
    content = Content.DAMAGED if CATALOGUE[code].severity is Severity.ERROR else Content.SOUND
    content = Content.UNVERIFIABLE if code in ("file-unverifiable", "file-archived") else content
    level = Level.L3 if content is Content.SOUND else None
    return replace(whole, content=content, level=level, findings=findings_of(code, dataset, due, hostile))


def findings_of(code: str, dataset: str, due: datetime, hostile: str = "") -> tuple[Finding, ...]:
    message, evidence = example(code)
    family = CATALOGUE[code].family
    folder = f"exports/{dataset}/exportTime={due:%Y%m%d%H%M%S}/"
    key = folder + "part-00001.json.gz" if family == "file" else folder if family in ("manifest", "schema") else ""
    return (
        Finding(code, CATALOGUE[code].severity, message + hostile, LAKE, WEB, dataset, due, key + hostile, evidence),
    )


def example(code: str) -> tuple[str, Evidence]:
    return EXAMPLES.get(code, (CATALOGUE[code].meaning, {}))


def make_incident(code: str, dataset: str, number: int) -> Incident:
    entry = CATALOGUE[code]
    message, evidence = example(code)
    has_dues = entry.family in RUN_FAMILIES and code not in (
        "protection-stale",
        "export-unexpected",
        "export-duplicate",
    )
    dues = DUES if code in NOTHING_CAME else DUES[-1:]
    members = tuple(Member(due) for due in dues) if has_dues else ()
    if code in ("export-unexpected", "export-duplicate"):
        members = (Member(None, f"exports/{dataset}/exportTime=20261124171500/"),)
    since = {"export-late": DUES[1] + 2.5 * H, "protection-stale": SOUND + 12 * H}.get(code, DUES[0] + 6 * H)
    return Incident(
        key=key_of(code, dataset),
        severity=entry.severity,
        opened_at=since + H / 12,
        since=since,
        last_seen_at=NOW,
        number=number,
        members=members,
        message=message,
        evidence=evidence,
    )


def key_of(code: str, dataset: str) -> IncidentKey:
    family = CATALOGUE[code].family
    if code == "flow-service-unreachable":
        return IncidentKey(code, destination="prod")
    if family == "access" or code in ("credential-expiring", *FLOWLESS):
        return IncidentKey(code, dataset="65a9" if code == "unknown-dataset" else "", destination=LAKE)
    if code in ("waiver-expired", "notices-undelivered", "dataset-unprotected"):
        return IncidentKey(code, dataset=dataset if dataset.startswith("earlier") else "")
    if family == "protection" and code != "export-expiring":
        return IncidentKey(code, WEB, "", LAKE)
    return IncidentKey(code, WEB, dataset, LAKE)


def changed_for(incident: Incident, kind: EventKind) -> Incident:
    """As it would stand when an event of `kind` is told."""
    closed = replace(incident, state=IncidentState.CLOSED, closed_at=NOW, members=())
    if kind is EventKind.GAP:
        return replace(closed, closing=Closing.NEXT_RIGHT, gaps=incident.members)
    if kind is EventKind.REMINDER and incident.key.code == "credential-expired":
        return replace(incident, acknowledged=Signed("dana", NOW - H, "the new key comes at noon"))
    if kind is not EventKind.RECOVERED:
        return incident
    if incident.key.code in ("export-missing", "run-failed"):
        return replace(closed, closing=Closing.NEXT_RIGHT, gaps=incident.members[:1])
    if incident.key.code == "schema-changed":
        return replace(closed, closing=Closing.ACCEPTED, accepted=Signed("dana", NOW, "the new field group is meant"))
    return replace(closed, closing=Closing.RECOVERED)
