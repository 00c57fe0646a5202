"""A listing of real directories is one of flat keys, whatever the tree, the start and the page size."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.adls_listing import AdlsListing, Answer, Question, lowest_path
from adapters.base import Changed, DestinationError, Folder, ObjectInfo, Unreachable, Unsupported
from adapters.paging import PagedListing
from tests.servers.dfs_namespace import Entry, Namespace

MOMENT = datetime(2026, 10, 1, tzinfo=UTC)
NAMES = st.sampled_from(["a", "b", "ab", "a b", "a.b", "a-b", "a0", "é", "\ue000", "😀", "t=1", "t=2", "~", "_x"])
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)
STARTS = st.one_of(st.just(""), PATHS, PATHS.map(lambda path: f"{path}/"), st.text("ab./ t=12é~", max_size=6))


@dataclass
class Shown:
    """A path as the SDK shows it."""

    name: str
    is_directory: bool = False
    content_length: int | None = 5
    last_modified: datetime | None = MOMENT
    etag: str | None = '"e1"'


class Service:
    """Answers from a namespace, without HTTP."""

    def __init__(self, files: set[str], directories: set[str] = frozenset()) -> None:  # type: ignore[assignment]
        self.space = Namespace()
        self.asked: list[Question] = []
        for path in directories:
            self._put(path, is_directory=True)
        for path in files:
            self._put(path, is_directory=False)

    def _put(self, path: str, *, is_directory: bool) -> None:
        parts = path.split("/")
        for count in range(1, len(parts)):
            self.space.put(Entry("/".join(parts[:count]), True, 0, "d", MOMENT))
        self.space.put(Entry(path, is_directory, 0 if is_directory else 5, "e1", MOMENT))

    def ask(self, question: Question) -> Answer:
        self.asked.append(question)
        assert question.recursive or "/" not in question.begin_from, "the service refuses several levels"
        there = self.space.get(question.directory)
        if question.directory and there is None:
            return Answer(None)
        if there is not None and not there.is_directory:
            return Answer([_shown(there)])
        found, continuation = self.space.page(
            question.directory,
            recursive=question.recursive,
            begin_from=question.begin_from,
            continuation=question.continuation,
            count=question.count,
        )
        return Answer([_shown(entry) for entry in found], continuation)

    def describe(self, key: str) -> ObjectInfo | None:
        there = self.space.get(key)
        return None if there is None or not there.is_directory else ObjectInfo(key, 0, MOMENT, "d")


def _shown(entry: Entry) -> Shown:
    return Shown(entry.path, entry.is_directory, entry.size, entry.modified, entry.etag)


def listing(service: Any, prefix: str, **options: Any) -> AdlsListing:
    options = {"page_size": 2, **options}
    return AdlsListing(service.ask, service.describe, "lake", prefix, **options)


def listed(made: AdlsListing) -> list[str]:
    items = PagedListing(made.read_page, made.first, destination="lake", prefix=made.prefix)
    return [item.prefix if isinstance(item, Folder) else item.key for item in items]


@st.composite
def trees(draw: Callable[..., Any]) -> tuple[set[str], set[str]]:
    """Files and directories that can stand side by side: no file is a directory too."""
    paths = draw(st.lists(PATHS, max_size=12))
    above = {"/".join(path.split("/")[:count]) for path in paths for count in range(1, path.count("/") + 1)}
    files = {path for path in paths if path not in above and draw(st.booleans())}
    return files, set(paths) - files


def flat(files: set[str], directories: set[str]) -> set[str]:
    """The keys of a tree: every file, and a marker for every directory in which nothing is."""
    return files | {f"{d}/" for d in directories if not any(o.startswith(f"{d}/") for o in files | directories)}


@given(trees(), STARTS, STARTS, st.integers(1, 4))
def test_each_key_with_the_prefix_and_behind_the_start_is_listed_once(tree, prefix, start_at, page_size):
    made = listing(Service(*tree), prefix, start_at=start_at, page_size=page_size)
    wanted = {key for key in flat(*tree) if key.startswith(prefix) and key.encode() >= start_at.encode()}
    assert sorted(listed(made)) == sorted(wanted)


@given(trees(), st.integers(1, 4))
def test_a_folder_shows_each_of_its_names_once(tree, page_size):
    files, directories = tree
    service = Service(*tree)
    folders = {"", *(f"{'/'.join(p.split('/')[:n])}/" for p in files | directories for n in range(1, p.count("/") + 2))}
    for prefix in folders:
        rests = [p[len(prefix) :] for p in flat(*tree) if p.startswith(prefix) and p != prefix]
        wanted = {prefix + (f"{rest.split('/')[0]}/" if "/" in rest else rest) for rest in rests}
        assert sorted(listed(listing(service, prefix, page_size=page_size, in_folder=True))) == sorted(wanted)


@pytest.mark.parametrize(
    "start, path",
    [
        ("", ""),
        ("exportTime=20261001000000/", "exportTime=20261001000000"),
        ("t=2/part-00000", "t=2/part"),
        ("a.b", "a"),
        ("a b/c", "a"),
        ("x/é", "x"),
        ("/x", "x"),
        (".x", ""),
    ],
)
def test_a_listing_begins_before_what_the_service_may_sort_differently(start: str, path: str):
    assert lowest_path(start) == path


def test_a_repeat_listing_asks_for_the_newest_folder_alone():
    service = Service({f"x/t={day}/{part}" for day in range(100, 200) for part in range(3)})
    assert len(listed(listing(service, "x/", start_at="x/t=199/", page_size=100))) == 3
    assert len(service.asked) == 1


@pytest.mark.parametrize("prefix, start_at", [("x/", "y"), ("x//", ""), ("/", ""), ("x/../x/", "")])
def test_where_nothing_can_be_one_question_tells_whether_the_file_system_is_there(prefix: str, start_at: str):
    service = Service({f"x/{part}" for part in range(9)})
    assert listed(listing(service, prefix, start_at=start_at, page_size=2)) == []
    assert [question.count for question in service.asked] == [1]


def test_a_prefix_within_a_name_reads_no_other_folders():
    service = Service({f"x/{name}/{n}" for name in ("aa", "ab", "b") for n in range(50)})
    assert len(listed(listing(service, "x/a", page_size=100))) == 100
    assert [(q.directory, q.recursive) for q in service.asked] == [("x", False), ("x/aa", True), ("x/ab", True)]


def test_nothing_that_is_before_the_start_is_asked_for_below_a_prefix_within_a_name():
    service = Service({f"x/t={day}/{part}" for day in range(10, 20) for part in range(3)})
    assert len(listed(listing(service, "x/t=1", start_at="x/t=18/2", page_size=5))) == 4
    assert [q.begin_from for q in service.asked] == ["t=18", "2", ""]


@dataclass
class Scripted:
    """Answers, or raises, what a test tells it to."""

    answers: list[Answer | DestinationError]
    asked: list[Question]

    def ask(self, question: Question) -> Answer:
        self.asked.append(question)
        answer = self.answers.pop(0)
        if isinstance(answer, DestinationError):
            raise answer
        return answer

    def describe(self, _: str) -> None:
        return None


def scripted(*answers: Answer | DestinationError) -> Scripted:
    return Scripted(list(answers), [])


ABOUT = {"destination": "lake", "operation": "list"}
WRONG = [
    ("outside the directory", "p/", {}, Shown("q/x")),
    ("outside the directory", "p/", {}, Shown("p2/x")),
    ("outside the directory", "p/", {}, Shown("")),
    ("more than the one level", "p/", {"in_folder": True}, Shown("p/a/x")),
    ("how long a file is", "p/", {}, Shown("p/x", content_length=None)),
    ("when it was modified", "p/", {}, Shown("p/x", last_modified=None)),
]


@pytest.mark.parametrize("said, prefix, options, path", WRONG)
def test_an_answer_to_another_question_is_refused(said: str, prefix: str, options: dict[str, Any], path: Shown):
    with pytest.raises(Unsupported, match=said):
        listed(listing(scripted(Answer([path])), prefix, **options))


def test_a_page_without_a_path_is_not_the_end():
    service = scripted(Answer([], "more"), Answer([Shown("p/x")], "again"), Answer([]))
    assert listed(listing(service, "p/")) == ["p/x"]


def test_a_directory_whose_content_comes_on_the_next_page_is_no_marker():
    service = scripted(Answer([Shown("p/d", True)], "more"), Answer([Shown("p/d/x")]))
    assert listed(listing(service, "p/")) == ["p/d/x"]


def test_no_order_of_paths_is_relied_on():
    paths = [Shown("p/d", True), Shown("p/e", True), Shown("p/e/x"), Shown("p/a"), Shown("p/d/x"), Shown("p/c", True)]
    assert sorted(listed(listing(scripted(Answer(paths)), "p/"))) == ["p/a", "p/c/", "p/d/x", "p/e/x"]


def test_a_directory_that_vanishes_under_the_listing_does_not_end_it_well():
    service = scripted(Answer([Shown("p/x")], "more"), Answer(None))
    with pytest.raises(Changed, match="vanished while it was listed"):
        listed(listing(service, "p/"))


@pytest.mark.parametrize("refusal", [Answer(None), Unsupported("unknown parameter", **ABOUT)], ids=["404", "400"])
def test_a_start_that_the_service_does_not_take_loses_nothing(refusal: Answer | DestinationError):
    """The start may be gone, or unknown to the server: that says nothing of what stands behind it."""
    remarks: list[str] = []
    service = scripted(refusal, Answer([Shown("p/t=1/x")], "more"), Answer([Shown("p/t=3/x")]))
    assert listed(listing(service, "p/", start_at="p/t=2/", remark=remarks.append)) == ["p/t=3/x"]
    assert [q.begin_from for q in service.asked] == ["t=2", "", ""]
    assert len(remarks) == isinstance(refusal, DestinationError)


def test_a_directory_that_is_not_there_is_asked_for_without_the_start_before_that_is_believed():
    service = scripted(Answer(None), Answer(None))
    assert listed(listing(service, "p/", start_at="p/t=2/")) == []
    assert [q.begin_from for q in service.asked] == ["t=2", ""]


def test_after_a_page_that_was_too_much_smaller_ones_go_on_where_it_failed():
    """Azure/azure-sdk-for-python#10219"""
    made: AdlsListing
    slow = Unreachable("the server failed (OperationTimedOut)", **ABOUT)
    service = scripted(Answer([Shown("p/1")], "T1"), slow, slow, Answer([Shown("p/2")], "T2"), Answer([Shown("p/3")]))

    def ask(question: Question) -> Answer:
        try:
            return service.ask(question)
        except Unreachable:
            made.shrink()
            raise

    made = replace(listing(service, "p/", page_size=5000), ask=ask, _jobs=[])
    pages = PagedListing(made.read_page, made.first, destination="lake", prefix="p/")
    found = []
    while len(found) < 3:
        try:
            found.append(next(pages))
        except Unreachable:
            continue
    assert [item.key for item in found if isinstance(item, ObjectInfo)] == ["p/1", "p/2", "p/3"]
    assert list(pages) == []
    assert [(q.continuation, q.count) for q in service.asked] == [
        ("", 5000),
        ("T1", 5000),
        ("T1", 1250),
        ("T1", 312),
        ("T2", 312),
    ]
