"""Each kind of fault is found as what it is, and as nothing else; each code is caused by a kind."""

import pytest

from auditor.checks import CATALOGUE
from auditor.worlds import describe_expected
from tests.faults import changes, refusals
from tests.faults.measure import audit, judge
from tests.faults.scenes import first_scene
from tests.faults.zoo import KINDS
from tests.service.auditing import verifier

__all__ = ["verifier"]

OF_THE_SERVICE = {"notices-undelivered"}
"""What no audit finds: its faults and near misses are in tests/alerts/test_sending.py."""

OF_COVERAGE_AND_ENDS = {"dataset-unprotected", "flow-ending", "credential-expiring", "export-expiring"}
"""Each has its faults and near misses in tests/reconcile/test_unprotected.py and test_endings.py."""


OF_THE_PLATFORM = {
    *("run-failed", "run-stuck", "run-without-export", "export-without-run"),
    *("record-count-mismatch", "file-count-mismatch", "byte-count-mismatch"),
    *("flow-disabled", "protection-weakened", "flow-unmatched", "flow-differs", "flow-service-unreachable"),
}
"""Told by Experience Platform: faults and near misses in tests/service/test_platform_runs.py and …_flows.py."""


def test_the_zoo_has_more_than_sixty_kinds_and_every_name_is_told_once():
    names = [kind.name for kind in KINDS]
    assert len(set(names)) == len(names) > 60


def test_every_code_of_the_catalogue_has_a_fault_that_causes_it():
    caused = (
        {code for kind in KINDS for code, _ in kind.causes} | set(refusals.CODES) | changes.CODES | {"protection-stale"}
    )
    of_other_tests = {"waiver-expired", "waiver-unused", *OF_COVERAGE_AND_ENDS, *OF_THE_PLATFORM, *OF_THE_SERVICE}
    assert caused - of_other_tests == set(CATALOGUE) - of_other_tests


@pytest.mark.parametrize("kind", KINDS, ids=[kind.name for kind in KINDS])
def test_a_fault_is_found_and_nothing_else(kind, tmp_path, verifier, tally):
    _, world, run = first_scene(kind)
    assert kind.causes == () or {item["code"] for item in describe_expected(world)}
    found, told = judge(world, audit(world, tmp_path, verifier))
    tally.add(found)
    assert not told, f"{kind.name} at {run}:\n{told}"


def test_a_dataset_that_stopped_is_stale_and_one_that_just_began_to_fail_is_not(tmp_path, verifier):
    (kind,) = [kind for kind in KINDS if kind.name == "a dataset that stopped"]
    _, world, _ = first_scene(kind)
    assert "protection-stale" in {item["code"] for item in describe_expected(world)}
