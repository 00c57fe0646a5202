"""Small things to record, and any things to record."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hypothesis import strategies as st

from adapters.base import ObjectInfo
from auditor.ledger import Ledger
from auditor.model import (
    Arrival,
    ChangeKind,
    Compression,
    Content,
    ExpectedRun,
    ExportFolder,
    Fault,
    FileChange,
    FileCheck,
    FileFormat,
    Finding,
    Level,
    Manifest,
    ManifestEntry,
    RunKey,
    RunKind,
    Severity,
    Status,
    StoredFile,
    Unverifiable,
    Verdict,
    Waived,
    Watched,
)
from auditor.scan import Listing
from auditor.scan.earlier import Recorder

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
FLOW, DATASET, PLACE = "web-3h", "5ef3e324052581191aa6a466", "lake"


def file(key: str = "b/d/exportTime=202610011200/part-0.json.gz", size: int = 10, version: str = "v1") -> StoredFile:
    return StoredFile(key, size, NOON, version)


def check(key: str, content: Content = Content.SOUND, level: Level = Level.L3) -> FileCheck:
    return FileCheck(key, content, level, FileFormat.JSON, Compression.GZIP, 3, 10)


def folder(hour: int = 0, files: Sequence[StoredFile] = (), manifests: Sequence[StoredFile] = ()) -> ExportFolder:
    return ExportFolder(PLACE, prefix(hour), DATASET, NOON + hour * HOUR, tuple(files), tuple(manifests))


def changed(before: StoredFile, at: datetime = NOON, **more: Any) -> FileChange:
    """A file that became another size, or, with `kind` deleted and `after` None, went away."""
    told = {"kind": ChangeKind.CHANGED, "after": replace(before, size=before.size + 1, version="v2"), **more}
    return FileChange(PLACE, DATASET, prefix(0), NOON, told.pop("kind"), before, told.pop("after"), NOON, at, **told)


def prefix(hour: int = 0) -> str:
    return f"b/{DATASET}/exportTime={NOON + hour * HOUR:%Y%m%d%H%M}/"


def run(hour: int = 0, grace: timedelta = HOUR) -> ExpectedRun:
    due = NOON + hour * HOUR
    key = RunKey(FLOW, DATASET, PLACE, due)
    return ExpectedRun(key, RunKind.FREQUENT, due - HOUR, due + grace, due + 6 * HOUR, timedelta(minutes=15))


def listing_of(files: Iterable[StoredFile], **more: Any) -> Listing:
    """All of the dataset's prefix, packed as a scan packs it, or what is given of it."""
    recorder = Recorder()
    for one in files:
        recorder.add(ObjectInfo(one.key, one.size, one.modified, one.version, archived=one.archived))
    return Listing(f"b/{DATASET}/", parts=recorder.parts(), **more)


def verdict(hour: int = 0, arrival: Arrival = Arrival.ON_TIME, flow: str = FLOW, **more: object) -> Verdict:
    facts = {"content": Content.SOUND, "level": Level.L3, "folder": prefix(hour), "files": 1, **more}
    return Verdict(flow, DATASET, PLACE, NOON + hour * HOUR, arrival, **facts)  # type: ignore[arg-type]


def unexpected(hour: int = 0, flow: str = FLOW) -> Verdict:
    return Verdict(flow, DATASET, PLACE, None, Arrival.UNEXPECTED, Content.UNCHECKED, folder=prefix(hour))


def begin(ledger: Ledger, now: datetime = NOON, **options: object) -> int:
    return ledger.begin_audit(now=now, tool_version="0.1.0", config_hash="abc", options=options)


def finish(ledger: Ledger, audit: int, watched: Sequence[Watched] = ()) -> None:
    ledger.finish_audit(audit, status=Status.GOOD, watched=watched, files_read=1, files_reused=2, bytes_read=3)


def audit_of(ledger: Ledger, said: Iterable[Verdict], now: datetime = NOON, **options: object) -> int:
    """A whole audit that says this."""
    audit = begin(ledger, now, **options)
    ledger.record_verdicts(audit, said, at=now)
    finish(ledger, audit)
    return audit


# --- anything ----------------------------------------------------------------------------------

texts = st.text(st.characters(exclude_categories=()), max_size=12)  # lone surrogates and NUL as well
offsets = st.builds(timezone, st.integers(-14 * 60, 14 * 60).map(lambda m: timedelta(minutes=m)))
moments = st.datetimes(datetime(1950, 1, 1), datetime(2150, 1, 1), timezones=offsets)  # noqa: DTZ001
counts = st.integers(0, 2**62)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts
evidence = st.dictionaries(texts, scalars | st.lists(scalars, max_size=3), max_size=3)
stored_files = st.builds(StoredFile, texts, counts, moments, texts, st.booleans())
faults = st.builds(Fault, texts, texts, evidence)
file_checks = st.builds(
    FileCheck,
    texts,
    st.sampled_from(Content),
    st.sampled_from(Level),
    st.none() | st.sampled_from(FileFormat),
    st.none() | st.sampled_from(Compression),
    st.none() | counts,
    counts,
    st.lists(faults, max_size=2).map(tuple),
    texts,
    texts,
    texts,
    evidence,
)
entries = st.builds(ManifestEntry, texts, texts, st.none() | counts)
manifests = st.builds(
    Manifest, stored_files, texts, st.none() | moments, st.lists(entries, max_size=3).map(tuple), texts, st.just("")
)
dues = st.none() | moments
findings = st.builds(
    Finding,
    texts,
    st.sampled_from(Severity),
    texts,
    texts,
    texts,
    texts,
    dues,
    key=texts,
    evidence=evidence,
    waived=st.none() | st.builds(Waived, texts, texts, moments),
)
unverifiables = st.builds(Unverifiable, texts, texts, texts, texts, texts, dues)
verdicts = st.builds(
    Verdict,
    texts,
    texts,
    texts,
    dues,
    st.sampled_from(Arrival),
    st.sampled_from(Content),
    st.none() | st.sampled_from(Level),
    dues,
    texts,
    counts,
    st.none() | counts,
    counts,
    counts,  # unprotected
    st.lists(findings, max_size=2).map(tuple),
    st.lists(unverifiables, max_size=2).map(tuple),
)
watches = st.builds(Watched, texts, moments)
