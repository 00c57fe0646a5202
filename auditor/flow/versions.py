"""A flow with its connections, as Flow Service described it at one moment, in our words. Pure."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeVar

from adapters.base import inert
from adapters.experience_platform.types import BaseConnection, Flow, Schedule, SourceConnection, TargetConnection
from auditor import model
from auditor.flow.moments import from_s
from auditor.flow.specs import DATA_LAKE, TYPE_OF_CONNECTION_SPEC, TYPE_OF_FLOW_SPEC
from auditor.flow_model import FlowVersion, TargetPlace
from auditor.model import Compression, Dataset, FileFormat, Mode

Word = TypeVar("Word", FileFormat, Compression)
_UNITS: Final = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1)}
_ABFSS: Final = re.compile(r"abfss?://([^@/]+)@([^/]+)", re.IGNORECASE)


def is_dataset_export(flow: Flow, sources: Sequence[SourceConnection]) -> bool:
    """Whether `flow` exports datasets: not audiences or profiles (other flow specs), and no source that ingests."""
    if flow.flow_spec not in TYPE_OF_FLOW_SPEC or flow.is_destination is False:
        return False
    return any(source.connection_spec == DATA_LAKE or source.datasets for source in sources) or not sources


def read_version(
    platform: str,
    flow: Flow,
    sources: Sequence[SourceConnection],
    targets: Sequence[TargetConnection],
    bases: Mapping[str, BaseConnection],
) -> FlowVersion:
    """`flow` with what its connections say. What cannot be read of it stands in `problems`, one sentence each."""
    problems: list[str] = []
    schedule, mode = _read_schedule(flow.schedule, problems)
    target = targets[0] if targets else None
    if len(targets) != 1:
        problems.append(f"has {len(targets)} target connections; one is expected")
    datasets = {key: Dataset(key, inert(name)) for source in sources for key, name in source.datasets}
    if not datasets:
        problems.append("names no dataset in its source connections")
    params = target.params if target else {}
    changed_ms = max(filter(None, (flow.updated_ms, flow.operation_ms)), default=None)
    return FlowVersion(
        platform=platform,
        flow_id=flow.id,
        name=inert(flow.name),
        state=flow.state.lower(),
        datasets=tuple(datasets.values()),
        place=_read_place(flow, target, bases.get(target.base_connection) if target else None),
        schedule=schedule,
        mode=mode,
        format=_word(FileFormat, params.get("datasetFileType", ""), "datasetFileType", problems),
        compression=_word(Compression, params.get("compression", ""), "compression", problems),
        manifest=target.has_manifest if target else None,
        folder_template=flow.schedule.folder_template if flow.schedule else "",
        created=_moment(flow.created_ms, "createdAt", problems, unit=0.001),
        updated=_moment(changed_ms, "updatedAt", problems, unit=0.001),
        problems=tuple(problems),
    )


def _read_schedule(given: Schedule | None, problems: list[str]) -> tuple[model.Schedule | None, Mode]:
    """`scheduleParams` as a schedule. `interval` 0 with `day` means one full export, once (API page)."""
    is_full = given is not None and given.export_mode.upper() == "DAILY_FULL_EXPORT"
    mode = Mode.FULL if is_full else Mode.INCREMENTAL
    if given is None:
        problems.append("has no scheduleParams")
        return None, mode
    unit = _UNITS.get(given.time_unit.lower())
    if given.start_s is None or given.interval is None or given.interval < 0 or (unit is None and given.interval):
        problems.append(
            f"has a schedule that cannot be read: interval {given.interval}, timeUnit {inert(given.time_unit)[:20]!r}, "
            f"startTime {given.start_s}"
        )
        return None, mode
    start = _moment(given.start_s, "startTime", problems)
    end = _moment(given.end_s, "endTime", problems)
    if start is None or (given.end_s is not None and end is None):
        return None, mode
    if given.interval == 0 or unit is None:
        return model.Schedule(start=start, end=end, once=True), Mode.ONCE
    return model.Schedule(start=start, end=end, every=given.interval * unit), mode


def _read_place(flow: Flow, target: TargetConnection | None, base: BaseConnection | None) -> TargetPlace:
    kind = TYPE_OF_FLOW_SPEC.get(flow.flow_spec, "")
    if target is None:
        return TargetPlace(kind)
    kind = TYPE_OF_CONNECTION_SPEC.get(target.connection_spec, kind)
    params = target.params
    path = params.get("remotePath") or params.get("path") or params.get("folderPath") or ""
    bucket = params.get("bucketName") or params.get("container") or ""
    where = base.place if base else {}
    server = where.get("domain") or where.get("host") or ""
    if found := _ABFSS.match(where.get("url", "")):
        bucket, server = bucket or found[1], f"https://{found[2]}"
    return TargetPlace(kind, inert(bucket), inert(path), inert(server))


def _word(kind: type[Word], word: str, field: str, problems: list[str]) -> Word | None:
    if not word:
        return None
    try:
        return kind(word.lower())
    except ValueError:
        problems.append(f"has {field} {inert(word)[:20]!r}, which is not known here")
        return None


def _moment(given: int | None, field: str, problems: list[str], *, unit: float = 1.0) -> datetime | None:
    """`given` units since 1970 as a moment; `unit` in seconds."""
    if given is None:
        return None
    try:
        return from_s(given * unit)
    except ValueError:
        problems.append(f"has a {field} that is no moment: {given}")
        return None
