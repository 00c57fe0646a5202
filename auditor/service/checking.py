"""Tries destinations as a new user wants to know them: reach, log in, list, read, and which rights are too many.

Each destination is tried once, without retries, in a thread of its own: one that hangs delays nobody's answer
beyond its own timeout. Nothing is written, and no more than one page is listed.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import islice
from typing import Final

from adapters.base import (
    AccessDenied,
    Adapter,
    Archived,
    Changed,
    ClockSkew,
    CredentialExpired,
    DestinationError,
    NotFound,
    ObjectInfo,
    Unreachable,
)
from adapters.registry import open_destination
from auditor.service.trouble import CODE_OF_ERROR
from auditor.settings import Destination

__all__ = ["DestinationCheck", "Outcome", "Step", "StepName", "check_destinations"]

FIRST_BYTES: Final = 64
LARGEST_PAGE: Final = 1000
"""No store gives fewer in one page when asked for more."""
DEFAULT_TIMEOUT_S: Final = 60.0
GRACE_S: Final = 3.0
"""Given beyond a destination's timeout, so that its own words for it arrive before ours."""

Open = Callable[[Destination], Adapter]


class StepName(StrEnum):
    """In the order in which they are tried."""

    REACH = "reach"
    LOG_IN = "log in"
    LIST = "list"
    READ = "read"


class Outcome(StrEnum):
    """What came of a step."""

    DONE = "done"
    FAILED = "failed"
    NOTHING = "nothing to read"  # no failure: the place is empty yet, or all there is archived
    NOT_TRIED = "not tried"


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `took_ms`: None where it was not tried, or had no answer of its own to be timed by."""

    name: StepName
    outcome: Outcome
    took_ms: int | None = None
    told: str = ""  # the destination's own words, or what was read
    lacks: tuple[str, ...] = ()  # the rights that are needed here, in the provider's words
    code: str = ""  # of the finding that an audit would make of it


@dataclass(frozen=True, slots=True)
class DestinationCheck:
    """What came of trying one destination."""

    name: str
    type: str
    place: str
    folder: str
    steps: tuple[Step, ...]
    excess: tuple[str, ...] | None = None  # rights to write or delete that are seen; None: cannot be told
    remarks: tuple[str, ...] = ()

    @property
    def looked_at(self) -> bool:
        """Whether everything that an audit needs can be done there."""
        return all(step.outcome in (Outcome.DONE, Outcome.NOTHING) for step in self.steps)

    def step(self, name: StepName) -> Step:
        return next(step for step in self.steps if step.name is name)


def check_destinations(
    destinations: Iterable[Destination], *, open_adapter: Open | None = None
) -> Iterator[DestinationCheck]:
    """Each destination's check as soon as it is known, in any order."""
    answers: queue.SimpleQueue[DestinationCheck] = queue.SimpleQueue()
    waiting: dict[str, _Attempt] = {}
    # Opened here, one after the other: that reaches for nothing, and importing an SDK is not the destination's time.
    attempts = [_Attempt(destination, *_opened(destination, open_adapter or _open)) for destination in destinations]
    for attempt in attempts:
        attempt.started = time.monotonic()
        waiting[attempt.destination.name] = attempt
        # A daemon: what still hangs when all others are known must not keep the process.
        threading.Thread(target=lambda one=attempt: answers.put(one.run()), daemon=True).start()
    while waiting:
        first = min(waiting.values(), key=lambda one: one.ends_at)
        try:
            answer = answers.get(timeout=max(first.ends_at - time.monotonic(), 0.0))
        except queue.Empty:
            answer = first.give_up()
        if waiting.pop(answer.name, None):  # else: it came after it was given up
            yield answer


def _opened(destination: Destination, open_adapter: Open) -> tuple[Adapter | None, str]:
    """The adapter, or why there is none."""
    try:
        return open_adapter(destination), ""
    except ValueError as error:
        return None, str(error)
    except (OSError, ImportError) as error:
        return None, type(error).__name__


def _open(destination: Destination) -> Adapter:
    return open_destination(destination.name, destination.type, destination.options, retries=False)


def _timeout_s(options: Mapping[str, object]) -> float:
    given = options.get("timeout")
    return given if isinstance(given, float) else DEFAULT_TIMEOUT_S


@dataclass(slots=True)
class _Attempt:
    """One destination being tried. `steps` holds what is known so far, also while another thread hangs in the next."""

    destination: Destination
    adapter: Adapter | None
    unopened: str = ""  # why there is no adapter
    started: float = 0.0
    steps: list[Step] = field(default_factory=list)
    excess: tuple[str, ...] | None = None

    @property
    def ends_at(self) -> float:
        return self.started + _timeout_s(self.destination.options) + GRACE_S

    def run(self) -> DestinationCheck:
        """Raises nothing: whatever goes wrong is an answer."""
        if self.adapter is None:
            self.steps.append(Step(StepName.REACH, Outcome.FAILED, None, f"cannot be opened: {self.unopened}"))
            return self._answer()
        try:
            self._try_out(self.adapter)
        except Exception as error:
            # A defect of ours must not look like an answer of theirs, nor take the other answers along.
            self.steps.append(
                Step(self._next(), Outcome.FAILED, None, f"a defect of the audit: {type(error).__name__}")
            )
        with suppress(DestinationError, OSError):
            self.adapter.close()
        return self._answer()

    def give_up(self) -> DestinationCheck:
        """What is known when the time is over. The thread that hangs goes on, and is not listened to."""
        told = f"no end within {_timeout_s(self.destination.options):g} s (`timeout`)"
        known = replace(self, steps=[*self.steps])
        known.steps.append(Step(known._next(), Outcome.FAILED, None, told, code="destination-unreachable"))
        return known._answer()

    def _try_out(self, adapter: Adapter) -> None:
        page = self._list(adapter)
        if page is not None:
            self._read(adapter, page)
            with suppress(DestinationError):
                excess = adapter.excess_rights()
                self.excess = None if excess is None else tuple(excess)

    def _list(self, adapter: Adapter) -> list[ObjectInfo] | None:
        """The first page, asked for twice: the first answer is of reaching and logging in, the second of listing."""
        start = time.perf_counter()
        try:
            self._first_page(adapter, 1)
        except DestinationError as error:
            self._refused(error, _ms(start), adapter)
            return None
        self.steps += [Step(StepName.REACH, Outcome.DONE), Step(StepName.LOG_IN, Outcome.DONE, _ms(start))]
        start = time.perf_counter()
        try:
            page = self._first_page(adapter, _page_size(self.destination.options))
        except DestinationError as error:
            self.steps.append(_failed(StepName.LIST, error, _ms(start), adapter))
            return None
        more = "the first " if len(page) >= _page_size(self.destination.options) else ""
        self.steps.append(Step(StepName.LIST, Outcome.DONE, _ms(start), f"{more}{len(page):,} objects"))
        return page

    def _first_page(self, adapter: Adapter, most: int) -> list[ObjectInfo]:
        folder = self.destination.facts.folder
        return list(islice(adapter.list_objects(f"{folder}/" if folder else ""), most))

    def _refused(self, error: DestinationError, took_ms: int, adapter: Adapter) -> None:
        """How far the first question came, by the kind of its refusal."""
        if isinstance(error, Unreachable):
            self.steps.append(_failed(StepName.REACH, error, took_ms, adapter))
            return
        self.steps.append(Step(StepName.REACH, Outcome.DONE))
        if isinstance(error, CredentialExpired | ClockSkew):
            self.steps.append(_failed(StepName.LOG_IN, error, took_ms, adapter))
            return
        if isinstance(error, AccessDenied | NotFound):
            self.steps.append(Step(StepName.LOG_IN, Outcome.DONE))
        # Else (throttled, or no listing at all) it answers, and nothing is known of the login.
        self.steps.append(_failed(StepName.LIST, error, took_ms, adapter))

    def _read(self, adapter: Adapter, page: list[ObjectInfo]) -> None:
        readable = [info for info in page if not info.is_marker and not info.archived]
        readable.sort(key=lambda info: not info.size)  # an empty object proves less
        why = "nothing to read yet" if page else _EMPTY
        if not readable and any(info.archived for info in page):
            why = _ARCHIVED
        for info in readable[:_MOST_TRIED]:
            start = time.perf_counter()
            try:
                with adapter.read_object(info.key, 0, min(info.size, FIRST_BYTES), version=info.version) as stream:
                    stream.read(FIRST_BYTES)
            except (NotFound, Changed):
                why = "what was listed went, or was replaced, before it could be read"
                continue
            except Archived:
                why = _ARCHIVED
                continue
            except DestinationError as error:
                self.steps.append(_failed(StepName.READ, error, _ms(start), adapter))
                return
            self.steps.append(Step(StepName.READ, Outcome.DONE, _ms(start), info.key))
            return
        self.steps.append(Step(StepName.READ, Outcome.NOTHING, None, why))

    def _next(self) -> StepName:
        tried = {step.name for step in self.steps}
        return next((name for name in StepName if name not in tried), StepName.READ)

    def _answer(self) -> DestinationCheck:
        facts = self.destination.facts
        tried = {step.name for step in self.steps}
        steps = [*self.steps, *(Step(name, Outcome.NOT_TRIED) for name in StepName if name not in tried)]
        order = list(StepName)
        return DestinationCheck(
            facts.name,
            self.destination.type,
            self.destination.place,
            facts.folder,
            tuple(sorted(steps, key=lambda step: order.index(step.name))),
            self.excess,
            tuple(self.adapter.remarks) if self.adapter is not None else (),
        )


_EMPTY: Final = "nothing to read yet; if exports should be here, compare the folder with the one in Experience Platform"
_ARCHIVED = "what was looked at is archived: it must be restored before it can be read"
_MOST_TRIED = 3


def _page_size(options: Mapping[str, object]) -> int:
    given = options.get("page_size")
    return min(given, LARGEST_PAGE) if isinstance(given, int) else LARGEST_PAGE


def _ms(start: float) -> int:
    return round((time.perf_counter() - start) * 1000)


def _failed(name: StepName, error: DestinationError, took_ms: int, adapter: Adapter) -> Step:
    code = next(code for kind, code in CODE_OF_ERROR if isinstance(error, kind))
    return Step(name, Outcome.FAILED, took_ms, _words(error), _lacking(error, adapter), code)


def _words(error: DestinationError) -> str:
    """The reason, with the provider's id of the request that it asks for."""
    return error.reason + (f" (request {error.request_id})" if error.request_id else "")


def _lacking(error: DestinationError, adapter: Adapter) -> tuple[str, ...]:
    """The rights that are needed, where a right is what is missing and the reason names none of them."""
    rights = tuple(adapter.traits.rights)
    if not isinstance(error, AccessDenied) or any(
        name in error.reason for right in rights for name in _names_in(right)
    ):
        return ()
    return rights


def _names_in(right: str) -> Iterator[str]:
    """What in the words for a right is the provider's name for it: `s3:ListBucket`, `storage.objects.get`."""
    for word in right.split():
        if set(name := word.strip("(),;:")) & set(":./"):
            yield name
