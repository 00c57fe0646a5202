"""One dataset's habits: schedule, format, manifests, sizes and delays, or why they cannot be told. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median

from auditor.model import Compression, FileFormat
from auditor.propose.rhythm import LEAST, RECENT, Stretch, find_stretches
from auditor.propose.seen import Export, Seen

_SAME = 0.9  # least share of exports that must be alike to be called the rule
_NEWEST = 5  # exports in a row that show what holds now
_BACKFILL = 3  # a first export this many times the usual size is a backfill
_USUAL = 0.95  # share of exports whose delay is called usual
_COPIED_SPAN = timedelta(days=3)  # as the audit tells a copy from a delay: see its verdict rules
_COPIED_DENSITY = 4
_COPIED_LATE = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Manifests:
    """How many exports came with a manifest."""

    have: int
    of: int
    since: datetime | None = None  # the newest exports all have one, from this one on
    above: int = 0  # manifests that lie above the export folders: whose they are was not looked up

    @property
    def usual(self) -> bool:
        """Whether manifests are switched on, as far as the newest exports tell."""
        return self.have >= _SAME * self.of or self.since is not None or self.above >= _SAME * self.of

    @property
    def mixed(self) -> bool:
        return 0 < self.have < _SAME * self.of


@dataclass(frozen=True, slots=True)
class Sizes:
    """Bytes of the first export and of a usual later one."""

    first: int
    later: int

    @property
    def backfill(self) -> bool:
        return self.first >= _BACKFILL * max(1, self.later)


@dataclass(frozen=True, slots=True)
class Delays:
    """How long after their due times the files of exports were written."""

    usual: timedelta | None = None  # the largest of nearly all; None where nothing tells
    largest: timedelta | None = None
    measured: int = 0
    copied: int = 0  # exports that share the date of a copy, which tells nothing

    @property
    def all_copied(self) -> bool:
        return self.copied > 0 and self.measured == 0


@dataclass(frozen=True, slots=True)
class Habits:
    """What one dataset's exports have in common."""

    dataset: str
    stretches: tuple[Stretch, ...]  # one or two, oldest first, all clear
    older: int  # exports before them, not explained by them
    unlooked: int  # exports older than the newest that were looked at
    format: FileFormat
    compression: Compression
    encrypted: bool
    alike: int  # exports of that format and compression
    exports: int
    first: datetime
    newest: datetime
    manifests: Manifests
    sizes: Sizes
    delays: Delays
    empty: int = 0
    malformed: int = 0

    @property
    def beside(self) -> tuple[datetime, ...]:
        """Stamps of exports that the proposed schedules do not ask for."""
        return tuple(_moment(stamp) for stretch in self.stretches for stamp in stretch.beside)

    @property
    def missing(self) -> int:
        """Due times without an export, between the first and the last export of each schedule."""
        return sum(stretch.due - len(stretch.matched) for stretch in self.stretches)


def read_habits(seen: Seen) -> Habits | str:
    """The habits of a dataset, or a sentence that says why nothing is proposed for it."""
    exports = seen.exports
    if len(exports) < LEAST:
        return _too_few(seen)
    stretches = find_stretches([int(export.stamp.timestamp()) for export in exports])
    if not stretches or not stretches[-1].clear:
        return _no_rhythm(exports, stretches)
    kept = stretches[-2:] if len(stretches) > 1 and stretches[-2].clear else stretches[-1:]
    kind, alike = Counter(export.kind for export in exports).most_common(1)[0]
    if alike < _SAME * len(exports):
        return _mixed(exports)
    if kind.format is None or kind.compression is None:
        return f"{len(exports)} exports; the names of their files do not say whether they are JSON or Parquet"
    looked = exports[-RECENT:]
    return Habits(
        dataset=seen.dataset,
        stretches=tuple(kept),
        older=sum(len(stretch.stamps) for stretch in stretches[: -len(kept)]),
        unlooked=len(exports) - len(looked),
        format=kind.format,
        compression=kind.compression,
        encrypted=kind.encrypted,
        alike=alike,
        exports=len(exports),
        first=exports[0].stamp,
        newest=exports[-1].stamp,
        manifests=_read_manifests(seen),
        sizes=Sizes(exports[0].bytes, int(median(export.bytes for export in exports[1:]))),
        delays=_read_delays(looked, kept),
        empty=seen.empty,
        malformed=seen.malformed,
    )


def _too_few(seen: Seen) -> str:
    count = len(seen.exports)
    when = f" ({_minute(seen.exports[0].stamp)})" if count == 1 else _span(seen.exports) if count else ""
    also = [f"{counted(seen.empty, 'export folder')} without data files"] if seen.empty else []
    also += [f"{counted(seen.malformed, 'folder')} whose export time cannot be read"] if seen.malformed else []
    more = "".join(f", {text}" for text in also)
    return f"{counted(count, 'export')}{when}{more}; at least {LEAST} at even distances are needed"


def _no_rhythm(exports: Sequence[Export], stretches: Sequence[Stretch]) -> str:
    told = f"{counted(len(exports), 'export')}{_span(exports)} at no even distances"
    if not stretches:
        return told
    last = stretches[-1]
    if len(stretches) > 1 and stretches[-2].clear:
        before = stretches[-2].rhythm.step // 3600
        since = _minute(_moment(last.stamps[0]))
        return (
            f"{counted(len(exports), 'export')}{_span(exports)}: every {before}h until then, but those since {since} "
            f"({len(last.stamps)}) follow no schedule that is clear yet"
        )
    hours = last.rhythm.step // 3600
    fits = f"every {hours}h fits best and explains {len(last.matched)} of the newest {len(last.stamps)}"
    return f"{told}: {fits}, with {last.due - len(last.matched)} due times left without one"


def _mixed(exports: Sequence[Export]) -> str:
    """Each format with the last export that has it, so that a change can be told from a mixture."""
    counts = Counter(export.kind for export in exports)
    newest = {export.kind: export.stamp for export in exports}
    told = [
        f"{count} {kind.format or 'of a kind that their names do not say'}"
        f"{f' with compression {kind.compression}' if kind.compression else ''} (newest {_minute(newest[kind])})"
        for kind, count in counts.most_common(4)
    ]
    return f"mixed formats: {', '.join(told)}; two flows into one folder, or a flow that was changed"


def _read_manifests(seen: Seen) -> Manifests:
    have = [export.manifests > 0 for export in seen.exports]
    trailing = 0
    for one in reversed(have):
        if not one:
            break
        trailing += 1
    switched = _NEWEST <= trailing < len(have)
    since = seen.exports[-trailing].stamp if switched else None
    return Manifests(sum(have), len(have), since, seen.manifests_above)


def _read_delays(exports: Sequence[Export], stretches: Sequence[Stretch]) -> Delays:
    due_of = {stamp: due for stretch in stretches for due, stamp in stretch.matched.items()}
    pairs = [
        (_moment(due_of[int(export.stamp.timestamp())]), export.modified)
        for export in exports[1:] or exports  # the first may be a backfill, with a patience of its own
        if int(export.stamp.timestamp()) in due_of and export.modified is not None
    ]
    copied = _find_copied(pairs)
    own = sorted(modified - due for due, modified in pairs if (due, modified) not in copied)
    if not own:
        return Delays(copied=len(copied))
    usual = own[min(len(own) - 1, int(_USUAL * (len(own) - 1)))]
    return Delays(usual, own[-1], len(own), len(copied))


def _find_copied(pairs: Sequence[tuple[datetime, datetime]]) -> set[tuple[datetime, datetime]]:
    """Exports written long after they were due, and all about the same time: a synced or restored bucket."""
    late = [pair for pair in pairs if pair[1] - pair[0] > _COPIED_LATE]
    if len(late) < 3:
        return set()
    dues, moments = [due for due, _ in late], [modified for _, modified in late]
    span = max(dues) - min(dues)
    dense = (max(moments) - min(moments)) * _COPIED_DENSITY <= span
    if not (span >= _COPIED_SPAN and dense):
        return set()
    return {pair for pair in pairs if min(moments) <= pair[1] <= max(moments)}


def counted(number: int, noun: str) -> str:
    """`1 export`, `1,200 exports`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _span(exports: Sequence[Export]) -> str:
    return f" ({_minute(exports[0].stamp)} to {_minute(exports[-1].stamp)})"


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
