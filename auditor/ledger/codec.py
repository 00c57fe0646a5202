"""Findings, faults, manifests and the like as JSON values and back, equal to what they were."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from auditor.ledger.types import from_text, to_text
from auditor.model import (
    Fault,
    Finding,
    Look,
    Manifest,
    ManifestEntry,
    Severity,
    StoredFile,
    Unverifiable,
    Waived,
    Watched,
)

__all__ = [
    "dump_faults",
    "dump_finding",
    "dump_looks",
    "dump_manifest",
    "dump_unverifiable",
    "dump_waived",
    "dump_watched",
    "load_faults",
    "load_finding",
    "load_looks",
    "load_manifest",
    "load_unverifiable",
    "load_waived",
    "load_watched",
]

Json = dict[str, Any]


def dump_finding(finding: Finding) -> Json:
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "message": finding.message,
        "destination": finding.destination,
        "flow": finding.flow,
        "dataset": finding.dataset,
        "due": _moment(finding.due),
        "key": finding.key,
        "evidence": dict(finding.evidence),
        "waived": dump_waived(finding.waived),
    }


def load_finding(value: Mapping[str, Any]) -> Finding:
    told = {
        "severity": Severity(value["severity"]),
        "due": _read_moment(value["due"]),
        "waived": load_waived(value["waived"]),
    }
    return Finding(**{**value, **told})


def dump_waived(waived: Waived | None) -> Json | None:
    if waived is None:
        return None
    return {"reason": waived.reason, "by": waived.by, "until": to_text(waived.until)}


def load_waived(value: Mapping[str, Any] | None) -> Waived | None:
    return Waived(value["reason"], value["by"], from_text(value["until"])) if value else None


def dump_unverifiable(item: Unverifiable) -> Json:
    return {
        "subject": item.subject,
        "reason": item.reason,
        "destination": item.destination,
        "flow": item.flow,
        "dataset": item.dataset,
        "due": _moment(item.due),
    }


def load_unverifiable(value: Mapping[str, Any]) -> Unverifiable:
    return Unverifiable(**{**value, "due": _read_moment(value["due"])})


def dump_faults(faults: Iterable[Fault]) -> list[Json]:
    return [{"code": f.code, "message": f.message, "evidence": dict(f.evidence)} for f in faults]


def load_faults(value: Iterable[Mapping[str, Any]] | None) -> tuple[Fault, ...]:
    return tuple(Fault(**fault) for fault in value or ())


def dump_manifest(manifest: Manifest) -> Json:
    return {
        "run_id": manifest.run_id,
        "scheduled_time": _moment(manifest.scheduled_time),
        "entries": [[e.sink_path, e.name, e.size] for e in manifest.entries],
        "problem": manifest.problem,
    }


def load_manifest(file: StoredFile, value: Mapping[str, Any]) -> Manifest:
    return Manifest(
        file=file,
        run_id=value["run_id"],
        scheduled_time=_read_moment(value["scheduled_time"]),
        entries=tuple(ManifestEntry(*entry) for entry in value["entries"]),
        problem=value["problem"],
    )


def dump_watched(watched: Iterable[Watched]) -> list[list[str]]:
    return [[w.flow, to_text(w.since)] for w in watched]


def load_watched(value: Iterable[Iterable[str]]) -> tuple[Watched, ...]:
    return tuple(Watched(flow, from_text(since)) for flow, since in value)


def dump_looks(looks: Iterable[Look]) -> list[list[str | None]]:
    return [[look.destination, look.dataset, _moment(look.fully_at)] for look in looks]


def load_looks(value: Iterable[Sequence[str | None]]) -> tuple[Look, ...]:
    return tuple(Look(str(where), str(dataset), _read_moment(at)) for where, dataset, at in value)


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else to_text(moment)


def _read_moment(text: str | None) -> datetime | None:
    return None if text is None else from_text(text)
