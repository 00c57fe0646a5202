"""One listing of a Data Lake file system, page by page: directories are real, and come among the files.

https://learn.microsoft.com/rest/api/storageservices/datalakestoragegen2/path/list
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import ClassVar, Final, Protocol

from adapters.base import Changed, Folder, ObjectInfo, Unsupported
from adapters.paging import Page
from adapters.streams import About

SHRINKS_BY: Final = 4
"""A page that the service could not make in time is asked for again, so many times smaller."""


NO_PARTS: Final = frozenset({"", ".", ".."})
"""A hierarchical namespace has no such names."""


class Path(Protocol):
    """A path as the SDK shows it."""

    name: str
    is_directory: bool
    content_length: int | None
    last_modified: datetime | None
    etag: str | None


@dataclass(frozen=True, slots=True)
class Question:
    """One List Paths request."""

    directory: str  # without slash at either end; "" is the root
    recursive: bool
    begin_from: str = ""  # relative to the directory
    continuation: str = ""
    count: int = 5000


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of it. `paths` is None where the directory is not there."""

    paths: Sequence[Path] | None
    continuation: str = ""


@dataclass(frozen=True, slots=True)
class _Job:
    """A directory to be listed. `marker` stands for it if nothing is in it; None: that is not known yet."""

    directory: str
    recursive: bool
    begin_from: str = ""
    marker: ObjectInfo | None = None


@dataclass(slots=True)
class AdlsListing:
    """Reads the pages of one listing. A cursor is `job:continuation`.

    A directory that holds something is no object; one that holds nothing is a marker (`…/`), given at the end.
    Nothing relies on the order of paths, but for this: a directory comes before what is in it.

    `ask` answers a question, and raises OperationTimedOut's error after calling `shrink`. `describe` gives the
    marker of a directory, None if it is gone.
    """

    ask: Callable[[Question], Answer]
    describe: Callable[[str], ObjectInfo | None]
    destination: str
    prefix: str
    page_size: int
    in_folder: bool = False  # one level: files and folders as they stand there
    start_at: str = ""
    remark: Callable[[str], None] = lambda _: None
    _jobs: list[_Job] = field(default_factory=list)
    _empty: dict[str, ObjectInfo] = field(default_factory=dict)  # directories in which nothing was seen so far
    _saw_something: bool = False

    first: ClassVar[str] = "0:"

    def __post_init__(self) -> None:
        directory, _, rest = self.prefix.rpartition("/")
        below = f"{directory}/" if directory else ""
        begin_from = lowest_path(max(self.start_at, below + rest, key=_order).removeprefix(below))
        if self._is_nowhere:  # one question all the same: is the file system there?
            directory, begin_from, self.page_size = "", "", 1
        # A prefix that ends within a name chooses among the names of one level, and what is below the chosen.
        level_only = self.in_folder or bool(rest)
        if level_only:
            begin_from = begin_from.partition("/")[0]
        self._jobs.append(_Job(directory, not level_only, begin_from))

    @property
    def _is_nowhere(self) -> bool:
        """Whether no path can be wanted: all stand before the start, or no path has such parts."""
        is_behind = not self.start_at.startswith(self.prefix) and _order(self.start_at) > _order(self.prefix)
        return is_behind or not NO_PARTS.isdisjoint(self.prefix.split("/")[:-1])

    def shrink(self) -> None:
        """The service could not make a page in time: ask for less from now on."""
        self.page_size = max(1, self.page_size // SHRINKS_BY)

    def read_page(self, cursor: str) -> Page[ObjectInfo | Folder]:
        number, _, continuation = cursor.partition(":")
        job = self._jobs[int(number)]
        answer = self._answer(job, continuation)
        if answer.paths is None and continuation:
            raise Changed("the directory vanished while it was listed", **self._about)
        if self._is_nowhere:
            return Page((), None)
        if job.marker is not None and not continuation and answer.paths is not None:
            self._empty[job.directory] = job.marker
        items = [item for path in answer.paths or () for item in self._items(job, path)]
        following = answer.continuation or None
        if following is None:
            items += self._markers(job, is_there=answer.paths is not None)
        return Page([item for item in items if self._is_wanted(item)], self._next(int(number), following))

    def _answer(self, job: _Job, continuation: str) -> Answer:
        question = Question(job.directory, job.recursive, job.begin_from, continuation, self.page_size)
        if not job.begin_from or continuation:
            return self.ask(question)
        try:
            answer = self.ask(question)
        except Unsupported:
            self.remark("the server lists from no start in the middle; whole directories are listed instead")
        else:
            if answer.paths is not None:
                return answer
        # Whether it is the directory that is not there, or the name to begin from, the answer does not say.
        whole = Question(job.directory, job.recursive, "", "", self.page_size)
        answer = self.ask(whole)
        self._jobs[self._jobs.index(job)] = _Job(job.directory, job.recursive, "", job.marker)
        return answer

    def _next(self, number: int, continuation: str | None) -> str | None:
        if continuation is not None:
            return f"{number}:{continuation}"
        return f"{number + 1}:" if number + 1 < len(self._jobs) else None

    def _items(self, job: _Job, path: Path) -> Iterator[ObjectInfo | Folder]:
        name = path.name
        if not name or not name.startswith(f"{job.directory}/" if job.directory else ""):
            if name == job.directory and not path.is_directory:
                return  # the listing of a file is the file itself
            raise self._unsupported("the server lists paths outside the directory it was asked for")
        parent = name.rpartition("/")[0]
        if not job.recursive and parent != job.directory:
            raise self._unsupported("the server lists more than the one level it was asked for")
        self._saw_something = True
        self._empty.pop(parent, None)
        if not path.is_directory:
            yield self._file(path)
        elif self.in_folder:
            yield Folder(f"{name}/")
        elif job.recursive:
            self._empty[name] = directory_marker(path)
        elif name.startswith(self.prefix):
            self._jobs.append(_Job(name, True, self._begin_below(name), directory_marker(path)))

    def _begin_below(self, directory: str) -> str:
        below = f"{directory}/"
        return lowest_path(self.start_at.removeprefix(below)) if self.start_at.startswith(below) else ""

    def _markers(self, job: _Job, *, is_there: bool) -> Iterator[ObjectInfo]:
        """The directories that hold nothing, once all is seen."""
        yield from self._empty.values()
        self._empty.clear()
        asked_for = job.recursive and job.marker is None and job.directory and is_there
        if asked_for and not self._saw_something and _order(self.start_at) <= _order(self.prefix):
            marker = self.describe(self.prefix)
            if marker is not None:
                yield marker

    def _file(self, path: Path) -> ObjectInfo:
        if path.content_length is None or path.last_modified is None:
            raise self._unsupported("the listing does not say how long a file is, or when it was modified")
        return ObjectInfo(path.name, path.content_length, _utc(path.last_modified), (path.etag or "").strip('"'))

    def _is_wanted(self, item: ObjectInfo | Folder) -> bool:
        name = item.prefix if isinstance(item, Folder) else item.key
        return name.startswith(self.prefix) and _order(name) >= _order(self.start_at)

    def _unsupported(self, reason: str) -> Unsupported:
        return Unsupported(reason, **self._about)

    @property
    def _about(self) -> About:
        return {"destination": self.destination, "operation": "list", "key": self.prefix}


def directory_marker(path: Path) -> ObjectInfo:
    """A directory as object stores show an empty one."""
    modified = path.last_modified or datetime.fromtimestamp(0, UTC)
    return ObjectInfo(f"{path.name}/", 0, _utc(modified), (path.etag or "").strip('"'))


def lowest_path(start: str) -> str:
    """Where a listing has to begin that goes directory by directory, to miss no key from `start` on.

    As keys, `a.b` stands before `a/x`; on the service `a` comes with all that is in it, and then `a.b`. So a name
    ends here before its first character that sorts before the slash; and before the first that is not ASCII, of
    which the service does not say how it sorts them. What comes too early is left out on our side.
    """
    odd = re.search(r"[^/-~]", start)
    return (start[: odd.start()] if odd else start).strip("/")


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _order(key: str) -> bytes:
    return key.encode("utf-8", "surrogatepass")
