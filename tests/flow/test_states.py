"""How a run ended, by its word and by what it counts."""

import pytest

from adapters.experience_platform.types import Run, Summary
from auditor.flow.records import read_run

BEGAN, ENDED = 1_790_000_000_000, 1_790_000_600_000


@pytest.mark.parametrize(
    "word, failed, state",
    [
        ("success", None, "succeeded"),
        ("success", 0, "succeeded"),
        ("success", 3, "partial"),  # some records are in no export, whatever the word is
        ("completed", 3, "partial"),
        ("", 3, "partial"),
        ("", None, "succeeded"),
        ("partialSuccess", 0, "partial"),
        ("failed", 3, "failed"),
    ],
)
def test_records_that_failed_make_no_good_run(word, failed, state):
    run = Run("r", "f", BEGAN, BEGAN, BEGAN, ENDED, None, word, Summary(records_failed=failed))
    assert str(read_run(run).state) == state
