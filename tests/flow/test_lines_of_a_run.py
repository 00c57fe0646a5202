"""Which numbers of a run record are those of one dataset."""

from datetime import UTC, datetime

import pytest

from auditor.flow.claims import sum_up
from auditor.flow_model import DatasetCounts, RunRecord
from auditor.model import Counts, RunState

NOW = datetime(2026, 10, 1, tzinfo=UTC)
A, B = "5ef3e324052581191aa6a466", "6504a2f1abf9b128d3f90e5d"
WHOLE = Counts(records=30, files=3, bytes=900)
LINE = DatasetCounts(Counts(records=20), Counts(records=20))
NONE = Counts()
CASES = [
    # told, lines of the record, datasets of the flow, what is claimed of A as written
    ("no line, one dataset", {}, {A}, WHOLE),
    ("no line, two datasets", {}, {A, B}, NONE),
    ("its line alone is completed by the whole run", {A: LINE}, {A}, Counts(records=20, files=3, bytes=900)),
    ("its line alone where the flow has others is not", {A: LINE}, {A, B}, Counts(records=20)),
    ("its line beside one of no dataset of the flow is not completed", {A: LINE, B: LINE}, {A}, Counts(records=20)),
    ("lines of others alone may be what the whole is made of", {B: LINE}, {A}, NONE),
    ("beside another line nothing is added", {A: LINE, B: LINE}, {A, B}, Counts(records=20)),
]


@pytest.mark.parametrize("told, lines, flow, written", CASES, ids=[case[0] for case in CASES])
def test_numbers_of_one_dataset(told, lines, flow, written):
    record = RunRecord("r", "f", RunState.SUCCEEDED, "success", NOW, NOW, NOW, WHOLE, WHOLE, lines)
    claim = sum_up([record], A, frozenset(flow))
    assert claim.written == written
    assert claim.read == written
