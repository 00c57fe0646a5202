"""What Experience Platform's run records say of a world: what was written, unless a claim says otherwise."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import TypeAlias

from auditor.worlds.model import Delivery, NotHere, Part, Run, Said, World, WorldFlow
from auditor.worlds.plan import deliver, name_run
from auditor.worlds.schedule import list_due_times

SizeOf: TypeAlias = Callable[[Part], int]

LOST = 7  # records that a run in part did not export
EMPTY_RUN = timedelta(milliseconds=5)  # so long did the one last that Adobe shows
FAILED_RUN = timedelta(minutes=38)
LATE_START = timedelta(minutes=63)  # as in Adobe's samples
FAILURE = ("ACTIVATION_BATCH-0000-FAILED", "Job aborted.")
IN_PART = ("ACTIVATION_BATCH-0000-PARTIAL", "Some records could not be exported.")


@dataclass(frozen=True, slots=True)
class Amount:
    """How much; None: not told."""

    records: int | None = None
    files: int | None = None
    bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """One flow run as Experience Platform keeps it. `read` and `written` are by dataset id."""

    id: str
    flow: str
    started: datetime
    ended: datetime | None
    word: str  # success, failed, partialSuccess, inProgress; "": not told
    read: dict[str, Amount] = field(default_factory=dict)
    written: dict[str, Amount] = field(default_factory=dict)
    errors: tuple[tuple[str, str], ...] = ()  # code, message

    @property
    def created(self) -> datetime:
        return self.started - timedelta(seconds=1)


def list_records(world: World, flow: WorldFlow, *, size_of: SizeOf | None = None) -> list[Record]:
    """The records of `flow` at the world's `now`, oldest first: one per run id, and one of its own per claim.

    `size_of`: bytes of a part; without it no record tells sizes. Raises NotHere where the flow does not tell its
    datasets apart and nothing came for some of them: then nobody could say of which.
    """
    kept = _Keeper(world, flow, size_of)
    found = [record for due in list_due_times(flow, world.now) for record in kept.list_due(due)]
    found += kept.list_on_demand()
    begun = (_as_of(record, world.now) for record in found if record.started <= world.now)
    return sorted(begun, key=lambda record: (record.started, record.id))


class _Keeper:
    """Makes the records of one flow."""

    def __init__(self, world: World, flow: WorldFlow, size_of: SizeOf | None) -> None:
        self.world, self.flow, self.size_of = world, flow, size_of
        self._claims = {said.run: said for said in world.claims}
        self._came: dict[Run, Delivery] = {}
        for delivery in world.deliveries:
            if delivery.flow == flow.name and delivery.due is not None:
                self._came.setdefault(Run(flow.name, delivery.dataset, delivery.due), delivery)

    def list_due(self, due: datetime) -> Iterator[Record]:
        runs = [Run(self.flow.name, dataset.id, due) for dataset in self.flow.datasets]
        together: dict[str, list[Delivery]] = {}
        for run in runs:
            if run in self._came and run not in self._claims:
                name = name_run(self.world, self.flow, run.dataset, due)
                together.setdefault(name, []).append(self._came[run])
        shared = sum(map(len, together.values()))
        if self.flow.entities is None and 0 < shared < len(runs):
            raise NotHere(f"{self.flow.name} {due}: no record tells of which dataset nothing came")
        for name, deliveries in together.items():
            yield self._as_written(name, self._start(name, due), deliveries)
        for run in runs:
            if said := self._claims.get(run):
                yield from self._as_said(said)

    def list_on_demand(self) -> Iterator[Record]:
        """A folder that no due time asked for has a run of its own: on demand, or a second one after a retry."""
        for delivery in self.world.deliveries:
            if delivery.flow == self.flow.name and delivery.due is None:
                attempt, at = delivery.faults[0], delivery.export_time
                name = name_run(self.world, self.flow, delivery.dataset, at, attempt=attempt)
                name = next((manifest.flow_run_id for manifest in delivery.manifests), name)
                yield self._as_written(name, self._start(name, at), [delivery])

    def _as_written(self, name: str, started: datetime, deliveries: list[Delivery]) -> Record:
        ended = max(self._end(delivery, started) for delivery in deliveries)
        amounts = {delivery.dataset: self._amount(delivery) for delivery in deliveries}
        return Record(name, self.flow.name, started, ended, "success", amounts, amounts)

    def _as_said(self, said: Said) -> Iterator[Record]:
        """The records of a run of which something else is said than what was written."""
        at, due, alone = said.run.dataset, said.run.due, len(self.flow.datasets) == 1
        name = name_run(self.world, self.flow, at, due, attempt="" if alone else f"{at}/")
        delivery = self._came.get(said.run) or deliver(self.world, self.flow, self.flow.dataset(at), due)
        base = self._as_written(name, self._start(name, due), [delivery])
        amount = self._amount(delivery)
        match said.kind:
            case "succeeded":
                told = _more(amount, said.records, said.files)
                yield replace(base, read={at: told}, written={at: told})
            case "failed":
                failed = replace(base, ended=base.started + FAILED_RUN, word="failed", errors=(FAILURE,))
                yield replace(failed, read={at: Amount(records=0)}, written={})
            case "partial":
                yield replace(base, word="partialSuccess", read={at: _more(amount, LOST)}, errors=(IN_PART,))
            case "empty":
                nothing = {at: Amount(records=0, bytes=0)}
                yield replace(base, ended=base.started + EMPTY_RUN, word="", read=nothing, written={})
            case "open":
                yield replace(base, ended=None, word="inProgress", written={})
            case "silent":
                yield replace(base, word="", read={at: Amount()}, written={})
            case "late":
                begun = base.started + LATE_START
                yield replace(base, started=begun, ended=self._end(delivery, begun))
            case "halves":
                yield from self._halves(base, at, amount)
            case "none":
                pass
            case _:
                raise ValueError(f"nobody says {said.kind!r} of a run")

    def _halves(self, base: Record, dataset: str, amount: Amount) -> Iterator[Record]:
        first = _more(amount, -((amount.records or 0) // 2), -((amount.files or 0) // 2))
        rest = _more(amount, -(first.records or 0), -(first.files or 0))
        if amount.bytes is not None:
            first, rest = replace(first, bytes=amount.bytes // 2), replace(rest, bytes=amount.bytes - amount.bytes // 2)
        yield replace(base, read={dataset: first}, written={dataset: first})
        name = name_run(self.world, self.flow, dataset, base.started, attempt="half")
        later = base.started + timedelta(seconds=30)
        yield replace(base, id=name, started=later, read={dataset: rest}, written={dataset: rest})

    def _start(self, name: str, due: datetime) -> datetime:
        """A little after it was due."""
        return due + timedelta(milliseconds=Random(f"{self.world.seed}/{name}").randrange(2_000, 90_000))

    def _end(self, delivery: Delivery, started: datetime) -> datetime:
        """When its last file was written; after a copy nobody knows from the files."""
        if (delivery.flow, delivery.dataset) in self.world.undated:
            return started + timedelta(minutes=30)
        return max(delivery.complete_at, started + EMPTY_RUN)

    def _amount(self, delivery: Delivery) -> Amount:
        """What the writer wrote: by its own list where it left one, whatever befell the files afterwards."""
        own = [one for one in delivery.manifests if one.sink_path == "/" + delivery.prefix.rstrip("/")]
        parts = own[0].listed if own else delivery.parts
        size = None if self.size_of is None else sum(map(self.size_of, parts))
        return Amount(sum(part.recipe.rows for part in parts), len(parts), size)


def _more(amount: Amount, records: int, files: int = 0) -> Amount:
    return replace(amount, records=(amount.records or 0) + records, files=(amount.files or 0) + files)


def _as_of(record: Record, now: datetime) -> Record:
    """As it stands at `now`: open, and without a count of what was written, where it ends later."""
    if record.ended is not None and record.ended > now:
        return replace(record, ended=None, word="inProgress", written={}, errors=())
    return record
