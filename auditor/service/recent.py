"""From when on runs may still change what is known: what a frequent look judges. A whole look judges all."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from auditor.expect import default_max_age, nominal_gaps
from auditor.ledger import Ledger
from auditor.model import Flow, RunKind
from auditor.service.repeat import AWAITED

LEAST = timedelta(days=3)


def judged_since(
    flows: Sequence[Flow], watched: Mapping[str, datetime], ledger: Ledger, *, now: datetime
) -> dict[str, datetime]:
    """By flow: the first due time that is judged. Never after the newest sound export of any of its datasets, for the
    age of the protection is counted from there."""
    return {flow.name: max(watched[flow.name], _since(flow, ledger, now=now)) for flow in flows}


def _since(flow: Flow, ledger: Ledger, *, now: datetime) -> datetime:
    since = now - _reach(flow, now=now)
    # A deadline of days may end between two looks: what the last one left open must be judged once more.
    furthest = now - max(window.deadline for window in flow.windows.values()) - AWAITED
    for dataset in flow.datasets:
        newest = ledger.newest_good_due(flow.name, dataset.id, flow.destination)
        if newest is None:
            return datetime.min.replace(tzinfo=now.tzinfo)
        still_open = ledger.oldest_open_due(flow.name, dataset.id, flow.destination, since=furthest)
        since = min(since, newest, still_open or newest)
    return since


def _reach(flow: Flow, *, now: datetime) -> timedelta:
    gaps = [gaps.largest for one in flow.schedules if (gaps := nominal_gaps(one))]
    deadlines = [window.deadline for kind, window in flow.windows.items() if kind is not RunKind.FIRST]
    max_age = flow.max_age or default_max_age(flow, at=now) or timedelta()
    return max([LEAST, 2 * max_age, *(3 * gap for gap in gaps), *(AWAITED + deadline for deadline in deadlines)])
