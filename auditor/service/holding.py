"""What Experience Platform claims of one dataset, beside what was seen of it in storage."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from itertools import pairwise

from auditor.flow.claims import Held, Landed
from auditor.model import Claim, Counts, RunState
from auditor.reconcile.matching import Match
from auditor.reconcile.sight import FolderSight
from auditor.service.chains import Expected
from auditor.service.run_records import RunRecords


def hold_runs(
    records: RunRecords, expected: Expected, match: Match, sights: Mapping[str, FolderSight], *, now: datetime
) -> Held:
    """The run records of one dataset against its due times and folders, with the batches of what is not explained."""
    held = records.hold(expected.flow, expected.dataset, expected.runs, [*_landed(match, sights)])
    claims = dict(held.claims)
    absent = {run.key.due for run, folder in match.runs if folder is None}
    for before, run in reversed([*pairwise(expected.runs)]):  # the newest first: questions are few
        claim = claims.get(run.key.due)
        if claim is None or run.late_after >= now or run.key.due not in absent or not _says_nothing(claim):
            continue
        count = records.count_batches(expected.flow, expected.dataset, before.key.due, run.key.due)
        claims[run.key.due] = replace(claim, new_batches=count)
    return replace(held, claims=claims)


def with_claims(match: Match, sights: Mapping[str, FolderSight], held: Held) -> Iterator[tuple[str, FolderSight]]:
    """`sights` by prefix, with what the record of each matched folder's run says of its end and its files."""
    due_of = {folder.prefix: run.key.due for run, folder in match.runs if folder}
    for prefix, sight in sights.items():
        claim = held.claims.get(due_of[prefix]) if prefix in due_of else None
        ended = claim.ended if claim else None
        yield (
            prefix,
            replace(sight, run_ended=ended, is_accounted_for=claim is not None and _accounts_for(claim, sight)),
        )


def _landed(match: Match, sights: Mapping[str, FolderSight]) -> Iterator[Landed]:
    due_of = {folder.prefix: run.key.due for run, folder in match.runs if folder}
    asked_for_by_none = {folder.prefix for folder, _ in match.duplicates} | {f.prefix for f in match.unexpected}
    for prefix in (*due_of, *asked_for_by_none):
        if sight := sights.get(prefix):
            names = frozenset(manifest.run_id for manifest in sight.told.speaking if manifest.run_id)
            yield Landed(prefix, sight.folder.export_time, due_of.get(prefix), names)


def _says_nothing(claim: Claim) -> bool:
    """Whether the record leaves open if there was anything to export."""
    if claim.state is RunState.NONE:
        return True
    return claim.state is RunState.SUCCEEDED and claim.read == Counts() and claim.written == Counts()


def _accounts_for(claim: Claim, sight: FolderSight) -> bool:
    """Whether a run that ended well wrote exactly these files, by their bytes and, where it says, their number."""
    if claim.state is not RunState.SUCCEEDED or claim.ended is None or claim.written.bytes is None:
        return False
    files = sight.folder.files
    if claim.written.files is not None and claim.written.files != len(files):
        return False
    return bool(files) and claim.written.bytes == sum(file.size for file in files)
