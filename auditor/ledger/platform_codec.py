"""Claims, run records, versions of flows, coverage and what ends as JSON values and back, equal to what they were."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from auditor.flow_model import DatasetCounts, FlowVersion, RunRecord, TargetPlace
from auditor.ledger.codec import dump_waived, load_waived
from auditor.ledger.types import from_text, to_text
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
)

Json = dict[str, Any]


def dump_claim(claim: Claim | None) -> Json | None:
    if claim is None:
        return None
    return {
        "state": claim.state.value,
        "runs": list(claim.runs),
        "read": _dump_counts(claim.read),
        "written": _dump_counts(claim.written),
        "started": _moment(claim.started),
        "ended": _moment(claim.ended),
        "errors": list(claim.errors),
        "reason": claim.reason,
        "new_batches": claim.new_batches,
    }


def load_claim(value: Mapping[str, Any] | None) -> Claim | None:
    if value is None:
        return None
    return Claim(
        state=RunState(value["state"]),
        runs=tuple(value["runs"]),
        read=_load_counts(value["read"]),
        written=_load_counts(value["written"]),
        started=_read_moment(value["started"]),
        ended=_read_moment(value["ended"]),
        errors=tuple(value["errors"]),
        reason=value["reason"],
        new_batches=value["new_batches"],
    )


def dump_run(run: RunRecord) -> Json:
    return {
        "id": run.id,
        "flow_id": run.flow_id,
        "state": run.state.value,
        "word": run.word,
        "created": to_text(run.created),
        "started": _moment(run.started),
        "ended": _moment(run.ended),
        "read": _dump_counts(run.read),
        "written": _dump_counts(run.written),
        "datasets": {
            dataset: [_dump_counts(counts.read), _dump_counts(counts.written)]
            for dataset, counts in run.datasets.items()
        },
        "errors": list(run.errors),
    }


def load_run(value: Mapping[str, Any]) -> RunRecord:
    return RunRecord(
        id=value["id"],
        flow_id=value["flow_id"],
        state=RunState(value["state"]),
        word=value["word"],
        created=from_text(value["created"]),
        started=_read_moment(value["started"]),
        ended=_read_moment(value["ended"]),
        read=_load_counts(value["read"]),
        written=_load_counts(value["written"]),
        datasets={
            dataset: DatasetCounts(_load_counts(read), _load_counts(written))
            for dataset, (read, written) in value["datasets"].items()
        },
        errors=tuple(value["errors"]),
    )


def dump_version(version: FlowVersion) -> Json:
    """Care is the configuration's, not Adobe's: it is not part of a version."""
    return {
        "platform": version.platform,
        "flow_id": version.flow_id,
        "name": version.name,
        "state": version.state,
        "datasets": [[dataset.id, dataset.name] for dataset in version.datasets],
        "place": asdict(version.place),
        "schedule": _dump_schedule(version.schedule),
        "mode": version.mode.value,
        "format": version.format.value if version.format else None,
        "compression": version.compression.value if version.compression else None,
        "manifest": version.manifest,
        "folder_template": version.folder_template,
        "created": _moment(version.created),
        "updated": _moment(version.updated),
        "problems": list(version.problems),
    }


def load_version(value: Mapping[str, Any]) -> FlowVersion:
    return FlowVersion(
        platform=value["platform"],
        flow_id=value["flow_id"],
        name=value["name"],
        state=value["state"],
        datasets=tuple(Dataset(dataset, name) for dataset, name in value["datasets"]),
        place=TargetPlace(**value["place"]),
        schedule=_load_schedule(value["schedule"]),
        mode=Mode(value["mode"]),
        format=FileFormat(value["format"]) if value["format"] else None,
        compression=Compression(value["compression"]) if value["compression"] else None,
        manifest=value["manifest"],
        folder_template=value["folder_template"],
        created=_read_moment(value["created"]),
        updated=_read_moment(value["updated"]),
        problems=tuple(value["problems"]),
    )


def dump_coverage(lines: Iterable[Coverage]) -> list[Json]:
    return [
        {
            "platform": line.platform,
            "dataset": line.dataset,
            "name": line.name,
            "standing": line.standing.value,
            "flows": list(line.flows),
            "newest_sound": _moment(line.newest_sound),
            "reason": line.reason,
            "waived": dump_waived(line.waived),
        }
        for line in lines
    ]


def load_coverage(value: Iterable[Mapping[str, Any]]) -> tuple[Coverage, ...]:
    return tuple(
        Coverage(
            **{
                **line,
                "standing": Standing(line["standing"]),
                "flows": tuple(line["flows"]),
                "newest_sound": _read_moment(line["newest_sound"]),
                "waived": load_waived(line["waived"]),
            }
        )
        for line in value
    )


def dump_endings(endings: Iterable[Ending]) -> list[Json]:
    return [{**asdict(ending), "when": to_text(ending.when)} for ending in endings]


def load_endings(value: Iterable[Mapping[str, Any]]) -> tuple[Ending, ...]:
    return tuple(Ending(**{**ending, "when": from_text(ending["when"])}) for ending in value)


def _dump_schedule(schedule: Schedule | None) -> Json | None:
    """What Flow Service can say of a schedule; cron, zone and exclusions are the configuration's alone."""
    if schedule is None:
        return None
    return {
        "start": to_text(schedule.start),
        "end": _moment(schedule.end),
        "every_s": schedule.every.total_seconds() if schedule.every else None,
        "once": schedule.once,
    }


def _load_schedule(value: Mapping[str, Any] | None) -> Schedule | None:
    if value is None:
        return None
    every = timedelta(seconds=value["every_s"]) if value["every_s"] is not None else None
    return Schedule(from_text(value["start"]), _read_moment(value["end"]), every=every, once=value["once"])


def _dump_counts(counts: Counts) -> list[int | None]:
    return [counts.records, counts.files, counts.bytes]


def _load_counts(value: list[int | None]) -> Counts:
    return Counts(*value)


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else to_text(moment)


def _read_moment(text: str | None) -> datetime | None:
    return None if text is None else from_text(text)
