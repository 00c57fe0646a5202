"""Which of an organisation's datasets are protected by an export: eligible against enabled against sound. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from auditor.flow_model import FlowVersion
from auditor.model import Coverage, Dataset, Standing
from auditor.reconcile.drift import is_at_work

WITHIN = timedelta(days=7)
"""A dataset is protected if a sound export of it is not older than this, or than its flow's own limit."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What the audit saw of one dataset's exports."""

    newest_sound: datetime | None = None
    limit: timedelta = WITHIN
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


def judge_coverage(sandbox: Sandbox, *, now: datetime) -> tuple[Coverage, ...]:
    """How each dataset stands that is eligible or in a flow, by name."""
    protecting = _by_dataset(flow for flow in sandbox.flows if is_at_work(flow) and not _is_over(flow, now))
    earlier = _by_dataset([*sandbox.flows, *sandbox.past])
    datasets = {dataset.id: dataset for flow in sandbox.flows for dataset in flow.datasets}
    datasets |= {dataset.id: dataset for dataset in sandbox.eligible}
    lines = [_judge(sandbox, one, protecting[one.id], earlier[one.id], now) for one in datasets.values()]
    return tuple(sorted(lines, key=lambda line: (line.name.casefold(), line.dataset)))


def _judge(
    sandbox: Sandbox, dataset: Dataset, protecting: Sequence[str], earlier: Sequence[str], now: datetime
) -> Coverage:
    sight = sandbox.sights.get(dataset.id)
    newest = sight.newest_sound if sight else None
    flows = tuple(protecting or earlier)
    standing, reason = _standing(sight, protecting, earlier, now)
    return Coverage(sandbox.platform, dataset.id, dataset.name, standing, flows, newest, reason)


def _standing(
    sight: Sight | None, protecting: Sequence[str], earlier: Sequence[str], now: datetime
) -> tuple[Standing, str]:
    if not protecting and (earlier or (sight and sight.newest_sound)):
        return Standing.NO_LONGER, "The flow that exported it is disabled, over, deleted, or exports it no more."
    if not protecting:
        return Standing.NEVER, "No flow exports it."
    if sight is None:
        return Standing.UNKNOWN, "A flow exports it; its destination is not audited."
    if sight.newest_sound and now - sight.newest_sound <= sight.limit:
        if len(protecting) > 1:
            return Standing.TWICE, f"{len(protecting)} flows export it."
        return Standing.PROTECTED, ""
    if not sight.could_look:
        return Standing.UNKNOWN, sight.reason or "Its exports could not be looked at."
    if sight.first_due is not None and now <= sight.first_due:
        return Standing.UNKNOWN, f"Its first export is due {sight.first_due:%Y-%m-%d %H:%M} UTC."
    days = sight.limit / timedelta(days=1)
    return Standing.NOTHING_SOUND, f"A flow runs, and nothing sound landed in the last {days:g} days."


def _by_dataset(flows: Iterable[FlowVersion]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    seen: set[tuple[str, str]] = set()
    for flow in flows:
        for dataset in flow.datasets:
            if (flow.flow_id, dataset.id) not in seen:
                seen.add((flow.flow_id, dataset.id))
                found[dataset.id].append(flow.name or flow.flow_id)
    return found


def _is_over(flow: FlowVersion, now: datetime) -> bool:
    return flow.ends is not None and flow.ends < now
