"""Lists one prefix: in full, or from the first export that may be new, with the older objects as last listed."""

from collections.abc import Iterator
from datetime import UTC, datetime

from adapters.base import Adapter, ObjectInfo
from auditor.model import DestinationFacts
from auditor.scan.earlier import FORMAT, Earlier, Listing, Recalled, Recorder
from auditor.scan.layout import Placed
from auditor.scan.names import FileKind, file_kind
from auditor.scan.plan import Work
from auditor.scan.starts import start_of

_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)
_LASTING = (FileKind.DATA, FileKind.MANIFEST)  # who lacks one of these had it deleted; an upload ends by renaming


class Looking:
    """One look at the prefixes of one partition. `listings` says how, once the objects have ended by themselves."""

    def __init__(self, adapter: Adapter, facts: DestinationFacts, work: Work, earlier: Earlier | None) -> None:
        """Without `earlier`, everything is listed in full and nothing is remembered."""
        self.listings: list[Listing] = []
        self._adapter = adapter
        self._work = work
        self._earlier = earlier if adapter.traits.starts_at_key else None
        self._shape = _shape_of(facts, work)

    def objects(self, prefix: str) -> Iterator[ObjectInfo]:
        """All objects below `prefix`, each once. Raises DestinationError."""
        if self._earlier is None or not start_of(prefix, self._work.layouts, _ANY_TIME):
            yield from self._adapter.list_objects(prefix)
            self.listings.append(Listing(prefix))
            return
        recalled = self._earlier.recall(prefix, self._work.datasets, self._shape)
        start_at = self._start(prefix, recalled) if recalled else ""
        if recalled and start_at:
            fresh = list(self._adapter.list_objects(prefix, start_at=start_at))
            # Where something was deleted in the part that is looked at, the rest is not taken on trust.
            if not _lacks(fresh, recalled, prefix, start_at):
                yield from recalled.before(start_at)
                yield from fresh
                self.listings.append(self._repeated(prefix, start_at, recalled, fresh))
                return
        recorder = Recorder()
        for info in self._adapter.list_objects(prefix):
            recorder.add(info)
            yield info
        self.listings.append(Listing(prefix, shape=self._shape, parts=recorder.parts()))

    def _start(self, prefix: str, recalled: Recalled) -> str:
        """Where to begin: no later than what was not at rest when it was last seen."""
        placed = (layout.place(key) for key in recalled.unsettled() for layout in self._work.layouts)
        unsettled = (place.export_time for place in placed if isinstance(place, Placed))
        return start_of(prefix, self._work.layouts, min([recalled.since, *unsettled]))

    def _repeated(self, prefix: str, start_at: str, recalled: Recalled, fresh: list[ObjectInfo]) -> Listing:
        recorder = Recorder()
        for info in recalled.before(start_at, skip=(kept := recalled.kept(start_at))):
            recorder.add(info)
        for info in fresh:
            recorder.add(info)
        return Listing(
            prefix, start_at, recalled.fully_at, self._shape, recorder.parts(), kept=kept, revision=recalled.revision
        )


def _lacks(fresh: list[ObjectInfo], recalled: Recalled, prefix: str, start_at: str) -> bool:
    """Whether an export's file is gone that lay in the part listed."""
    there = {info.key for info in fresh}
    gone = (info.key for info in recalled.standing(start_at) if info.key not in there)
    return any(file_kind(key.removeprefix(prefix)) in _LASTING for key in gone)


def _shape_of(facts: DestinationFacts, work: Work) -> str:
    """What of the configuration bears on which listing is asked for."""
    flows = sorted(
        (layout.flow.name, layout.flow.folder_template, sorted((d.id, d.name) for d in layout.flow.datasets))
        for layout in work.layouts
    )
    return repr((FORMAT, facts.folder, facts.ignore, flows))
