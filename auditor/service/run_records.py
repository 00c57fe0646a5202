"""Run records for one audit: asked of Experience Platform once per flow, kept in the ledger, held against due times."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from adapters.base import DestinationError, Unsupported
from auditor.flow.claims import Held, Landed, as_of, hold, unknown_claims
from auditor.flow.records import read_run
from auditor.flow_model import RunRecord
from auditor.ledger import Ledger
from auditor.model import Claim, ExpectedRun, Flow, RunState
from auditor.service.platforms import Platforms, PlatformSource

MARGIN: Final = timedelta(hours=6)
"""Runs that began so shortly before the last reading are read again: their records may have come later."""

MOST_BATCH_QUESTIONS: Final = 50  # of one audit


class RunRecords:
    """The claims of all cross-checked flows of one audit. Thread-safe; its failures are answers, not exceptions."""

    def __init__(self, platforms: Platforms, ledger: Ledger, *, now: datetime, clock: Callable[[], datetime]) -> None:
        """`clock` says when something was read; no later than `now` counts, for what came later is not asked of it."""
        self._platforms = platforms
        self._ledger = ledger
        self._now = now
        self._clock = clock
        self._read: dict[tuple[str, str], datetime] = {}  # flows whose records were read in this audit: since when
        self._failed: dict[tuple[str, str], DestinationError] = {}
        self._lock = threading.Lock()
        self._batch_questions = MOST_BATCH_QUESTIONS
        self._without_batches: set[str] = set()  # platforms whose batches may not be read

    def hold(self, flow: Flow, dataset: str, runs: Sequence[ExpectedRun], landed: Sequence[Landed] = ()) -> Held:
        """What is claimed of each of `runs`, and who made the folders; nothing for a flow that is not cross-checked."""
        if not flow.experience_platform or not flow.flow_id or not runs:
            return Held()
        since = min(run.early_from for run in runs)
        failure = self._bring_up_to_date(flow, since)
        ids = self._datasets(flow)
        held = hold(self._records(flow, since), runs, dataset, datasets_of_flow=ids, landed=landed)
        if failure is None:
            return held
        return replace(held, claims={**held.claims, **self._not_known(flow, runs, held, str(failure))}, was_read=False)

    def count_batches(self, flow: Flow, dataset: str, after: datetime, before: datetime) -> int | None:
        """How many batches of new data the dataset got between two moments; None: not read. A hundred at most."""
        platform = flow.experience_platform
        with self._lock:
            if platform in self._without_batches or not self._batch_questions:
                return None
            self._batch_questions -= 1
        try:
            return len(self._platforms.ask(platform, _batches(dataset, after, before), is_needed=False))
        except DestinationError:
            self._without_batches.add(platform)
            return None

    def _datasets(self, flow: Flow) -> set[str]:
        """All that it exports, or ever did: the configuration may name a part, and its records speak of all."""
        history = self._ledger.flow_history(flow.experience_platform, flow.flow_id)
        return {one.id for one in flow.datasets} | {one.id for seen in history for one in seen.version.datasets}

    def _records(self, flow: Flow, since: datetime) -> Iterator[RunRecord]:
        kept = self._ledger.known_flow_runs(flow.experience_platform, flow.flow_id, since=since, until=self._now)
        return (record for each in kept if (record := as_of(each, self._now)))

    def _not_known(self, flow: Flow, runs: Sequence[ExpectedRun], held: Held, reason: str) -> dict[datetime, Claim]:
        """The due times of which an earlier reading cannot speak: those it may have come too early for."""
        reading = self._ledger.flow_reading(flow.experience_platform, flow.flow_id)
        nothing = Claim(RunState.NONE)
        doubtful = [
            run
            for run in runs
            if reading is None or not _is_closed(run, held.claims.get(run.key.due, nothing), *reading)
        ]
        return unknown_claims(doubtful, reason)

    def _bring_up_to_date(self, flow: Flow, since: datetime) -> DestinationError | None:
        """Read what is new of a flow's runs, once per audit. What failed is not asked for again."""
        whose = (flow.experience_platform, flow.flow_id)
        if (before := self._read.get(whose)) and before <= since:
            return None
        if whose in self._failed:
            return self._failed[whose]
        try:
            self._platforms.ask(flow.experience_platform, lambda source: self._fetch(source, *whose, since))
        except DestinationError as error:
            self._failed[whose] = error
            return error
        return None

    def _fetch(self, source: PlatformSource, platform: str, flow_id: str, since: datetime) -> None:
        """With the platform locked: of several threads that need the same flow, one reads it."""
        if (before := self._read.get((platform, flow_id))) and before <= since:
            return
        at = min(self._clock(), self._now)
        earlier = self._ledger.flow_reading(platform, flow_id)
        after = self._start(platform, flow_id, since)
        runs = source.list_runs(flow_id, started_after_ms=int(after.timestamp() * 1000) - 1)
        try:
            self._ledger.record_flow_runs(platform, flow_id, map(read_run, runs), at=at)
        except ValueError as error:
            raise Unsupported(str(error), destination=source.destination, operation="GET", key="runs") from None
        # An audit of the past takes nothing back of what is known of later.
        upto = max(at, earlier[1]) if earlier else at
        self._ledger.record_flow_reading(platform, flow_id, since=since, at=upto)
        self._read[platform, flow_id] = since

    def _start(self, platform: str, flow_id: str, since: datetime) -> datetime:
        """From where runs must be asked for: what is known and at an end need not be asked for again."""
        reading = self._ledger.flow_reading(platform, flow_id)
        if reading is None or since < reading[0]:
            return since
        # From the last reading on without a hole, whatever is asked for now: the ledger says so afterwards.
        still_open = self._ledger.oldest_open_run(platform, flow_id) or reading[1]
        return min(reading[1] - MARGIN, max(since, still_open))


def _batches(dataset: str, after: datetime, before: datetime) -> Callable[[PlatformSource], list[object]]:
    span = {"created_after_ms": int(after.timestamp() * 1000), "created_before_ms": int(before.timestamp() * 1000)}
    return lambda source: [*source.list_batches(dataset, **span)]


def _is_closed(run: ExpectedRun, claim: Claim, since: datetime, read_at: datetime) -> bool:
    """Whether a reading of `read_at`, of runs from `since` on, has the last word on a due time."""
    if run.early_from < since:
        return False
    if claim.runs:  # what ended later is known from pages that broke off, and others may be missing beside it
        return claim.ended is not None and claim.ended <= read_at
    return read_at > run.missing_after + MARGIN
