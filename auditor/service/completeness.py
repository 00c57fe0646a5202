"""What a backup-completeness report says, gathered from the ledger as it was known at one moment.

A closed period is gathered once, at the first time it is asked for, from what was known when it closed; it is kept, and
given back from then on. What is found later is an amendment.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from hashlib import sha256
from itertools import groupby

from adapters.base import inert
from auditor.incident_model import Closing, Incident, Signed
from auditor.ledger import Ledger
from auditor.ledger.periods import Beyond, KeptReport, LaterVerdict, PeriodRun
from auditor.model import Arrival, Care, Content, Flow, Unverifiable, Verdict
from auditor.report.completeness.json import dump_completeness, load_completeness
from auditor.report.completeness.judge import judge_completeness
from auditor.report.completeness.tally import Tally, judge_kind, list_waived
from auditor.report.completeness.types import (
    Change,
    Completeness,
    CoverageLine,
    DatasetLine,
    EndingLine,
    IncidentLine,
    Judged,
    Kind,
    Provenance,
    Source,
    Used,
)
from auditor.report.words import render_minute
from auditor.service.flows import known_flows
from auditor.service.period import Period, whole_day
from auditor.service.watching import find_unwatched
from auditor.settings import Config

MOST_LINES = 500  # incidents, coverage and ends that are listed
NOT_JUDGED = "no audit judged it in time"


@dataclass(frozen=True, slots=True)
class Filters:
    """Which runs a report is about; what is empty leaves nothing out."""

    flow: str = ""
    dataset: str = ""
    destination: str = ""
    team: str = ""
    owner: str = ""
    tag: str = ""

    def given(self) -> dict[str, str]:
        """Those that are set."""
        return {one.name: value for one in fields(self) if (value := getattr(self, one.name))}

    def selects(self, group: tuple[str, str, str], care: Care) -> bool:
        """Whether this (flow, dataset, destination) is meant."""
        named = zip((self.flow, self.dataset, self.destination), group, strict=True)
        return (
            all(wanted in ("", given) for wanted, given in named)
            and self.team in ("", care.team)
            and self.owner in ("", care.owner)
            and (not self.tag or self.tag in care.tags)
        )


def report_period(
    ledger: Ledger, config: Config, period: Period, filters: Filters, *, now: datetime
) -> tuple[Completeness, ...]:
    """The report of `period`; of a closed one as it closed, with its amendments after it. Raises LedgerError."""
    if not period.is_closed(now):
        return (gather_completeness(ledger, config, period, filters, as_of=now, preliminary=True),)
    if not ledger.period_reports(period.name, filters.given()):
        first = gather_completeness(ledger, config, period, filters, as_of=period.closes_at, preliminary=False)
        _keep(ledger, first, now)
    known = _read(ledger, period, filters)
    newest, last = ledger.newest_verdict(), known[-1]
    later = ledger.verdicts_after(last.provenance.newest_verdict, since=period.start, until=period.end)
    if changes := _meant(ledger, last, later):
        amended = gather_completeness(ledger, config, period, filters, as_of=now, preliminary=False, newest=newest)
        _keep(ledger, replace(amended, revision=last.revision + 1, changes=changes), now)
        known = _read(ledger, period, filters)
    return known


def gather_completeness(
    ledger: Ledger,
    config: Config,
    period: Period,
    filters: Filters,
    *,
    as_of: datetime,
    preliminary: bool,
    newest: int | None = None,
) -> Completeness:
    """Everything of `period` as known at `as_of`, from the rows of the ledger up to `newest` (None: all)."""
    newest = ledger.newest_verdict() if newest is None else newest
    flows = known_flows(config, ledger, now=as_of)
    care, names = _cares(flows), {d.id: d.name for flow in flows.values() for d in flow.datasets}
    found = ledger.period_groups(period.start, period.end)
    groups = [one for one in found if filters.selects(one, care.get(one[:2], Care()))]
    tally = Tally()
    lines = []
    for group in groups:
        runs = ledger.period_runs(group, since=period.start, until=period.end, as_of=as_of, newest=newest)
        line = _line(group, names.get(group[1], ""), care.get(group[:2], Care()))
        lines.append(tally.add_dataset(line, (_judged(group, run) for run in runs)))
    selected = _selected_flows(flows, filters, period)
    places = {group[2] for group in groups} | {flow.destination for flow in selected.values()}
    unwatched = tuple(find_unwatched(ledger, places, selected, period, as_of=as_of))
    provenance = _provenance(ledger, config, flows, groups, period, as_of, newest)
    never = tuple(sorted(inert(name) for name in selected if _never_read(ledger, name, as_of)))
    beyond = ledger.beyond_until(_counts_until(period, as_of))
    unread = bool(unwatched or never) or provenance.read_at is None
    return Completeness(
        period=period.name,
        start=period.start,
        end=period.end,
        closes_at=period.closes_at,
        as_of=as_of,
        preliminary=preliminary,
        status=judge_completeness(
            tally.balance(), tally.kinds, tally.waived, preliminary=preliminary, unwatched=unread
        ),
        balance=tally.balance(),
        filters=filters.given(),
        deviations=tally.listed(),
        deviation_counts={kind.value: number for kind in Kind if (number := tally.kinds[kind])},
        waived_counts={kind.value: number for kind in Kind if (number := tally.waived[kind])},
        gaps=tuple(tally.gaps),
        gap_count=tally.gap_count,
        datasets=tuple(line for line in lines if line.expected),
        unwatched=unwatched,
        never_read=never,
        incidents=_incidents(ledger, groups, filters, period, as_of),
        coverage=_coverage(beyond, names, filters, groups),
        coverage_counts=_count_coverage(beyond),
        endings=_endings(beyond, as_of, filters, groups),
        not_checked=tally.list_reasons(),
        provenance=provenance,
        unjudged=tuple(tally.unjudged),
    )


def read_population(ledger: Ledger, report: Completeness) -> Iterator[tuple[DatasetLine, Judged]]:
    """Every run that `report` counts, with the verdict it counts. One dataset is held at a time."""
    lines = {(line.flow, line.dataset, line.destination): line for line in report.datasets}
    unjudged = {*report.unjudged}
    for group in ledger.period_groups(report.start, report.end):
        line = lines.get((inert(group[0]), inert(group[1]), inert(group[2])))
        if line is None:
            continue
        newest = report.provenance.newest_verdict
        for run in ledger.period_runs(group, since=report.start, until=report.end, as_of=report.as_of, newest=newest):
            if run.verdict is not None or (*map(inert, group), run.due) in unjudged:
                yield line, _judged(group, run)


def _keep(ledger: Ledger, report: Completeness, now: datetime) -> None:
    body = dump_completeness(report)
    ledger.keep_period_report(
        report.period, report.filters, KeptReport(report.revision, now, sha256(body).hexdigest(), body)
    )


def _read(ledger: Ledger, period: Period, filters: Filters) -> tuple[Completeness, ...]:
    return tuple(load_completeness(one.body) for one in ledger.period_reports(period.name, filters.given()))


def _judged(group: tuple[str, str, str], run: PeriodRun) -> Judged:
    if run.verdict is not None:
        return Judged(run.verdict, run.judged_at, run.was_sound)
    doubt = Unverifiable(" / ".join(group), NOT_JUDGED, group[2], group[0], group[1], run.due)
    verdict = Verdict(*group, run.due, Arrival.UNKNOWN, Content.UNCHECKED, unverifiable=(doubt,))
    return Judged(verdict, None)


def _line(group: tuple[str, str, str], name: str, care: Care) -> DatasetLine:
    flow, dataset, destination = map(inert, group)
    return DatasetLine(flow, dataset, destination, inert(name), inert(care.owner), inert(care.team))


def _cares(flows: Mapping[str, Flow]) -> dict[tuple[str, str], Care]:
    return {(flow.name, dataset.id): dataset.care for flow in flows.values() for dataset in flow.datasets}


def _selected_flows(flows: Mapping[str, Flow], filters: Filters, period: Period) -> dict[str, Flow]:
    """Those that the report is about, and that exported in the period by their schedules."""
    return {
        name: flow
        for name, flow in flows.items()
        if _was_on(flow, period)
        and any(filters.selects((name, one.id, flow.destination), one.care) for one in flow.datasets)
    }


def _was_on(flow: Flow, period: Period) -> bool:
    begins = [one.start < period.end for one in flow.schedules]
    ended = bool(flow.schedules) and (end := flow.schedules[-1].end) is not None and end < period.start
    once = bool(flow.schedules) and flow.schedules[-1].once and flow.schedules[-1].start < period.start
    return any(begins) and not ended and not once


def _never_read(ledger: Ledger, flow: str, as_of: datetime) -> bool:
    first = ledger.first_audit_of(flow)
    return first is None or first > as_of


def _provenance(
    ledger: Ledger,
    config: Config,
    flows: Mapping[str, Flow],
    groups: Sequence[tuple[str, str, str]],
    period: Period,
    as_of: datetime,
    newest: int,
) -> Provenance:
    audits = ledger.audits_of(whole_day(period.start), _counts_until(period, as_of))
    named = sorted({group[0] for group in groups})
    return Provenance(
        sources=tuple(_source(ledger, config, name, flows.get(name), as_of) for name in named),
        read_at=max((one.last for one in audits), default=None),
        configurations=_configurations(ledger, period, as_of),
        used=tuple(Used(one.config_hash, one.tool_version, one.first, one.last, one.days) for one in audits),
        newest_verdict=newest,
    )


def _counts_until(period: Period, as_of: datetime) -> datetime:
    """Until when audits count. As it closes, until the last midnight by UTC: of older days not every audit is kept."""
    return whole_day(as_of) if as_of == period.closes_at else as_of


def _configurations(ledger: Ledger, period: Period, as_of: datetime) -> tuple[Used, ...]:
    """Those that the service worked by, one after the other; uses after `as_of` are not known yet."""
    found = ledger.configurations(since=period.start, until=min(period.end, as_of))
    return tuple(Used(one.hash, one.tool_version, one.first_used_at, min(one.last_used_at, as_of), 0) for one in found)


def _source(ledger: Ledger, config: Config, name: str, flow: Flow | None, as_of: datetime) -> Source:
    if flow is None:
        return Source(inert(name), "an earlier configuration: the flow is no longer configured")
    versions = ledger.flow_history(flow.experience_platform, flow.flow_id) if flow.flow_id else []
    seen = [one for one in versions if one.first_seen_at <= as_of]
    followed = name not in config.flows
    origin = f"Flow Service ({flow.experience_platform})" if followed else "configuration"
    return Source(inert(name), inert(origin), len(seen), seen[-1].first_seen_at if seen else None)


def _incidents(
    ledger: Ledger, groups: Sequence[tuple[str, str, str]], filters: Filters, period: Period, as_of: datetime
) -> tuple[IncidentLine, ...]:
    """Those that lasted in the period, as known at `as_of`; of a filtered report those of its runs and places."""
    known = {*groups}
    places, flows = {one[2] for one in groups}, {one[0] for one in groups}

    def belongs(incident: Incident) -> bool:
        key = incident.key
        if not filters.given():
            return True
        if key.dataset:
            return (key.flow, key.dataset, key.destination) in known
        return key.flow in flows if key.flow else key.destination in places

    found = ledger.list_incidents(since=period.start, until=min(period.end, as_of))
    chosen = [one for one in found if one.opened_at < period.end and one.opened_at <= as_of and belongs(one)]
    return tuple(_incident_line(one, as_of) for one in sorted(chosen, key=lambda one: one.number)[:MOST_LINES])


def _incident_line(incident: Incident, as_of: datetime) -> IncidentLine:
    key, closed = incident.key, incident.closed_at
    over = closed is not None and closed <= as_of
    return IncidentLine(
        number=incident.number,
        code=inert(key.code),
        severity=incident.severity.value,
        flow=inert(key.flow),
        dataset=inert(key.dataset),
        destination=inert(key.destination),
        opened_at=incident.opened_at,
        closed_at=closed if over else None,
        how=(incident.closing or Closing.RECOVERED).value if over else "",
        message=inert(incident.message),
        acknowledged=_signed(incident.acknowledged, as_of),
        accepted=_signed(incident.accepted, as_of),
    )


def _signed(signed: Signed | None, as_of: datetime) -> str:
    if signed is None or signed.at > as_of:
        return ""
    why = f": {signed.why}" if signed.why else ""
    return inert(f"{signed.by}, {render_minute(signed.at)}{why}")


def _coverage(
    beyond: Beyond | None, names: Mapping[str, str], filters: Filters, groups: Sequence[tuple[str, str, str]]
) -> tuple[CoverageLine, ...]:
    """What is not protected by a sound export; of a filtered report only what it is about."""
    mine = {group[1] for group in groups}
    return tuple(
        CoverageLine(
            inert(one.platform),
            inert(one.dataset),
            inert(one.name or names.get(one.dataset, "")),
            one.standing.value,
            inert(one.reason),
            inert(f"{one.waived.reason} ({one.waived.by})") if one.waived else "",
        )
        for one in (beyond.coverage if beyond else ())
        if one.standing.value not in ("protected", "protected_twice") and (not filters.given() or one.dataset in mine)
    )[:MOST_LINES]


def _count_coverage(beyond: Beyond | None) -> dict[str, int]:
    counts: dict[str, int] = {}
    for one in beyond.coverage if beyond else ():
        counts[one.standing.value] = counts.get(one.standing.value, 0) + 1
    return dict(sorted(counts.items()))


def _endings(
    beyond: Beyond | None, as_of: datetime, filters: Filters, groups: Sequence[tuple[str, str, str]]
) -> tuple[EndingLine, ...]:
    flows = {group[0] for group in groups}
    return tuple(
        EndingLine(one.when, inert(one.code), inert(one.subject), inert(one.source))
        for one in (beyond.endings if beyond else ())
        if one.when >= as_of and (not filters.given() or one.flow in flows)
    )[:MOST_LINES]


def _meant(ledger: Ledger, last: Completeness, later: Sequence[LaterVerdict]) -> tuple[Change, ...]:
    """What `later` says otherwise than `last` did. That retention removed an export in time is no correction."""
    lines = {(line.flow, line.dataset, line.destination) for line in last.datasets}
    changes: list[Change] = []
    for group, some in groupby(later, key=lambda one: (one.verdict.flow, one.verdict.dataset, one.verdict.destination)):
        named = (inert(group[0]), inert(group[1]), inert(group[2]))
        if named in lines:
            changes += _changes_of(ledger, last, group, [*some])
    return tuple(changes)


def _changes_of(
    ledger: Ledger, last: Completeness, group: tuple[str, str, str], later: Sequence[LaterVerdict]
) -> Iterator[Change]:
    newest = last.provenance.newest_verdict
    runs = ledger.period_runs(group, since=last.start, until=last.end, as_of=last.as_of, newest=newest)
    before = {run.due: _judged(group, run) for run in runs}
    for one in later:
        due = one.verdict.due
        if due is None or one.verdict.arrival is Arrival.EXPIRED:
            continue
        was = describe(before[due]) if due in before else "not expected"
        becomes = describe(Judged(one.verdict, one.at))
        if was != becomes:
            named = (inert(group[0]), inert(group[1]), inert(group[2]))
            yield Change(*named, due, was, becomes, one.at, inert(one.why) or "judged anew by an audit")


def describe(run: Judged) -> str:
    """`late, sound (L3); export-late`: all that decides how a run is counted."""
    verdict, kind = run.verdict, judge_kind(run)
    level = f" ({verdict.level})" if verdict.content is Content.SOUND and verdict.level is not None else ""
    codes = sorted({inert(one.code) for one in verdict.findings})
    waived = "; waived" if list_waived(run, kind) else ""
    found = f"; {', '.join(codes)}" if codes else ""
    return f"{verdict.arrival.value.replace('_', ' ')}, {verdict.content.value}{level}{found}{waived}"


__all__ = ["Filters", "gather_completeness", "read_population", "report_period"]
