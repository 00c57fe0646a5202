"""Every finding has a nature: a new code cannot be forgotten."""

from auditor.checks import CATALOGUE
from auditor.incidents.natures import ACCESS, COULD_BE_A_BLIP, NATURES, ONLY_BY_ACCEPTING


def test_the_natures_are_those_of_the_catalogue() -> None:
    assert set(CATALOGUE) - set(NATURES) == set()
    assert set(NATURES) - set(CATALOGUE) <= {"notices-undelivered"}


def test_what_says_that_a_place_could_not_be_looked_at_is_the_access_family() -> None:
    assert {code for code, entry in CATALOGUE.items() if entry.family == "access"} == ACCESS


def test_nothing_that_is_missing_or_damaged_waits_to_be_seen_again() -> None:
    assert {"file-unverifiable", "run-stuck"} == COULD_BE_A_BLIP - ACCESS
    assert set(CATALOGUE) >= ONLY_BY_ACCEPTING
