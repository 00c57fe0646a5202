"""A run of Flow Service in our words. Pure."""

import re
from typing import Final

from adapters.base import inert
from adapters.experience_platform.types import Run, Summary
from auditor.flow.moments import from_ms
from auditor.flow_model import DatasetCounts, RunRecord
from auditor.model import Counts, RunState

_DATASET: Final = re.compile(r"(?:^|[:/])([0-9a-z]{24})$", re.ASCII)
LONGEST_ERROR: Final = 300  # characters of one error kept

_WORDS: Final = {
    "success": RunState.SUCCEEDED,
    "succeeded": RunState.SUCCEEDED,
    "completed": RunState.SUCCEEDED,
    "partialsuccess": RunState.PARTIAL,
    "failed": RunState.FAILED,
    "failure": RunState.FAILED,
    "error": RunState.FAILED,
    "cancelled": RunState.FAILED,
    "canceled": RunState.FAILED,
    "aborted": RunState.FAILED,
}
"""Adobe's words, without case and `_`: its examples, its reference and its pages each spell them otherwise."""


def read_run(run: Run) -> RunRecord:
    """`run` as a record. Raises ValueError if it has no time of creation, or a time that is none."""
    created_ms = run.created_ms or run.started_ms
    if created_ms is None:
        raise ValueError(f"run {inert(run.id)[:60]} has neither createdAt nor startedAtUTC")
    ended_ms = run.completed_ms or run.stopped_ms
    return RunRecord(
        id=run.id,
        flow_id=run.flow_id,
        state=_state(run, ended=ended_ms is not None),
        word=inert(run.status)[:40],
        created=from_ms(created_ms),
        started=from_ms(run.started_ms) if run.started_ms else None,
        ended=from_ms(ended_ms) if ended_ms else None,
        read=_read(run.summary),
        written=_written(run.summary),
        datasets={
            found[1]: DatasetCounts(_read(summary), _written(summary))
            for name, summary in run.entities.items()
            if (found := _DATASET.search(name)) and not name.startswith("segment:")
        },
        errors=tuple(inert(f"{code} {message}".strip())[:LONGEST_ERROR] for code, message in run.errors),
    )


def _state(run: Run, *, ended: bool) -> RunState:
    """By Adobe's word; an unknown one is not finished until the run has an end (monitoring page)."""
    known = _WORDS.get(run.status.lower().replace("_", "").replace(" ", ""))
    if known is RunState.SUCCEEDED and run.summary.records_failed:
        return RunState.PARTIAL  # whatever the word is, some records are in no export
    if known is not None:
        return known
    if not ended:
        return RunState.IN_PROGRESS
    if run.stopped_ms and not run.completed_ms:
        return RunState.FAILED
    return RunState.PARTIAL if run.errors or run.summary.records_failed else RunState.SUCCEEDED


def _read(summary: Summary) -> Counts:
    return Counts(summary.records_in, summary.files_in, summary.bytes_in)


def _written(summary: Summary) -> Counts:
    return Counts(summary.records_out, summary.files_out, summary.bytes_out)
