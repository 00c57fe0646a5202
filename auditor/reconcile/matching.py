"""Which export folder is the one of which expected run."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from auditor.model import ExpectedRun, ExportFolder


@dataclass(frozen=True, slots=True)
class Match:
    """The answer for one dataset of one flow. Each run and each folder stands in it once."""

    runs: tuple[tuple[ExpectedRun, ExportFolder | None], ...]  # in due order
    duplicates: tuple[tuple[ExportFolder, ExpectedRun], ...]  # a second delivery beside the matched one
    unexpected: tuple[ExportFolder, ...]  # asked for by no schedule


def match_folders(runs: Sequence[ExpectedRun], folders: Sequence[ExportFolder], *, now: datetime) -> Match:
    """Match folders to runs by export time, nearest pair first.

    `runs` in due order. A pair may match when the export time lies in [due − early, due + deadline]; of
    two equally near pairs, the folder at or after its due time wins. A folder left over within
    [due − early, due + grace] of a matched run is a duplicate, any other is unexpected. A folder dated
    further in the future than the earliness allowed fills nothing. No chain is shifted to fill a gap:
    a pair that fits exactly is taken before any pair that fits loosely.
    """
    widest = max((run.missing_after - run.key.due for run in runs), default=timedelta())
    near = [_candidates(runs, folder.export_time, widest) for folder in folders]
    pairs = sorted(
        (abs(folder.export_time - due), folder.export_time < due, due, folder.prefix, i, j)
        for j, folder in enumerate(folders)
        for i in near[j]
        if folder.export_time <= now + ((due := runs[i].key.due) - runs[i].early_from)
    )
    folder_of: dict[int, int] = {}
    taken: set[int] = set()
    for *_, i, j in pairs:
        if i not in folder_of and j not in taken:
            folder_of[i] = j
            taken.add(j)
    duplicates: list[tuple[ExportFolder, ExpectedRun]] = []
    unexpected: list[ExportFolder] = []
    for j, folder in enumerate(folders):
        if j in taken:
            continue
        beside = [runs[i] for i in near[j] if i in folder_of]
        beside = [run for run in beside if folder.export_time <= run.late_after]
        if beside:
            duplicates.append((folder, min(beside, key=lambda run: abs(folder.export_time - run.key.due))))
        else:
            unexpected.append(folder)
    matched = tuple((run, folders[folder_of[i]] if i in folder_of else None) for i, run in enumerate(runs))
    return Match(matched, tuple(duplicates), tuple(unexpected))


def _candidates(runs: Sequence[ExpectedRun], export_time: datetime, widest: timedelta) -> list[int]:
    """Indices of the runs in whose window `export_time` lies; few, found by bisection."""
    first = bisect_left(runs, export_time - widest, key=lambda run: run.key.due)
    found = []
    for i in range(first, len(runs)):
        if runs[i].key.due > export_time + widest:
            break
        if runs[i].early_from <= export_time <= runs[i].missing_after:
            found.append(i)
    return found
