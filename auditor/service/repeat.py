"""Which listings of earlier audits a repeat audit stands on, and from when on it looks again."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b

from auditor.ledger import KeptListing, Ledger
from auditor.model import DestinationFacts, ExportFolder, Look
from auditor.scan import Partition, Recalled
from auditor.service.chains import Expected
from auditor.service.options import AuditOptions

AWAITED = timedelta(days=2)
"""How long after its deadline an export is looked for at each audit: a full listing finds what comes later still."""

SETTLING = timedelta(hours=1)  # no change for so long, at the least, before an object is taken on trust


@dataclass(frozen=True, slots=True)
class Repeating:
    """Remembers the listings of one destination between audits. Satisfies `auditor.scan.Earlier`."""

    facts: DestinationFacts
    source: str  # what the destination's name stands for
    known: Ledger  # what is recalled comes from here
    book: Ledger  # what is listed goes there
    options: AuditOptions
    expected: Collection[Expected]  # of the datasets in scope, while they are not judged yet

    def recall(self, prefix: str, datasets: Collection[str], shape: str) -> Recalled | None:
        """The last listing of `prefix`; None where it must be listed in full."""
        if self.options.reverify or self.options.relist == timedelta():
            return None
        kept = self.known.recall_listing(self.facts.name, prefix)
        if kept is None or kept.shape != self._shape(shape) or self._is_too_old(kept):
            return None
        now, mine = self.options.now, [one for one in self.expected if one.dataset in datasets]
        settle = max((w.settle for one in mine for w in one.flow.windows.values()), default=SETTLING)
        return Recalled(
            kept.parts,
            kept.revision,
            kept.fully_at,
            since=_oldest_awaited(mine, now=kept.looked_at),  # what came since then was seen by nobody
            unsettled_after=kept.looked_at - max(2 * settle, SETTLING),
            expired_before=now - self.facts.retain if self.facts.retain else None,
        )

    def record(self, partition: Partition) -> None:
        """Keep what was listed. Only once its folders are recorded: a listing that is kept is not recorded anew."""
        for listing in partition.listings:
            self.book.record_listing(self.facts.name, listing, shape=self._shape(listing.shape), at=self.options.now)

    def forget(self, partition: Partition, moved: Collection[str]) -> None:
        """`moved` are not as listed: what was taken on trust beside one of them is listed anew by the next audit."""
        for listing in partition.listings:
            if any(listing.carries(key) for key in moved):
                self.book.forget_listing(self.facts.name, listing.prefix)

    def _is_too_old(self, kept: KeptListing) -> bool:
        """Whether the promise of `relist` would be broken by the next audit, if that comes as soon as this one did."""
        since_last = self.options.now - kept.looked_at
        if since_last < timedelta():
            return True  # a clock that went back: nothing is known of what came meanwhile
        promise = self.options.relist
        return promise is not None and self.options.now - kept.fully_at + since_last > promise

    def _shape(self, shape: str) -> str:
        """Short, and without anything of what it stands for."""
        return blake2b(f"{self.source}\0{shape}".encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def seen_now(partition: Partition) -> list[ExportFolder]:
    """Its folders that were listed in this audit."""
    return [f for f in partition.folders if not any(listing.carries(f.prefix) for listing in partition.listings)]


def looks_of(destination: str, partition: Partition, datasets: Iterable[str]) -> Iterator[Look]:
    """How each of `datasets` was looked at."""
    earlier = [listing.fully_at for listing in partition.listings if listing.fully_at and listing.start_at]
    for dataset in datasets:
        yield Look(destination, dataset, min(earlier, default=None))


def _oldest_awaited(expected: Iterable[Expected], *, now: datetime) -> datetime:
    """The earliest export time that an export still to come, or to be completed, may have."""
    runs = (run for one in expected for run in one.runs)
    awaited = (run.early_from for run in runs if run.missing_after + AWAITED >= now)
    return min([now - AWAITED, *awaited])
