"""What is expected of one dataset of one flow, and which folders may answer it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from auditor.expect import default_max_age, expected_runs
from auditor.flow.claims import Held
from auditor.model import DestinationFacts, ExpectedRun, ExportFolder, Flow
from auditor.reconcile.dataset import Chain
from auditor.reconcile.matching import Match, match_folders
from auditor.reconcile.sight import FolderSight

FIRST_OF_ALL = datetime(1970, 1, 1, tzinfo=UTC)  # a `watch_from` of the year 1 leaves room for the windows before it


@dataclass(frozen=True, slots=True)
class Expected:
    """The runs of one dataset of one flow, from a while before it is watched until now."""

    flow: Flow
    dataset: str
    watched_since: datetime
    runs: tuple[ExpectedRun, ...]  # in due order; some from before `watched_since`, for matching alone

    @property
    def watched(self) -> tuple[ExpectedRun, ...]:
        """The runs that are judged."""
        return tuple(run for run in self.runs if run.key.due >= self.watched_since)

    def match(self, folders: Iterable[ExportFolder], *, now: datetime) -> Match:
        """Match `folders` (of this dataset) to its runs.

        Runs from just before the watch began take part, so that their folders are not called unexpected,
        and are left out of the answer together with anything older.
        """
        earliest = min((run.early_from for run in self.runs), default=self.watched_since)
        match = match_folders(self.runs, [f for f in folders if f.export_time >= earliest], now=now)
        return Match(
            tuple((run, folder) for run, folder in match.runs if run.key.due >= self.watched_since),
            tuple((folder, run) for folder, run in match.duplicates if run.key.due >= self.watched_since),
            tuple(folder for folder in match.unexpected if folder.export_time >= self.watched_since),
        )

    def chain(
        self,
        place: DestinationFacts,
        match: Match,
        sights: Iterable[FolderSight],
        seen: Iterable[datetime],
        held: Held,
        *,
        now: datetime,
    ) -> Chain:
        """All that bears on the verdicts of this dataset."""
        default = self.flow.max_age is None
        return Chain(
            flow=self.flow,
            dataset=self.dataset,
            place=place,
            match=match,
            sights={sight.folder.prefix: sight for sight in sights},
            max_age=default_max_age(self.flow, at=now) if default else self.flow.max_age,
            max_age_is_default=default,
            seen_before=frozenset(seen),
            claims=held.claims,
            makers=held.makers,
            runs_were_read=held.was_read,
        )


def expect_datasets(flow: Flow, datasets: Sequence[str], *, watched_since: datetime, now: datetime) -> list[Expected]:
    """What is expected of each of `datasets` at `now`. A run may come early, so the next one may be among them."""
    reach = max((window.deadline for window in flow.windows.values()), default=now - now)
    early = max((window.early for window in flow.windows.values()), default=now - now)
    by_dataset: dict[str, list[ExpectedRun]] = {dataset: [] for dataset in datasets}
    since = max(watched_since, FIRST_OF_ALL) - reach
    for run in expected_runs(flow, since=since, until=now + early):
        if run.key.dataset in by_dataset:
            by_dataset[run.key.dataset].append(run)
    return [Expected(flow, dataset, watched_since, tuple(runs)) for dataset, runs in by_dataset.items()]
