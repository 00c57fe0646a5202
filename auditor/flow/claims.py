"""Which run records speak of which due time, and what they claim together. Pure."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from auditor.flow_model import DatasetCounts, RunRecord
from auditor.model import Claim, Counts, ExpectedRun, RunState

GRAVITY = (RunState.SUCCEEDED, RunState.IN_PROGRESS, RunState.PARTIAL, RunState.FAILED)
"""The worst of several runs holds: after a failed one nothing later is proven to fill the hole."""


CLOCKS: Final = timedelta(minutes=10)
"""By so much a folder may be stamped later than its run began, by two clocks."""

AGAINST_TIME: Final = 10
"""A folder stamped later than its run began is so many times less likely the right one than one stamped earlier."""

ON_DEMAND: Final = timedelta(hours=4)
"""So long after the time that a folder is stamped with its run may have begun."""


@dataclass(frozen=True, slots=True)
class Landed:
    """An export folder of the dataset, as far as it bears on whose run it is."""

    prefix: str
    export_time: datetime
    due: datetime | None  # of the run it was matched to; None: asked for by none
    runs: frozenset[str] = frozenset()  # that its manifests name


@dataclass(frozen=True, slots=True)
class Held:
    """Run records held against due times and folders."""

    claims: Mapping[datetime, Claim] = field(default_factory=dict)  # by due time
    makers: Mapping[str, tuple[RunRecord, ...]] = field(default_factory=dict)  # by prefix, of folders nobody asked for
    was_read: bool = False  # the records are known as they are now


def hold(
    records: Iterable[RunRecord],
    runs: Sequence[ExpectedRun],
    dataset: str,
    *,
    datasets_of_flow: Iterable[str],
    landed: Iterable[Landed] = (),
) -> Held:
    """What the records of one flow claim of each of `runs` (of `dataset`, in due order), and who made the folders.

    A record belongs to the latest due time that its start (or creation) is not before by more than `early`, if
    it started within that run's deadline: Adobe's samples start up to an hour after their due time. A record
    that tells its datasets apart and does not name this one says nothing of it. A due time to which none belongs
    gets the claim NONE, and no claim if its deadline was over before the oldest record began: how long Experience
    Platform keeps records is not documented.

    A run that began after that deadline speaks of a due time whose folder is there, if no other run does.
    A run that the manifests of one folder name belongs to that folder, whenever it began. A folder that no due time
    asks for was made by the runs that began nearest to its export time; of several for one due time by one of them,
    and one run alone stays with its due time.
    """
    ours = frozenset(datasets_of_flow)
    folders = sorted(landed, key=lambda one: (one.export_time, one.prefix))
    by_name = _named(folders)
    starts = [run.early_from for run in runs]
    members: dict[datetime, list[RunRecord]] = defaultdict(list)
    makers: dict[str, list[RunRecord]] = defaultdict(list)
    belated: dict[datetime, list[RunRecord]] = defaultdict(list)
    oldest: datetime | None = None
    for record in records:
        began = _began(record)
        oldest = began if oldest is None else min(oldest, began)
        if not _speaks_of(record, dataset, ours):
            continue
        at = bisect_right(starts, began) - 1
        due = runs[at].key.due if at >= 0 and began <= runs[at].missing_after else None
        folder = by_name.get(record.id)
        due = folder.due if folder else due
        stray = folder or _stray_at(folders, began)
        if due is not None:
            members[due].append(record)
        elif stray is not None:
            makers[stray.prefix].append(record)
        elif at >= 0:
            belated[runs[at].key.due].append(record)
    members |= {one.due: belated[one.due] for one in folders if one.due in belated and one.due not in members}
    _part(members, makers, folders, by_name)
    told = [run for run in runs if oldest is not None and run.missing_after >= oldest]
    claims = {run.key.due: sum_up(members.get(run.key.due, ()), dataset, ours) for run in told}
    return Held(claims, {prefix: tuple(made) for prefix, made in makers.items()}, was_read=True)


def _named(folders: Sequence[Landed]) -> dict[str, Landed]:
    """Folders by the run that their manifests name. A manifest that lies in another folder too tells nothing."""
    naming: dict[str, list[Landed]] = defaultdict(list)
    for one in folders:
        for name in one.runs:
            naming[name].append(one)
    return {name: ones[0] for name, ones in naming.items() if len(ones) == 1}


def _part(
    members: Mapping[datetime, list[RunRecord]],
    makers: dict[str, list[RunRecord]],
    folders: Sequence[Landed],
    named: Container[str],
) -> None:
    """Of several runs for one due time, those that made a folder beside its own are no part of its claim."""
    for records in members.values():
        beside = [(stray, record) for record in records if (stray := _stray_at(folders, _began(record)))]
        for stray, record in sorted(beside, key=lambda pair: _distance(pair[0], _began(pair[1]))):
            if record.id not in named and stray.prefix not in makers and len(records) > 1:
                records.remove(record)
                makers[stray.prefix].append(record)


def _stray_at(folders: Sequence[Landed], began: datetime) -> Landed | None:
    """The folder that a run made which began then, if no due time asks for that folder."""
    first = bisect_left(folders, began - ON_DEMAND, key=lambda one: one.export_time)
    last = bisect_right(folders, began + CLOCKS, key=lambda one: one.export_time)
    nearest = min(folders[first:last], key=lambda one: _distance(one, began), default=None)
    return nearest if nearest is not None and nearest.due is None else None


def _distance(folder: Landed, began: datetime) -> timedelta:
    """How far a run that began then is from a folder: a run begins after the time that its folder is stamped with."""
    after = began - folder.export_time
    return after if after >= timedelta() else -AGAINST_TIME * after


def _began(record: RunRecord) -> datetime:
    return record.started or record.created


def as_of(record: RunRecord, now: datetime) -> RunRecord | None:
    """`record` as it stood at `now`: open where it ended later, None where it had not begun."""
    if _began(record) > now:
        return None
    if record.ended is None or record.ended <= now:
        return record
    return replace(record, state=RunState.IN_PROGRESS, ended=None, written=Counts(), datasets={}, errors=())


def unknown_claims(runs: Iterable[ExpectedRun], reason: str) -> dict[datetime, Claim]:
    """The claims where the records could not be read: none is made, and none is denied."""
    return {run.key.due: Claim(RunState.UNKNOWN, reason=reason) for run in runs}


def sum_up(records: Sequence[RunRecord], dataset: str, datasets_of_flow: frozenset[str]) -> Claim:
    """Several runs as one claim: counts add up, the worst state holds."""
    if not records:
        return Claim(RunState.NONE)
    told = [_counts_of(record, dataset, datasets_of_flow) for record in records]
    ends = [record.ended for record in records]
    return Claim(
        state=max((record.state for record in records), key=GRAVITY.index),
        runs=tuple(record.id for record in sorted(records, key=lambda record: (record.created, record.id))),
        read=_sum([counts.read for counts in told]),
        written=_sum([counts.written for counts in told]),
        started=min(map(_began, records)),
        ended=None if None in ends else max(end for end in ends if end),
        errors=tuple(dict.fromkeys(error for record in records for error in record.errors)),
    )


def _speaks_of(record: RunRecord, dataset: str, ours: frozenset[str]) -> bool:
    """Ids that are none of the flow's datasets tell nothing apart (Adobe documents none for dataset exports)."""
    named = record.datasets.keys() & ours
    return not named or dataset in named


def _counts_of(record: RunRecord, dataset: str, ours: frozenset[str]) -> DatasetCounts:
    """What a record says of one dataset: its own line, or the whole where the flow has no other dataset.

    A line counts records (API reference): files and bytes of the only dataset are those of the whole run.
    A run that read nothing at all read nothing of each dataset. Where lines name others alone, the whole may be theirs.
    """
    own: Mapping[str, DatasetCounts] = record.datasets
    is_alone = len(ours | own.keys()) <= 1
    if dataset in own:
        line = own[dataset]
        return DatasetCounts(_or(line.read, record.read), _or(line.written, record.written)) if is_alone else line
    if is_alone or (len(ours) <= 1 and not own):
        return DatasetCounts(record.read, record.written)
    return DatasetCounts(read=Counts(records=0)) if record.read.records == 0 else DatasetCounts()


def _or(line: Counts, whole: Counts) -> Counts:
    """`line`, completed by `whole`."""
    pairs = ((line.records, whole.records), (line.files, whole.files), (line.bytes, whole.bytes))
    return Counts(*(other if own is None else own for own, other in pairs))


def _sum(counts: Sequence[Counts]) -> Counts:
    """One that is not given leaves the sum not given: a part is no whole."""
    return Counts(
        _total([count.records for count in counts]),
        _total([count.files for count in counts]),
        _total([count.bytes for count in counts]),
    )


def _total(numbers: Sequence[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if len(known) == len(numbers) else None
