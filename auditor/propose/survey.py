"""One look at a destination: where its exports lie, and the habits of each dataset. Lists; reads nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from adapters.base import Adapter, DestinationError
from auditor.propose.flows import Irregular, ProposedFlow, propose_flows
from auditor.propose.habits import Habits, read_habits
from auditor.propose.places import Place, find_places, is_dataset, last_name, list_datasets
from auditor.propose.seen import observe_dataset

_FAILURES = 3  # datasets in a row that cannot be listed; the rest is not asked for
_GIVEN_UP = f"not looked at, after {_FAILURES} datasets in a row could not be listed"


class Progress(Protocol):
    """Told of the work as it goes on."""

    def stage(self, text: str, total: int | None = None) -> None:
        """A new stretch of work begins."""

    def advance(self, n: int = 1) -> None:
        """`n` steps of it are done."""


class NothingSeen(Exception):
    """There is nothing to propose. `str()` says why and what to do; it may hold names from outside."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What was seen of a destination."""

    folder: str
    others: tuple[Place, ...]  # folder paths with exports that were not chosen, fullest first
    cut: bool  # the search for folder paths reached its bound: there may be more of them
    flows: tuple[ProposedFlow, ...]
    irregular: tuple[Irregular, ...]
    unlisted: int  # of `irregular`: datasets that could not be listed
    objects: int


def survey_destination(adapter: Adapter, start: str = "", *, folder: str | None = None, progress: Progress) -> Survey:
    """Look below `start` (a folder path) for exports; `folder` names the folder path where it is known.

    Of several folder paths the one with most exports is taken, and the others are said.
    Raises NothingSeen; DestinationError where the place itself cannot be listed.
    """
    if folder is None:
        progress.stage("folders searched for exports")
        prefix = f"{start}/" if start else ""
        search = find_places(adapter, prefix, advance=progress.advance)
        if not search.places:
            raise NothingSeen(_why_nothing(start, search.odd, cut=search.cut))
        folder, others, cut = search.places[0].folder, search.places[1:], search.cut
    else:
        others, cut = (), False
    prefixes = list_datasets(adapter, folder)
    if not prefixes:
        raise NothingSeen(
            f"below {folder or 'the root'!r} there is no folder named like a dataset (24 characters 0-9 a-z)"
        )
    return _Surveyor(adapter, folder, progress).survey(prefixes, others, cut=cut)


class _Surveyor:
    def __init__(self, adapter: Adapter, folder: str, progress: Progress) -> None:
        self._adapter = adapter
        self._folder = folder
        self._progress = progress
        self._objects = 0

    def survey(self, prefixes: Sequence[str], others: tuple[Place, ...], *, cut: bool) -> Survey:
        self._progress.stage(f"objects of {len(prefixes)} datasets listed")
        habits: list[Habits] = []
        irregular: list[Irregular] = []
        failed = row = 0
        for prefix in prefixes:
            dataset = last_name(prefix)
            try:
                told = self._look_at(dataset, prefix) if row < _FAILURES else _GIVEN_UP
                row = 0 if told != _GIVEN_UP else row
            except DestinationError as error:
                row += 1
                told = f"could not be listed: {error}"
            failed += row > 0
            if isinstance(told, Habits):
                habits.append(told)
            else:
                irregular.append(Irregular(dataset, told))
        return Survey(self._folder, others, cut, propose_flows(habits), tuple(irregular), failed, self._objects)

    def _look_at(self, dataset: str, prefix: str) -> Habits | str:
        objects = self._adapter.list_objects(prefix)
        seen = observe_dataset(dataset, self._folder, objects, advance=self._progress.advance)
        self._objects += seen.objects
        return read_habits(seen)


def _why_nothing(start: str, odd: str, *, cut: bool) -> str:
    where = repr(start) if start else "the root"
    parent = odd.rstrip("/").rpartition("/")[0]
    if odd and (parent == start or is_dataset(parent)):
        return (
            f"the export folders of one dataset lie directly below {parent or 'the root'!r}; name the folder above it"
        )
    if odd:
        return (
            f"no <dataset id>/exportTime=… below {where}; there is {odd!r}, whose parent is no dataset id: "
            "the dataflow has a folder template of its own, which a configuration names by hand (folder_template)"
        )
    more = " in the part that was searched; name the folder that holds the datasets" if cut else ""
    return f"no <dataset id>/exportTime=… below {where}{more}"
