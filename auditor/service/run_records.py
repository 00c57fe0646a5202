"""Run records for one audit: asked of Experience Platform once per flow, kept in the ledger, held against due times."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

from adapters.base import DestinationError, Unsupported
from adapters.experience_platform.types import Run
from auditor.flow.claims import as_of, find_claims, unknown_claims
from auditor.flow.records import read_run
from auditor.flow_model import RunRecord
from auditor.ledger import Ledger
from auditor.model import Claim, ExpectedRun, Flow, RunState

MARGIN: Final = timedelta(hours=6)
"""Runs that began so shortly before the last reading are read again: their records may have come later."""


class RunSource(Protocol):
    """What is needed of one organisation and sandbox."""

    @property
    def destination(self) -> str:
        """Its name, for errors."""

    def list_runs(self, flow_id: str, *, started_after_ms: int | None) -> Iterator[Run]:
        """The runs of a flow, lazily. Raises DestinationError."""


class RunRecords:
    """The claims of all cross-checked flows of one audit. Thread-safe; its failures are answers, not exceptions."""

    def __init__(
        self,
        open_source: Callable[[str], RunSource],
        ledger: Ledger,
        *,
        now: datetime,
        clock: Callable[[], datetime],
    ) -> None:
        """`open_source` opens a platform by its configured name; `clock` says when something was read."""
        self._open = open_source
        self._ledger = ledger
        self._now = now
        self._clock = clock
        self._locks: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()
        self._read: dict[tuple[str, str], datetime] = {}  # flows whose records were read, since when
        self.failures: dict[str, DestinationError] = {}  # by platform: why it could not be asked

    def claims(self, flow: Flow, dataset: str, runs: Sequence[ExpectedRun]) -> Mapping[datetime, Claim]:
        """What is claimed of each of `runs`, by due time; empty for a flow that is not cross-checked."""
        if not flow.experience_platform or not flow.flow_id or not runs:
            return {}
        since = min(run.early_from for run in runs)
        failure = self._bring_up_to_date(flow, since)
        known = find_claims(
            self._records(flow, since), runs, dataset, datasets_of_flow=[one.id for one in flow.datasets]
        )
        if failure is None:
            return known
        return known | self._not_known(flow, runs, known, str(failure))

    def _records(self, flow: Flow, since: datetime) -> Iterator[RunRecord]:
        kept = self._ledger.known_flow_runs(flow.experience_platform, flow.flow_id, since=since, until=self._now)
        return (record for each in kept if (record := as_of(each, self._now)))

    def _not_known(
        self, flow: Flow, runs: Sequence[ExpectedRun], known: Mapping[datetime, Claim], reason: str
    ) -> dict[datetime, Claim]:
        """The due times of which an earlier reading cannot speak: those it may have come too early for."""
        reading = self._ledger.flow_reading(flow.experience_platform, flow.flow_id)
        nothing = Claim(RunState.NONE)
        doubtful = [
            run for run in runs if reading is None or not _is_closed(run, known.get(run.key.due, nothing), *reading)
        ]
        return unknown_claims(doubtful, reason)

    def _bring_up_to_date(self, flow: Flow, since: datetime) -> DestinationError | None:
        """Read what is new of a flow's runs, once per audit. A platform that failed is not asked again."""
        platform = flow.experience_platform
        with self._guard:
            lock = self._locks.setdefault(platform, threading.Lock())
        with lock:
            if platform in self.failures:
                return self.failures[platform]
            if (before := self._read.get((platform, flow.flow_id))) and before <= since:
                return None
            try:
                self._fetch(platform, flow.flow_id, since)
            except DestinationError as error:
                self.failures[platform] = error
                return error
            self._read[platform, flow.flow_id] = since
            return None

    def _fetch(self, platform: str, flow_id: str, since: datetime) -> None:
        at = self._clock()
        after = self._start(platform, flow_id, since)
        source = self._open(platform)
        runs = source.list_runs(flow_id, started_after_ms=int(after.timestamp() * 1000) - 1)
        try:
            self._ledger.record_flow_runs(platform, flow_id, map(read_run, runs), at=at)
        except ValueError as error:
            raise Unsupported(str(error), destination=source.destination, operation="GET", key="runs") from None
        self._ledger.record_flow_reading(platform, flow_id, since=since, at=at)

    def _start(self, platform: str, flow_id: str, since: datetime) -> datetime:
        """From where runs must be asked for: what is known and at an end need not be asked for again."""
        reading = self._ledger.flow_reading(platform, flow_id)
        if reading is None or since < reading[0]:
            return since
        moments = [reading[1] - MARGIN, self._ledger.oldest_open_run(platform, flow_id) or reading[1]]
        return max(since, min(moments))


def _is_closed(run: ExpectedRun, claim: Claim, since: datetime, read_at: datetime) -> bool:
    """Whether a reading of `read_at`, of runs from `since` on, has the last word on a due time."""
    if run.early_from < since:
        return False
    return claim.ended is not None if claim.runs else read_at > run.missing_after + MARGIN
