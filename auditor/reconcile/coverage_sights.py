"""What an audit saw of each dataset's exports, over all flows that export it: the storage side of coverage. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from auditor.expect import default_max_age, flow_end, next_due
from auditor.model import Arrival, Content, Finding, Flow, Verdict
from auditor.reconcile.coverage import WITHIN, Sight

NO_AUDIT = Sight(could_look=False, reason="No audit has looked at its exports yet.")

_OPEN = frozenset({Arrival.PENDING, Arrival.ARRIVING, Arrival.EXPIRED})
_UNSEEN = frozenset({Content.UNVERIFIABLE, Content.UNCHECKED})
_HERE = frozenset({Arrival.ON_TIME, Arrival.EARLY, Arrival.LATE, Arrival.UNEXPECTED})


def see_datasets(
    flows: Iterable[Flow], runs: Iterable[Verdict], findings: Iterable[Finding], *, now: datetime
) -> dict[str, Sight]:
    """By dataset id. Of several flows the best holds: what one of them exports well is there."""
    by_chain: dict[tuple[str, str], list[Verdict]] = defaultdict(list)
    for run in runs:
        by_chain[run.flow, run.dataset].append(run)
    stale = {(one.flow, one.dataset): one for one in findings if one.code == "protection-stale"}
    sights: dict[str, Sight] = {}
    for flow in flows:
        for dataset in flow.datasets:
            chain = (flow.name, dataset.id)
            sight = _see(flow, by_chain[chain], stale.get(chain), now)
            sights[dataset.id] = _best(sights[dataset.id], sight) if dataset.id in sights else sight
    return sights


def unseen(flows: Iterable[Flow]) -> Mapping[str, Sight]:
    """By dataset id, where no audit has looked yet."""
    return {dataset.id: NO_AUDIT for flow in flows for dataset in flow.datasets}


def _see(flow: Flow, runs: Sequence[Verdict], stale: Finding | None, now: datetime) -> Sight:
    sound = [run.due or run.arrived_at for run in runs if run.content is Content.SOUND and run.arrival in _HERE]
    empty = [run.due for run in runs if run.arrival is Arrival.NOT_NEEDED]
    sight = Sight(
        newest_sound=max(filter(None, sound), default=None),
        proven_empty=max(filter(None, empty), default=None),
        limit=max(WITHIN, flow.max_age or default_max_age(flow, at=now) or WITHIN),
        is_stale=stale is not None,
        waived=stale.waived if stale else None,
    )
    judged = [run for run in runs if run.due and not _may_still_come(run)]
    if not judged:
        return _not_begun(sight, flow, runs, now)
    newest = max(judged, key=lambda run: run.due or now)
    end = flow_end(flow)
    good = newest.content is Content.SOUND or newest.arrival is Arrival.NOT_NEEDED
    sight = replace(sight, is_current=good and (end is None or end >= now))
    if newest.arrival is Arrival.UNKNOWN or (newest.content in _UNSEEN and newest.folder):
        return replace(sight, could_look=False, reason=_reason(newest))
    return sight


def _may_still_come(run: Verdict) -> bool:
    return run.arrival in _OPEN or (run.arrival is Arrival.LATE and not run.folder)


def _not_begun(sight: Sight, flow: Flow, runs: Sequence[Verdict], now: datetime) -> Sight:
    """No run of it could be judged yet, or any more."""
    if any(run.arrival is Arrival.EXPIRED for run in runs):
        return sight
    if any(run.due and run.due <= now for run in runs):
        return replace(sight, could_look=False, reason="Its first export in the time watched may still come.")
    due = next_due(flow, now)
    if due is not None:
        return replace(sight, first_due=due)
    return replace(sight, could_look=False, reason="No run of its flow was due in the time watched.")


def _reason(run: Verdict) -> str:
    told = run.unverifiable[0].reason if run.unverifiable else "they could not be looked at"
    return f"Its newest exports could not be checked: {told}"


def _best(one: Sight, other: Sight) -> Sight:
    """Two flows of one dataset. A stale one gives way to one that is not, unless that has nothing sound either."""
    if one.is_stale != other.is_stale:
        stale, fresh = (one, other) if one.is_stale else (other, one)
        return fresh if fresh.newest_sound or not fresh.could_look else stale
    dues = [sight.first_due for sight in (one, other)]
    return Sight(
        newest_sound=max(filter(None, (one.newest_sound, other.newest_sound)), default=None),
        proven_empty=max(filter(None, (one.proven_empty, other.proven_empty)), default=None),
        limit=max(one.limit, other.limit),
        is_current=one.is_current or other.is_current,
        is_stale=one.is_stale,
        waived=one.waived if one.waived and other.waived else None,
        could_look=one.could_look and other.could_look,
        reason=one.reason or other.reason,
        first_due=min(filter(None, dues)) if all(dues) else None,
    )
