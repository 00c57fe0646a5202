"""The keys of a flow and of the defaults, with what they mean. Checked here; put together elsewhere."""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator

from auditor.settings.fields import (
    ArrivalWord,
    AssuranceLevel,
    CompressionWord,
    Cron,
    Day,
    DayOrInstant,
    Duration,
    EmptyRunsWord,
    EncryptionWord,
    Every,
    FormatWord,
    Instant,
    ModeWord,
    Patterns,
    PositiveDuration,
    Section,
    SeverityWord,
    Text,
    Tolerance,
    YesNo,
    Zone,
    key,
    needed,
    one_value,
    plain_text,
)
from auditor.settings.problems import quoted
from auditor.settings.template import parse_template

_DATASET_ID = re.compile(r"[0-9a-z]{24}", re.ASCII)
_FLOW_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)


def _dataset_id(given: Any) -> Any:
    if not isinstance(given, str):
        raise ValueError(one_value(given))
    if _DATASET_ID.fullmatch(given):
        return given
    if _DATASET_ID.fullmatch(given.strip().lower()):
        raise ValueError(f"{quoted(given)} is no dataset id; write it in lower case: {given.strip().lower()}")
    raise ValueError(
        f"{quoted(given)} is no dataset id (24 digits and lower-case letters, here {len(given)} characters); "
        "copy it from the dataset's page in Experience Platform"
    )


def _flow_id(given: Any) -> Any:
    if not isinstance(given, str):
        raise ValueError(one_value(given))
    if _FLOW_ID.fullmatch(lower := given.strip().lower()):
        return lower
    raise ValueError(
        f"{quoted(given)} is no id of a dataflow (such as 4f2c9a51-7d3e-4b6a-9c1f-0a8e5d2b7c33); copy it from the "
        "address of the dataflow's page in Experience Platform"
    )


def _day_or_span(given: Any) -> Any:
    return [{"day": item} if isinstance(item, str) else item for item in given] if isinstance(given, list) else given


def _id_or_mapping(given: Any) -> Any:
    return [{"id": item} if isinstance(item, str) else item for item in given] if isinstance(given, list) else given


def _template(given: Any) -> Any:
    if isinstance(given, str):
        return parse_template(plain_text(given))
    raise ValueError(one_value(given))


def _tags(given: Any) -> Any:
    if isinstance(given, list):
        if any(isinstance(item, str) and not item.strip() for item in given):
            raise ValueError("has an empty tag; write words, as in [gdpr, finance]")
        return list(dict.fromkeys(given)) if all(isinstance(item, str) for item in given) else given
    return given


Tags = Annotated[list[Text], BeforeValidator(_tags)]
Severities = dict[str, Text]  # finding code -> level; read by `auditor.settings.severities`


class ExclusionSection(Section):
    """A day, or a span, in which no export is due."""

    day: Day | None = key("A whole day in the schedule's zone.", example="2026-12-25")
    start: DayOrInstant | None = key("First moment (or whole day) without exports.", example="2026-12-24", alias="from")
    end: DayOrInstant | None = key(
        "First moment with exports again; a date means: that whole day is still without.",
        example="2026-12-26",
        alias="to",
    )


class ScheduleSection(Section):
    """When exports are due. Exactly one of `every` and `cron`."""

    every: Every | None = key(
        "Elapsed time between due times, counted from `start`; or `once`.", default="–", example="3h"
    )
    cron: Cron | None = key("Due times as five cron fields, read in `zone`.", default="–", example='"30 2 * * *"')
    zone: Zone = key(
        "IANA time zone of `cron` and of the dates in `except`.", default="UTC", example="Europe/Berlin", given="UTC"
    )
    start: Instant = needed("First due time, with its zone.", example="2026-10-01T00:00:00Z")
    end: Instant | None = key(
        "Last moment at which a run may be due; a run due then is expected.",
        default="no end",
        example="2027-04-01T00:00:00Z",
    )
    exclusions: Annotated[list[ExclusionSection], BeforeValidator(_day_or_span)] = key(
        "Days and spans without exports.",
        default="none",
        example="[2026-12-25, {from: 2026-12-31T12:00:00Z, to: 2027-01-01T12:00:00Z}]",
        alias="except",
        given=[],
    )


class FirstRunSection(Section):
    """The windows of the first run of an incremental dataset (its backfill)."""

    grace: Duration | None = key("Its own `grace`.", default="24h, unless `grace` is set", example="24h")
    deadline: Duration | None = key("Its own `deadline`.", default="72h, unless `deadline` is set", example="72h")


class DefaultsSection(Section):
    """What holds for every flow that does not say otherwise. Absent keys: the defaults by kind of run."""

    early: Duration | None = key(
        "An export up to this long before its due time still belongs to it.", default="10m", example="10m"
    )
    grace: Duration | None = key(
        "An export is on time until due + `grace`.", default="150m; daily or rarer: 4h", example="150m"
    )
    deadline: Duration | None = key(
        "No export until due + `deadline`: `export-missing`.", default="6h; daily or rarer: 12h", example="6h"
    )
    settle: Duration | None = key(
        "An export folder is judged once nothing changed in it for this long.",
        default="15m; daily or rarer: 30m; backfill: 60m",
        example="15m",
    )
    first_run: FirstRunSection | None = key(
        "Own windows for the first run of an incremental dataset; they hold against `grace` and `deadline`.",
        default="grace 24h, deadline 72h",
        example="{grace: 24h, deadline: 72h}",
    )
    max_age: PositiveDuration | None = key(
        "The newest sound export may be this old before `protection-stale`.",
        default="12h; daily or rarer: interval × 1.5",
        example="12h",
    )
    level: AssuranceLevel | None = key(
        "How far files are checked: L0 listed, L1 sizes, L2 containers, L3 every record, L4 provider checksums.",
        default="L3",
        example="L3",
    )
    empty_runs: EmptyRunsWord | None = key(
        "What a run without new data leaves: `folder`, `no-folder` or `either`.", default="either", example="either"
    )
    arrival: ArrivalWord | None = key(
        "Which clock says when an export arrived: `modified`, `export_time` or `run`. "
        "On a flow it holds against the destination's, and that against the one in `defaults`.",
        default="modified",
        example="modified",
    )
    watch_from: Instant | None = key(
        "Due times before this are not watched.",
        default="the later of the schedule's start and 30 days before the first audit",
        example="2026-10-01T00:00:00Z",
    )


class CareSection(Section):
    """Who looks after something. Shown in reports, and `--owner`, `--team` and `--tag` select by it."""

    owner: Text | None = key("Who is asked about it.", default="not said", example="jo@example.com")
    team: Text | None = key("Whose it is.", default="not said", example="web")
    tags: Tags | None = key("Words to select by.", default="none", example="[gdpr, finance]")
    runbook: Text | None = key(
        "Where the people who look after it look first.", default="not said", example="https://wiki.example.com/exports"
    )


class DatasetSection(CareSection):
    """One dataset of a flow; the id alone will do. What it does not say of `owner`, `team`, `tags` and `runbook`
    is its flow's."""

    id: Annotated[str, BeforeValidator(_dataset_id)] = needed(
        "Dataset id as Experience Platform shows it: 24 digits and lower-case letters.",
        example="5ef3e324052581191aa6a466",
    )
    name: Text = key("Name for reports, and for `%DATASET_NAME%`.", default="(empty)", example="Web events", given="")


class CountMismatchSection(Section):
    """How the counts of a run record are held against the export: Adobe's may be mixed with profile exports."""

    severity: SeverityWord | None = key(
        "Severity of `record-`, `file-` and `byte-count-mismatch`; a `severity` of the flow holds against it.",
        default="warning",
        example="info",
    )
    tolerance: Tolerance = key(
        "By which part of the claimed number it may differ: `0.01` or `1%`.", default="0%", example="5%", given=0.0
    )


class FlowSection(DefaultsSection, CareSection):
    """A dataflow of Experience Platform: one schedule, one destination, one or more datasets."""

    destination: Text = needed("Name of the destination it exports to.", example="lake-backup")
    datasets: Annotated[list[DatasetSection], BeforeValidator(_id_or_mapping)] = needed(
        "The datasets it exports: mappings with `id` and `name`, or ids alone.",
        example="[{id: 5ef3e324052581191aa6a466, name: Web events}]",
    )
    schedule: list[ScheduleSection] = needed(
        "When exports are due: a mapping, or a list of them, oldest first, each valid from its `start`.",
        example="{every: 3h, start: 2026-10-01T00:00:00Z}",
    )
    format: FormatWord | None = key("File type: `json` or `parquet`.", default="json", example="json")
    compression: CompressionWord | None = key("`gzip` or `none`.", default="gzip", example="gzip")
    manifest: YesNo = key(
        "Is *Include manifest file* switched on in the dataflow?", default="false", example="true", given=False
    )
    mode: ModeWord | None = key(
        "`incremental` (a full backfill first, then what was added), `full` or `once`.",
        default="incremental; once with `every: once`",
        example="incremental",
    )
    folder_template: Annotated[str | None, BeforeValidator(_template)] = key(
        "Folder name template of the dataflow, below the destination's folder.",
        default="%DATASET_ID%/%EXPORT_TIME%",
        example='"%DATASET_ID%/%EXPORT_TIME%"',
    )
    encryption: EncryptionWord | None = key(
        "`pgp`: files are encrypted with a key that the audit does not have. Presence, sizes and the manifest are "
        "checked; above level L1 the content is `unverifiable`, never damaged. Endings `.pgp` and `.gpg` are accepted.",
        default="none",
        example="pgp",
    )
    ignore: Patterns = key(
        "Patterns of names in export folders that are no data; see [below](#names-that-are-not-looked-at).",
        default="none",
        example='["*.bak", checksums/*]',
        given=[],
    )
    severity: Severities = key(
        "Severities of finding codes for this flow; they hold against the destination's.",
        default="the catalogue's",
        example="{export-late: error}",
        given={},
    )
    experience_platform: Text | None = key(
        "Entry of `experience_platform` whose run records the exports are held against; needs `flow_id`.",
        default="not held against any",
        example="prod",
    )
    flow_id: Annotated[str | None, BeforeValidator(_flow_id)] = key(
        "Id of the dataflow there.", default="–", example="4f2c9a51-7d3e-4b6a-9c1f-0a8e5d2b7c33"
    )
    count_mismatch: CountMismatchSection = key(
        "How counts of run records are held against the export.",
        default="warning, 0%",
        example="{severity: info, tolerance: 5%}",
        given=CountMismatchSection(),
    )
