"""The truth table, cell by cell: six states of the run, five of storage, three of the counts."""

from pathlib import Path

import pytest

from auditor.model import RunState
from auditor.reconcile.crosscheck import Agreement, ArrivalRule, ContentRule, Storage, decide, list_cells
from auditor.reconcile.crosscheck_page import render_page

SEEN, NOT_NEEDED, OPEN, UNKNOWN = ArrivalRule.AS_SEEN, ArrivalRule.NOT_NEEDED, ArrivalRule.OPEN, ArrivalRule.UNKNOWN
AS_SEEN, INCOMPLETE, UNVERIFIABLE = ContentRule.AS_SEEN, ContentRule.INCOMPLETE, ContentRule.UNVERIFIABLE
WHOLE, HALF, BROKEN, NOTHING, UNSEEN = (
    Storage.WHOLE,
    Storage.INCOMPLETE,
    Storage.DAMAGED,
    Storage.NONE,
    Storage.UNSEEN,
)
SUCCEEDED, FAILED, PARTIAL = RunState.SUCCEEDED, RunState.FAILED, RunState.PARTIAL
IN_PROGRESS, NO_RUN, NOT_READ = RunState.IN_PROGRESS, RunState.NONE, RunState.UNKNOWN

GOOD = (SEEN, AS_SEEN, "")
BLIND = (UNKNOWN, UNVERIFIABLE, "")
TABLE = {
    # (run, storage): counts equal, different, not given
    (SUCCEEDED, WHOLE): (GOOD, (SEEN, AS_SEEN, "count-mismatch"), GOOD),
    (SUCCEEDED, HALF): (GOOD, GOOD, GOOD),
    (SUCCEEDED, BROKEN): (GOOD, GOOD, GOOD),
    (SUCCEEDED, NOTHING): (
        (NOT_NEEDED, AS_SEEN, ""),
        (SEEN, AS_SEEN, "run-without-export"),
        (UNKNOWN, AS_SEEN, ""),
    ),
    (SUCCEEDED, UNSEEN): (BLIND, BLIND, BLIND),
    (FAILED, WHOLE): (
        (SEEN, AS_SEEN, "run-failed"),
        (SEEN, INCOMPLETE, "run-failed count-mismatch"),
        (SEEN, UNVERIFIABLE, "run-failed"),
    ),
    (FAILED, HALF): ((SEEN, AS_SEEN, "run-failed"),) * 3,
    (FAILED, BROKEN): ((SEEN, AS_SEEN, "run-failed"),) * 3,
    (FAILED, NOTHING): ((SEEN, AS_SEEN, "run-failed"),) * 3,
    (FAILED, UNSEEN): ((UNKNOWN, UNVERIFIABLE, "run-failed"),) * 3,
    (PARTIAL, WHOLE): (
        (SEEN, AS_SEEN, "run-failed"),
        (SEEN, INCOMPLETE, "run-failed count-mismatch"),
        (SEEN, UNVERIFIABLE, "run-failed"),
    ),
    (PARTIAL, HALF): ((SEEN, AS_SEEN, "run-failed"),) * 3,
    (PARTIAL, BROKEN): ((SEEN, AS_SEEN, "run-failed"),) * 3,
    (PARTIAL, NOTHING): (
        (SEEN, AS_SEEN, "run-failed"),
        (SEEN, AS_SEEN, "run-failed run-without-export"),
        (SEEN, AS_SEEN, "run-failed"),
    ),
    (PARTIAL, UNSEEN): ((UNKNOWN, UNVERIFIABLE, "run-failed"),) * 3,
    (IN_PROGRESS, WHOLE): ((OPEN, AS_SEEN, "run-stuck"),) * 3,
    (IN_PROGRESS, HALF): ((OPEN, AS_SEEN, "run-stuck"),) * 3,
    (IN_PROGRESS, BROKEN): ((OPEN, AS_SEEN, "run-stuck"),) * 3,
    (IN_PROGRESS, NOTHING): ((SEEN, AS_SEEN, "export-missing run-stuck"),) * 3,
    (IN_PROGRESS, UNSEEN): ((UNKNOWN, UNVERIFIABLE, "run-stuck"),) * 3,
    (NO_RUN, WHOLE): ((SEEN, AS_SEEN, "export-without-run"),) * 3,
    (NO_RUN, HALF): ((SEEN, AS_SEEN, "export-without-run"),) * 3,
    (NO_RUN, BROKEN): ((SEEN, AS_SEEN, "export-without-run"),) * 3,
    (NO_RUN, NOTHING): ((SEEN, AS_SEEN, "export-missing"),) * 3,
    (NO_RUN, UNSEEN): (BLIND, BLIND, BLIND),
    (NOT_READ, WHOLE): (GOOD, GOOD, GOOD),
    (NOT_READ, HALF): (GOOD, GOOD, GOOD),
    (NOT_READ, BROKEN): (GOOD, GOOD, GOOD),
    (NOT_READ, NOTHING): ((UNKNOWN, AS_SEEN, ""),) * 3,
    (NOT_READ, UNSEEN): (BLIND, BLIND, BLIND),
}
CELLS = [
    (state, storage, counts, *cell)
    for (state, storage), row in TABLE.items()
    for counts, cell in zip(Agreement, row, strict=True)
]


@pytest.mark.parametrize("state, storage, counts, arrival, content, codes", CELLS)
def test_cell(state, storage, counts, arrival, content, codes):
    cell = decide(state, storage, counts)
    assert (cell.arrival, cell.content, " ".join(cell.codes)) == (arrival, content, codes)
    assert cell.why.endswith(".")


def test_all_ninety_cells_are_decided_and_listed():
    assert len(CELLS) == 90
    assert {(s, st, c) for s, st, c, _ in list_cells()} == {(s, st, c) for s, st, c, *_ in CELLS}


def test_the_page_is_the_one_of_the_table():
    page = (Path(__file__).parents[2] / "docs" / "cross-check.md").read_text(encoding="utf-8")
    assert page == render_page(), "run: python -m auditor.reconcile.crosscheck_page > docs/cross-check.md"
    assert len([line for line in page.splitlines() if line.count("|") == 8 and "---" not in line]) == 1 + 90
