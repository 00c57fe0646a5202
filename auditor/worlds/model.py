"""The words of a world: what Experience Platform wrote, and what an audit of it must find.

A vocabulary of its own, plain strings for kinds and severities: a world shares no type and no rule with the
auditor, so that it cannot agree with it by construction. Everything is frozen; a fault returns a new world.
Times are aware UTC, sizes are bytes.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import NamedTuple, TypeAlias

from auditor.worlds.encode import Recipe, render_part

Edit: TypeAlias = Callable[[bytes], bytes]
"""What happened to the bytes of an object after they were right. Pure."""


class NotHere(ValueError):
    """This fault cannot happen at this place of this world, or would make the answer ambiguous."""


class Run(NamedTuple):
    """Names one due run of one dataset."""

    flow: str
    dataset: str
    due: datetime


@dataclass(frozen=True, slots=True)
class WorldDataset:
    id: str
    name: str
    kind: str = "events"  # "events" | "profiles"


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often a flow exports from `start` on: what an edit of its schedule sets."""

    start: datetime
    every: timedelta | None = None
    cron: str = ""  # if given, instead of `every`


@dataclass(frozen=True, slots=True)
class WorldFlow:
    """One dataflow: a schedule that all its datasets share, and how it writes."""

    name: str
    id: str  # Experience Platform's flow id, a UUID
    datasets: tuple[WorldDataset, ...]
    start: datetime
    every: timedelta | None = timedelta(hours=3)  # None: once
    cron: str = ""  # minute and hour, day of week or "*" last; if given, instead of `every`
    zone: str = "UTC"  # of `cron`
    edits: tuple[Rhythm, ...] = ()  # later edits of the schedule, oldest first
    end: datetime | None = None  # a run due at `end` still happens
    exceptions: tuple[date, ...] = ()  # UTC days without exports
    format: str = "json"  # "json" | "parquet"
    compression: str = "gzip"  # "gzip" | "none"
    manifest: bool = False
    manifest_above: bool = False  # the manifest lies in the folder above the export folder
    mode: str = "incremental"  # "incremental" | "full" | "once"
    template: str = "%DATASET_ID%/%EXPORT_TIME%"
    digits: int = 12  # of exportTime=, 12 or 14
    starts_after: timedelta = timedelta(0)  # the export time in the folder name, counted from the due time
    parts: tuple[int, int] = (1, 3)  # fewest and most files of an ordinary run
    rows: tuple[int, int] = (8, 25)  # fewest and most records of a file
    backfill: tuple[int, int] = (6, 120)  # files, and records in each, of the first run
    entities: str | None = ""  # what stands before the dataset id in the counts of its runs; None: not told apart

    def dataset(self, dataset_id: str) -> WorldDataset:
        """Raises NotHere if the flow has no such dataset."""
        for dataset in self.datasets:
            if dataset.id == dataset_id:
                return dataset
        raise NotHere(f"flow {self.name} has no dataset {dataset_id}")


@dataclass(frozen=True, slots=True)
class Part:
    """One data file. `edits` are what befell it after it was written and listed."""

    name: str
    recipe: Recipe
    modified: datetime
    edits: tuple[Edit, ...] = ()

    def render(self) -> bytes:
        data = render_part(self.recipe)
        for edit in self.edits:
            data = edit(data)
        return data


@dataclass(frozen=True, slots=True)
class ManifestFile:
    """A manifest, told apart from the files it lists: these may change after it was written."""

    name: str
    flow_run_id: str
    scheduled: datetime
    sink_path: str
    listed: tuple[Part, ...]
    modified: datetime
    resized: tuple[tuple[str, int], ...] = ()  # name, bytes added to the size it lists
    edits: tuple[Edit, ...] = ()
    place: str | None = None  # key prefix of the folder it lies in; None: the export folder


@dataclass(frozen=True, slots=True)
class Loose:
    """An object that belongs to no export."""

    key: str
    data: bytes
    modified: datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came for one dataset at one export time."""

    flow: str
    dataset: str
    due: datetime | None  # None: no schedule asked for it
    export_time: datetime
    prefix: str  # key prefix of the export folder, ends with "/"
    parts: tuple[Part, ...]
    manifests: tuple[ManifestFile, ...] = ()
    loose: tuple[Loose, ...] = ()
    faults: tuple[str, ...] = ()  # names of the faults that befell it
    sound: bool = True  # whether a restore could use it
    doubtful: bool = False  # nobody can tell whether a restore could use it: the audit must say just that

    @property
    def written(self) -> list[datetime]:
        """When each of its objects was written."""
        parts = [part.modified for part in self.parts]
        return [*parts, *(m.modified for m in self.manifests), *(item.modified for item in self.loose)]

    @property
    def manifest_keys(self) -> list[str]:
        """Where its manifests lie."""
        return [(self.prefix if m.place is None else m.place) + m.name for m in self.manifests]

    @property
    def begun_at(self) -> datetime:
        """When the first of its objects was written."""
        return min(self.written, default=self.export_time)

    @property
    def complete_at(self) -> datetime:
        """When the last of its objects was written."""
        return max(self.written, default=self.export_time)


@dataclass(frozen=True, slots=True)
class Expected:
    """A finding that an audit must report. `key` is compared only where it is given."""

    code: str
    severity: str
    flow: str = ""
    dataset: str = ""
    due: datetime | None = None
    key: str | None = None
    note: str = ""  # for people: what happened
    anywhere: bool = False  # it is about no destination


@dataclass(frozen=True, slots=True)
class Said:
    """What Experience Platform says of one run of one dataset, where that is not simply what was written.

    `kind`: failed, partial, succeeded (whatever lies there), empty (nothing to export), open (not ended), none (no
    record), silent (ended, without a word or a number), halves (two records that add up), late (begun an hour
    after it was due). `records` and `files` are added to those that were written.
    """

    run: Run
    kind: str
    records: int = 0
    files: int = 0


@dataclass(frozen=True, slots=True)
class Crossed:
    """How the answer about one run differs for an audit that reads the run records too."""

    run: Run
    silenced: tuple[str, ...] = ()  # codes that are not told of it then
    expected: tuple[Expected, ...] = ()  # told beside the others
    verdict: tuple[str, str] | None = None  # arrival, content
    doubtful: bool = False  # the audit must say that it cannot tell


@dataclass(frozen=True, slots=True)
class WorldObject:
    """One object to be laid out. A key that ends with "/" is a folder marker of zero bytes."""

    key: str
    data: bytes
    modified: datetime


@dataclass(frozen=True, slots=True)
class World:
    """A destination with everything that was written to it, up to `now`."""

    seed: str
    now: datetime
    destination: str
    folder: str  # the folder path typed in Experience Platform, no slashes at its ends; may be empty
    flows: tuple[WorldFlow, ...]
    deliveries: tuple[Delivery, ...] = ()
    dropped: tuple[Run, ...] = ()  # due runs of which nothing came
    loose: tuple[Loose, ...] = ()
    expectations: tuple[Expected, ...] = ()  # by the faults; see worlds.expected for all
    undated: tuple[tuple[str, str], ...] = ()  # flow, dataset: no one can tell when its exports came
    retain: timedelta | None = None  # how long the destination keeps exports, as configured
    verdicts: tuple[tuple[Run, str, str], ...] = ()  # (arrival, content) of runs that faults befell
    untold: tuple[Run, ...] = ()  # runs of which nothing is left: no one can tell whether they came
    claims: tuple[Said, ...] = ()  # where Experience Platform's records differ from what was written
    crossed: tuple[Crossed, ...] = ()  # what reading them changes; see worlds.expected
    unexported: tuple[WorldDataset, ...] = ()  # datasets of the sandbox that no flow ever exported

    def flow(self, name: str) -> WorldFlow:
        """Raises NotHere if there is no such flow."""
        for flow in self.flows:
            if flow.name == name:
                return flow
        raise NotHere(f"no flow {name}")

    def delivery(self, run: Run) -> Delivery:
        """The first delivery for `run`. Raises NotHere if none came."""
        for delivery in self.deliveries:
            if (delivery.flow, delivery.dataset, delivery.due) == run:
                return delivery
        raise NotHere(f"nothing came for {run.flow} {run.dataset} {run.due:%Y-%m-%dT%H:%MZ}")

    def runs(self) -> Iterator[Run]:
        """Each due run for which something came."""
        for delivery in self.deliveries:
            if delivery.due is not None:
                yield Run(delivery.flow, delivery.dataset, delivery.due)

    def with_delivery(self, old: Delivery | None, new: Delivery | None) -> "World":
        """The world with `old` replaced by `new`; None stands for nothing there."""
        kept = [new if d is old else d for d in self.deliveries]
        if old is None:
            kept.append(new)
        return replace(self, deliveries=tuple(d for d in kept if d is not None))

    def judged(self, run: Run, arrival: str, content: str) -> "World":
        """The world in which an audit must give `run` this verdict."""
        return replace(self, verdicts=(*self.verdicts, (run, arrival, content)))

    def claiming(self, said: Said, crossed: Crossed) -> "World":
        """The world of which Experience Platform says `said`. Raises NotHere if it says something of it already."""
        if any(other.run == said.run for other in self.claims):
            raise NotHere(f"{said.run.flow} {said.run.due}: another claim is made of it already")
        return replace(self, claims=(*self.claims, said)).knowing(crossed)

    def knowing(self, crossed: Crossed) -> "World":
        """The world in which reading the run records changes the answer by `crossed`."""
        return replace(self, crossed=(*self.crossed, crossed))

    def expecting(self, *expected: Expected) -> "World":
        return replace(self, expectations=(*self.expectations, *expected))
