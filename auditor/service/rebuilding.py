"""A new ledger made from storage, beside the old one, and what the old one knows that storage does not tell."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from adapters.base import inert
from auditor.ledger import Ledger, LedgerError
from auditor.ledger.comparing import (
    Knowledge,
    LostObjects,
    carry_watching,
    current_verdicts,
    find_lost_objects,
    list_knowledge,
)
from auditor.ledger.database import parse_place
from auditor.ledger.existing import ExistingLedger, is_sqlite
from auditor.ledger.moving import refuse_a_filled_one
from auditor.ledger.replacing import replace_ledger, settle_file
from auditor.ledger.schema import HEAD
from auditor.model import Arrival, AuditResult, Verdict
from auditor.service.audit import run_audit
from auditor.service.options import AuditOptions, Progress
from auditor.settings import Config

Subject = tuple[str, str, str, datetime | None, str]  # flow, dataset, destination, due, folder of an unexpected one


@dataclass(frozen=True, slots=True)
class Difference:
    """One run, or unexpected folder, as both say it. None: it is not known there."""

    old: Verdict | None
    new: Verdict | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """The old ledger beside the new one."""

    same: int
    changed: tuple[Difference, ...]
    first_seen: tuple[Difference, ...]  # the same export; that it was there earlier is known by the old one alone
    only_old: tuple[Difference, ...]  # of earlier schedules, or no longer configured
    only_new: tuple[Difference, ...]
    unseen: tuple[Difference, ...]  # the old one knows an answer, and this time nobody could look
    lost: LostObjects
    knowledge: tuple[Knowledge, ...]


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What became of it."""

    shown: str  # where the new one lies, safe to print
    result: AuditResult
    comparison: Comparison | None  # None: the old one cannot be read, because of `trouble`
    trouble: str = ""
    replaced: Path | None = None  # what the old one is called now
    refused: str = ""  # why it was not replaced


def rebuild_ledger(
    config: Config,
    *,
    now: datetime,
    to: str = "",
    replaces: bool = False,
    progress: Progress | None = None,
    **how: Any,
) -> Rebuilt:
    """Make a new ledger by one audit that lists and reads everything; nothing of the old one changes.

    `to`: the URL of an empty place; else the file `….rebuilt` beside the old one. It is there whole, or not at all (in
    PostgreSQL, or by `to`: without a finished audit). `replaces`: then put it in the place of the old one, unless that
    knows what storage lacks. `how` goes to `run_audit`. Raises LedgerError.
    """
    old_url = config.ledger_url
    trouble = _trouble_of(old_url)
    target = to or f"sqlite:///{_beside(old_url)}"
    place = parse_place(target)
    building = target
    if not to:
        assert place.path is not None
        _refuse_files(place.path, part := _part_of(place.path))
        building = f"sqlite:///{part}"
    refuse_a_filled_one(building)
    with Ledger.open(building) as new:
        result, comparison, trouble = _fill(config, new, trouble, now=now, progress=progress, **how)
    if not to:
        assert place.path is not None
        settle_file(_part_of(place.path))
        _part_of(place.path).rename(place.path)
    done = Rebuilt(place.shown, result, comparison, trouble)
    return _replaced(done, old_url, place.path, now) if replaces else done


def _trouble_of(url: str) -> str:
    """Why the ledger cannot be compared with; "": it can. Raises LedgerError where there is none."""
    place = parse_place(url)
    if place.path is not None and not place.path.exists():
        raise LedgerError(f"ledger {place.shown}: there is none to compare with; an audit makes a new one")
    try:
        with closing(ExistingLedger.open(url)) as old:
            version = old.version
    except LedgerError as error:
        return str(error)
    if version != HEAD:
        raise LedgerError(f"ledger {place.shown}: its schema is {version}; run export-auditor db upgrade first")
    return ""


def _beside(url: str) -> Path:
    place = parse_place(url)
    if not is_sqlite(place) or place.path is None:
        raise LedgerError(f"ledger {place.shown}: name an empty place for the new one: --to postgresql://…")
    return place.path.with_name(f"{place.path.name}.rebuilt")


def _part_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.part")


def _refuse_files(*paths: Path) -> None:
    for path in paths:
        if path.exists():
            raise LedgerError(
                f"ledger {inert(str(path))}: it is there already, of a rebuilding that goes on, ended or broke off; "
                "remove it if nobody needs it"
            )


def _fill(
    config: Config, new: Ledger, trouble: str, *, now: datetime, progress: Progress | None, **how: Any
) -> tuple[AuditResult, Comparison | None, str]:
    if not trouble:
        try:
            with Ledger.open(config.ledger_url) as old:
                carry_watching(old, new)
        except LedgerError as error:
            trouble = str(error)
    options = AuditOptions(now=now, reverify=True, relist=timedelta())
    result = run_audit(config, new, options, progress=progress, **how)
    if trouble:
        return result, None, trouble
    try:
        with Ledger.open(config.ledger_url) as old:
            return result, _compare(old, new, _expired_before(config, now)), ""
    except LedgerError as error:
        return result, None, str(error)


def _expired_before(config: Config, now: datetime) -> Mapping[str, datetime]:
    """By destination: what is older is gone by its retention, or its single files would be let go by ours."""
    kept = {name: place.facts.retain for name, place in config.destinations.items()}
    return {name: now - min(retain or config.retention.files, config.retention.files) for name, retain in kept.items()}


def _compare(old: Ledger, new: Ledger, expired_before: Mapping[str, datetime]) -> Comparison:
    before = {_subject(one): one for one in current_verdicts(old)}
    after = {_subject(one): one for one in current_verdicts(new)}
    both = [Difference(before[subject], after[subject]) for subject in before if subject in after]
    differ = [one for one in both if one.old and one.new and _said(one.old) != _said(one.new)]
    unseen = [one for one in differ if _is_unseen(one)]
    sights = [one for one in differ if _is_first_sight(one)]
    return Comparison(
        same=len(both) - len(differ),
        changed=tuple(one for one in differ if one not in unseen and one not in sights),
        first_seen=tuple(sights),
        only_old=tuple(Difference(one, None) for subject, one in before.items() if subject not in after),
        only_new=tuple(Difference(None, one) for subject, one in after.items() if subject not in before),
        unseen=tuple(unseen),
        lost=find_lost_objects(old, new, expired_before=expired_before),
        knowledge=tuple(list_knowledge(old, new)),
    )


def _subject(verdict: Verdict) -> Subject:
    folder = verdict.folder if verdict.due is None else ""
    return verdict.flow, verdict.dataset, verdict.destination, verdict.due, folder


def _said(verdict: Verdict) -> tuple[object, ...]:
    """What a verdict says of the export itself: not in which words, nor since when it was known."""
    answers = verdict.arrival, verdict.content, verdict.level
    return *answers, verdict.folder, verdict.files, verdict.records, verdict.bytes


def _is_first_sight(one: Difference) -> bool:
    """Whether both say the same of one export but when it came, which the old one saw before its files' own times."""
    if one.old is None or one.new is None or not one.new.folder:
        return False
    return _said(replace(one.new, arrival=one.old.arrival)) == _said(one.old) and (
        one.old.arrived_at is not None and one.new.arrived_at is not None and one.old.arrived_at < one.new.arrived_at
    )


def _is_unseen(one: Difference) -> bool:
    known = one.old is not None and one.old.arrival is not Arrival.UNKNOWN
    return known and one.new is not None and one.new.arrival is Arrival.UNKNOWN


def _replaced(done: Rebuilt, old_url: str, new: Path | None, now: datetime) -> Rebuilt:
    old = parse_place(old_url).path
    if refused := _why_not(done, old, new):
        return replace(done, refused=refused)
    assert old is not None
    assert new is not None
    return replace(done, replaced=replace_ledger(old, new, at=now), shown=parse_place(old_url).shown)


def _why_not(done: Rebuilt, old: Path | None, new: Path | None) -> str:
    if done.comparison is None:
        return "nobody can say what the old one knows, for it cannot be read; rename it yourself if it is to go"
    if lost := done.comparison.lost.count:
        return f"the old one knows {lost:,} objects that storage lacks: it is the only witness of them"
    if unseen := len(done.comparison.unseen):
        return f"of {unseen:,} runs the old one knows how they stand, and this time nobody could look"
    if old is None or new is None:
        return "a ledger in PostgreSQL is replaced by naming the new one in the configuration (ledger:)"
    return ""
