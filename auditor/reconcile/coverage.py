"""Which of an organisation's datasets are protected by an export: eligible against enabled against sound. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from auditor.flow_model import FlowVersion
from auditor.model import Coverage, Dataset, Standing, Waived

_EVER = datetime.min.replace(tzinfo=UTC)
WITHIN = timedelta(days=7)
"""A dataset is protected if a sound export of it is not older than this, or than its flow's own limit."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What the audit saw of one dataset's exports, over all flows that export it."""

    newest_sound: datetime | None = None
    proven_empty: datetime | None = None  # the newest due time at which there was proven to be nothing to export
    limit: timedelta = WITHIN
    is_current: bool = False  # the newest run that could be judged is good: no age makes that old (a planned pause)
    is_stale: bool = False  # older than its own limit, as the audit told
    waived: Waived | None = None  # why that is put up with
    could_look: bool = True
    reason: str = ""  # why not
    first_due: datetime | None = None  # nothing was due before this moment


@dataclass(frozen=True, slots=True)
class Sandbox:
    """What was read of one sandbox."""

    platform: str
    eligible: Sequence[Dataset]
    flows: Sequence[FlowVersion]  # as they are now
    past: Sequence[FlowVersion] = ()  # earlier versions, and flows that are gone
    sights: Mapping[str, Sight] = field(default_factory=dict)  # by dataset; none: its flow is not audited
    unread: str = ""  # why its flows could not be read; `flows` is empty then


def judge_coverage(sandbox: Sandbox, *, now: datetime) -> tuple[Coverage, ...]:
    """How each dataset stands that is eligible or in a flow, by name."""
    protecting = _by_dataset(flow for flow in sandbox.flows if flow.is_at_work and not _is_over(flow, now))
    earlier = _by_dataset([*sandbox.flows, *sandbox.past])
    datasets = {dataset.id: dataset for flow in (*sandbox.past, *sandbox.flows) for dataset in flow.datasets}
    datasets |= {one.id: replace(one, name=one.name or _name(datasets, one.id)) for one in sandbox.eligible}
    lines = [_judge(sandbox, one, protecting[one.id], earlier[one.id], now) for one in datasets.values()]
    return tuple(sorted(lines, key=lambda line: (line.name.casefold(), line.name, line.dataset)))


def _judge(
    sandbox: Sandbox,
    dataset: Dataset,
    protecting: Sequence[FlowVersion],
    earlier: Sequence[FlowVersion],
    now: datetime,
) -> Coverage:
    sight = sandbox.sights.get(dataset.id)
    if sandbox.unread:
        standing, reason = Standing.UNKNOWN, f"The flows could not be read: {sandbox.unread}"
    elif protecting:
        standing, reason = _with_flows(sight, protecting, now)
    else:
        standing, reason = _without_flows(sandbox.flows, sight, earlier, now)
    return Coverage(
        sandbox.platform,
        dataset.id,
        dataset.name,
        standing,
        tuple(flow.name or flow.flow_id for flow in protecting or earlier),
        sight.newest_sound if sight else None,
        reason,
        sight.waived if sight and standing is Standing.NOTHING_SOUND else None,
    )


def _without_flows(
    flows: Sequence[FlowVersion], sight: Sight | None, earlier: Sequence[FlowVersion], now: datetime
) -> tuple[Standing, str]:
    # Its source connections could not be read: it may export any dataset.
    blank = next((flow for flow in flows if not flow.datasets and flow.is_at_work and not _is_over(flow, now)), None)
    if blank is not None:
        name = blank.name or blank.flow_id
        return Standing.UNKNOWN, f"The datasets of flow {name} could not be read; it may export this one."
    odd = next((flow for flow in earlier if flow in flows and not (flow.is_at_work or flow.is_off)), None)
    if odd is not None:
        return Standing.UNKNOWN, f"Flow {odd.name or odd.flow_id} is {odd.state}, a state that is not known here."
    if earlier:
        return Standing.NO_LONGER, _why_no_longer(earlier, flows, now)
    if sight and sight.newest_sound:
        return Standing.NO_LONGER, "Exports of it are in storage, and no enabled flow exports it."
    return Standing.NEVER, "No flow exports it."


def _why_no_longer(earlier: Sequence[FlowVersion], flows: Sequence[FlowVersion], now: datetime) -> str:
    """Of the newest flow that had it: one that is there before one that is gone."""
    there = {flow.flow_id: flow for flow in flows}
    flow = max(earlier, key=lambda one: (one.flow_id in there, one.updated or one.created or _EVER))
    name, current = flow.name or flow.flow_id, there.get(flow.flow_id)
    if current is None:
        return f"Flow {name}, which exported it, is no longer there."
    if current is not flow and current.datasets:  # an earlier version had it
        return f"Flow {name} exports it no more."
    if not current.is_at_work:
        return f"Flow {name} is {current.state}."
    if current.schedule and current.schedule.once:
        return f"Flow {name} exported it only once, {_day(current.schedule.start)}."
    return f"Flow {name} ended {_day(current.ends or now)}."


def _with_flows(sight: Sight | None, protecting: Sequence[FlowVersion], now: datetime) -> tuple[Standing, str]:
    starts = [flow.schedule.start for flow in protecting if flow.schedule]
    if sight is None and len(starts) == len(protecting) and min(starts) > now:
        return Standing.UNKNOWN, f"Its first export is due {_day(min(starts))}."
    if sight is None:
        return Standing.UNKNOWN, "A flow exports it, and no flow of the configuration audits it."
    if _is_fresh(sight, now):
        if len(protecting) > 1:
            return Standing.TWICE, f"{len(protecting)} flows export it."
        return Standing.PROTECTED, ""
    if not sight.could_look:
        return Standing.UNKNOWN, sight.reason or "Its exports could not be looked at."
    if sight.first_due is not None and now <= sight.first_due:
        return Standing.UNKNOWN, f"Its first export is due {_day(sight.first_due)}."
    if sight.newest_sound is None and sight.proven_empty and not sight.is_stale:
        return Standing.UNKNOWN, "Its runs had nothing to export; no sound export of it was seen."
    if sight.newest_sound is None:
        return Standing.NOTHING_SOUND, "A flow runs, and nothing sound has landed."
    return Standing.NOTHING_SOUND, f"A flow runs, and nothing sound landed since {_day(sight.newest_sound)}."


def _is_fresh(sight: Sight, now: datetime) -> bool:
    """There is a sound export, and it or the proof that nothing followed is young enough."""
    if sight.newest_sound is None or sight.is_stale:
        return False
    good = max(sight.newest_sound, sight.proven_empty or sight.newest_sound)
    return sight.is_current or now - good <= sight.limit


def _by_dataset(flows: Iterable[FlowVersion]) -> dict[str, list[FlowVersion]]:
    """Each flow once, as it comes first."""
    found: dict[str, dict[str, FlowVersion]] = defaultdict(dict)
    for flow in flows:
        for dataset in flow.datasets:
            found[dataset.id].setdefault(flow.flow_id, flow)
    return defaultdict(list, {dataset: [*by_id.values()] for dataset, by_id in found.items()})


def _is_over(flow: FlowVersion, now: datetime) -> bool:
    """It has ended, or was to export only once and has had its time."""
    if flow.schedule and flow.schedule.once and flow.schedule.start + WITHIN < now:
        return True
    return flow.ends is not None and flow.ends < now


def _name(datasets: Mapping[str, Dataset], dataset: str) -> str:
    return datasets[dataset].name if dataset in datasets else ""


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
